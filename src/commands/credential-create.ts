import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { Scopes } from '../access/scopes.js';
import { asSystem } from '../access/narrow.js';
import { readJwks } from '../auth/jwks.js';
import { makeId } from '../auth/secrets.js';
import {
  createCredential,
  credentialKinds,
  registerCredential,
  type ClientKeySource,
  type CredentialKind,
  type NewCredential,
} from '../auth/store.js';
import type { Portico } from '../main.js';
import { allowedUrl, OutboundError } from '../outbound/safe-fetch.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { chooseOrg } from './org.js';
import { changedCredential, recorded } from './recorded.js';

export interface KeyOptions {
  readonly jwks?: string;
  readonly jwksUrl?: string;
}

interface CreateOptions extends KeyOptions {
  readonly org?: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly patient?: string;
  readonly scope?: string;
  readonly expires?: string;
  readonly introspect?: boolean;
}

/** What a credential may ask for when its maker names nothing. */
const defaultCeiling: Readonly<Record<CredentialKind, string>> = {
  portal: 'patient/*.rs',
  org: 'apiv2',
  client: 'system/*.rs',
  backend: 'system/*.rs',
  app: 'patient/*.rs',
};

const kinds = [
  'portal: one patient, for an app of theirs',
  'org: a token of the organization',
  'client: a service with id and secret',
  'backend: a service that signs (SMART Backend Services)',
  'app: an app with users',
].join('; ');

export function createCommand(credential: Command): void {
  const create = withJson(credential.command('create'))
    .description('make a credential; its secret is shown once')
    .addOption(new Option('--kind <kind>', kinds).choices([...credentialKinds]).makeOptionMandatory())
    .requiredOption('--name <name>', 'what it is for')
    .option('--org <id>', 'the organization; not needed when there is only one')
    .option('--patient <id>', 'the patient whose data a portal credential opens')
    .option('--scope <scopes>', 'the scopes that it may ask for, space-separated')
    .option('--expires <date>', 'when it ends, as a date or instant')
    .option('--jwks <file>', 'the public keys of a backend service, as a JWK Set')
    .option('--jwks-url <url>', 'where the public keys of a backend service are')
    .option('--introspect', 'it may introspect the tokens of its organization')
    .action((options: CreateOptions) => run(create, () => withPortico((portico) => createOne(portico, options))));
}

async function createOne(portico: Portico, options: CreateOptions): Promise<Said> {
  const { now, config, base } = portico;
  const credential = await checked(portico, options);
  const { kind, tenant, name, scopeCeiling: scope, patient } = credential;
  const tokenUrl = `${config.baseUrl}/oauth/token`;
  const own = recorded(portico, 'credential-create', changedCredential(credential));
  const shared = { kind, tenant, name, scope, patient, tokenUrl, fhirUrl: base };
  if (kind === 'backend') {
    const keys = keySource(options, config.allowLoopback);
    const id = await registerCredential(own, credential, keys, now());
    const lines = [`Credential "${name}" is made.`, `  client id  ${id}`, `  scopes     ${scope}`];
    return { json: { id, ...shared }, lines: [...lines, `It signs its assertions for ${tokenUrl}`] };
  }
  const made = await createCredential(own, credential, now());
  const lines = [
    `Credential "${name}" is made. The secret is shown this once:`,
    `  client id      ${made.id}`,
    `  client secret  ${made.secret}`,
    `  scopes         ${scope}`,
    ...(kind === 'app'
      ? []
      : [`Get a token with: curl -u '${made.id}:${made.secret}' -d grant_type=client_credentials ${tokenUrl}`]),
  ];
  return { json: { ...made, ...shared }, lines };
}

async function checked(
  { own, rows, registry, base, now }: Portico,
  options: CreateOptions,
): Promise<NewCredential & { readonly id: string }> {
  const { kind, patient, introspect: canIntrospect = false } = options;
  const tenant = await chooseOrg(own, options.org);
  const name = options.name.trim();
  const scopeCeiling = options.scope ?? defaultCeiling[kind];
  if (name === '') throw new CommandError('--name must not be blank', 2);
  if (!new Scopes(registry, base).readCeiling(scopeCeiling)?.length)
    throw new CommandError(`--scope: ${scopeCeiling} is not a list of scopes`, 2);
  if ((kind === 'portal') !== (patient !== undefined))
    throw new CommandError('--patient is for a portal credential, which needs it', 2);
  if (kind !== 'backend' && (options.jwks ?? options.jwksUrl) !== undefined)
    throw new CommandError('--jwks and --jwks-url are for a backend credential', 2);
  const patients = registry.get('Patient');
  if (patient !== undefined && patients && !(await rows.read(patients, patient, asSystem(tenant, 'import'))))
    throw new CommandError(`There is no Patient/${patient} in ${tenant}`, 2);
  const expiresAt = options.expires === undefined ? undefined : Date.parse(options.expires);
  if (Number.isNaN(expiresAt)) throw new CommandError('--expires is not a date', 2);
  if (expiresAt !== undefined && expiresAt <= now()) throw new CommandError('--expires is over already', 2);
  return {
    ...{ id: makeId(), tenant, kind, name, scopeCeiling, canIntrospect },
    ...(patient !== undefined && { patient }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** The keys of a backend service: what is wrong with them is said now, and not when its first token is refused. */
export function keySource({ jwks: file, jwksUrl }: KeyOptions, allowLoopback: boolean): ClientKeySource {
  if ((file === undefined) === (jwksUrl === undefined))
    throw new CommandError('A backend credential needs either --jwks or --jwks-url', 2);
  if (jwksUrl !== undefined) return { jwksUrl: checkedUrl(jwksUrl, allowLoopback) };
  const text = readText(file as string);
  const { faults } = readJwks(text);
  if (faults.length > 0) throw new CommandError(`--jwks cannot be used: ${faults.join('; ')}`, 2);
  return { jwks: text };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new CommandError(`--jwks: ${file} cannot be read`, 2);
  }
}

function checkedUrl(url: string, allowLoopback: boolean): string {
  try {
    allowedUrl(url, { allowLoopback });
    return url;
  } catch (error) {
    if (error instanceof OutboundError) throw new CommandError(`--jwks-url cannot be used: ${error.message}`, 2);
    throw error;
  }
}
