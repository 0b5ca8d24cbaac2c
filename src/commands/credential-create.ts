import { readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { scopeFault } from '../access/scope-fault.js';
import { Scopes } from '../access/scopes.js';
import { asSystem } from '../access/narrow.js';
import { APP_CEILING } from '../auth/apps.js';
import { setLogo } from '../auth/app-logo.js';
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
import type { Portico } from '../open.js';
import { allowedUrl, OutboundError } from '../outbound/safe-fetch.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { appOf, logoIn, withApp, type AppOptions } from './credential-app.js';
import { chooseOrg } from './org.js';
import { changedCredential, recorded } from './recorded.js';

export interface KeyOptions {
  readonly jwks?: string;
  readonly jwksUrl?: string;
}

interface CreateOptions extends KeyOptions, AppOptions {
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
  app: APP_CEILING,
};

const kinds = [
  'portal: one patient, for an app of theirs',
  'org: a token of the organization',
  'client: a service with id and secret',
  'backend: a service that signs (SMART Backend Services)',
  'app: an app with users (SMART App Launch)',
].join('; ');

export function createCommand(credential: Command): void {
  const create = withApp(withJson(credential.command('create')))
    .description('make a credential; its secret is shown once')
    .addOption(new Option('--kind <kind>', kinds).choices([...credentialKinds]).makeOptionMandatory())
    .requiredOption('--name <name>', 'what it is for')
    .option('--org <id>', 'the organization; not needed when there is only one')
    .option('--patient <id>', 'the patient whose data a portal credential opens')
    .option('--scope <scopes>', 'the scopes that it may ask for, space-separated')
    .option('--expires <date>', 'when it ends, as a date or instant')
    .option('--jwks <file>', 'the public keys of a backend service or app, as a JWK Set')
    .option('--jwks-url <url>', 'where the public keys of a backend service or app are')
    .option('--introspect', 'it may introspect the tokens of its organization')
    .action((options: CreateOptions) => run(create, () => withPortico((portico) => createOne(portico, options))));
}

async function createOne(portico: Portico, options: CreateOptions): Promise<Said> {
  const { now, config, base } = portico;
  const credential = await checked(portico, options);
  const { kind, tenant, name, scopeCeiling: scope, patient, redirectUris, origins, launchUrl } = credential;
  const logo = logoIn(options.logo);
  const tokenUrl = `${config.baseUrl}/oauth/token`;
  const own = recorded(portico, 'credential-create', changedCredential(credential));
  const shared = { kind, tenant, name, scope, patient, tokenUrl, fhirUrl: base, redirectUris, origins, launchUrl };
  const { signs, keys } = proofOf(options, config.allowLoopback);
  const made = signs
    ? { id: await registerCredential(own, credential, keys, now()) }
    : await createCredential(own, credential, now());
  if (logo) await setLogo(portico.own, made.id, logo);
  return { json: { ...made, ...shared }, lines: linesOf(made, credential, tokenUrl) };
}

/** How it will prove itself: by its keys, not at all, or by a secret that is made now. */
function proofOf(options: CreateOptions, allowLoopback: boolean): { signs: boolean; keys?: ClientKeySource } {
  const { kind, jwks, jwksUrl, public: isPublic } = options;
  if (kind === 'backend' || (jwks ?? jwksUrl) !== undefined)
    return { signs: true, keys: keySource(options, allowLoopback) };
  return { signs: isPublic ?? false };
}

function linesOf(
  { id, secret }: { id: string; secret?: string },
  { name, kind, scopeCeiling, redirectUris = [] }: NewCredential,
  tokenUrl: string,
): string[] {
  const lines = [
    `Credential "${name}" is made.${secret === undefined ? '' : ' The secret is shown this once:'}`,
    `  client id      ${id}`,
    ...(secret === undefined ? [] : [`  client secret  ${secret}`]),
    `  scopes         ${scopeCeiling}`,
    ...redirectUris.map((each) => `  redirect URI   ${each}`),
  ];
  if (kind === 'app') return lines;
  if (secret === undefined) return [...lines, `It signs its assertions for ${tokenUrl}`];
  return [...lines, `Get a token with: curl -u '${id}:${secret}' -d grant_type=client_credentials ${tokenUrl}`];
}

async function checked(portico: Portico, options: CreateOptions): Promise<NewCredential & { readonly id: string }> {
  const { own, rows, registry, base, now } = portico;
  const { kind, patient, introspect: canIntrospect = false } = options;
  const tenant = await chooseOrg(own, options.org);
  const name = options.name.trim();
  const scopeCeiling = options.scope ?? defaultCeiling[kind];
  if (name === '') throw new CommandError('--name must not be blank', 2);
  const fault = scopeFault(new Scopes(registry, base), scopeCeiling);
  if (fault !== undefined) throw new CommandError(`--scope: ${fault}`, 2);
  if ((kind === 'portal') !== (patient !== undefined))
    throw new CommandError('--patient is for a portal credential, which needs it', 2);
  if (kind !== 'backend' && kind !== 'app' && (options.jwks ?? options.jwksUrl) !== undefined)
    throw new CommandError('--jwks and --jwks-url are for a backend service or an app', 2);
  const app = appOf(portico, options);
  const patients = registry.get('Patient');
  if (patient !== undefined && patients && !(await rows.read(patients, patient, asSystem(tenant, 'import'))))
    throw new CommandError(`There is no Patient/${patient} in ${tenant}`, 2);
  const expiresAt = options.expires === undefined ? undefined : Date.parse(options.expires);
  if (Number.isNaN(expiresAt)) throw new CommandError('--expires is not a date', 2);
  if (expiresAt !== undefined && expiresAt <= now()) throw new CommandError('--expires is over already', 2);
  return {
    ...{ id: makeId(), tenant, kind, name, scopeCeiling, canIntrospect, ...app },
    ...(patient !== undefined && { patient }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** The keys of a client that signs: what is wrong with them is said now, and not when its first token is refused. */
export function keySource({ jwks: file, jwksUrl }: KeyOptions, allowLoopback: boolean): ClientKeySource {
  if ((file === undefined) === (jwksUrl === undefined))
    throw new CommandError('A client that signs needs either --jwks or --jwks-url', 2);
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
