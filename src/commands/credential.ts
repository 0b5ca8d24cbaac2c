import { Option, type Command } from 'commander';
import { Scopes } from '../access/scopes.js';
import { asSystem } from '../access/narrow.js';
import {
  createCredential,
  listCredentials,
  revokeCredential,
  type Credential,
  type CredentialKind,
} from '../auth/store.js';
import type { Portico } from '../main.js';
import { CommandError, run, withJson, withPortico } from './command.js';
import { chooseOrg } from './org.js';

interface CreateOptions {
  readonly org?: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly patient?: string;
  readonly scope?: string;
  readonly expires?: string;
}

/** What a credential may ask for when its maker names nothing. */
const defaultCeiling: Readonly<Record<CredentialKind, string>> = {
  portal: 'patient/*.rs',
  org: 'apiv2',
  client: 'system/*.rs',
  backend: 'system/*.rs',
  app: 'patient/*.rs',
};

export function credentialCommand(program: Command): void {
  const credential = program.command('credential').description('keys and secrets for apps and services');
  const create = withJson(credential.command('create'))
    .description('make a credential; its secret is shown once')
    .addOption(
      new Option('--kind <kind>', 'portal: one patient, for an app of theirs; client: a service of the organization')
        .choices(['portal', 'client'])
        .makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'what it is for')
    .option('--org <id>', 'the organization; not needed when there is only one')
    .option('--patient <id>', 'the patient whose data a portal credential opens')
    .option('--scope <scopes>', 'the SMART scopes that it may ask for, space-separated')
    .option('--expires <date>', 'when it ends, as a date or instant')
    .action((options: CreateOptions) => run(create, () => withPortico((portico) => createOne(portico, options))));
  const list = withJson(credential.command('list'))
    .description('list credentials; secrets are not kept and cannot be shown')
    .option('--org <id>', 'the organization')
    .action((options: { org?: string }) =>
      run(list, () =>
        withPortico(async ({ own }) => {
          const all = await listCredentials(own, await chooseOrg(own, options.org));
          const json = all.map(({ secretHash: _hash, ...rest }) => rest);
          return { json, lines: all.length === 0 ? ['There are no credentials.'] : all.map(line) };
        }),
      ),
    );
  const revoke = withJson(credential.command('revoke'))
    .description('delete a credential: its tokens open nothing any more, from the next request on')
    .argument('<id>', 'the public id')
    .option('--org <id>', 'the organization')
    .action((id: string, options: { org?: string }) =>
      run(revoke, () =>
        withPortico(async ({ own, now }) => {
          const done = await revokeCredential(own, await chooseOrg(own, options.org), id, now());
          if (!done) throw new CommandError(`There is no live credential ${id} in this organization`);
          return {
            json: { id, revoked: true },
            lines: [`Credential ${id} is deleted; tokens already issued are dead.`],
          };
        }),
      ),
    );
}

async function createOne(portico: Portico, { kind, name, patient, ...options }: CreateOptions) {
  const { own, rows, registry, now, config, base } = portico;
  const tenant = await chooseOrg(own, options.org);
  const scopeCeiling = options.scope ?? defaultCeiling[kind];
  if (name.trim() === '') throw new CommandError('--name must not be blank', 2);
  if (!new Scopes(registry, base).readCeiling(scopeCeiling)?.length)
    throw new CommandError(`--scope: ${scopeCeiling} is not a list of scopes`, 2);
  if (kind === 'portal' && patient === undefined)
    throw new CommandError('--patient is needed for a portal credential', 2);
  const patients = registry.get('Patient');
  if (patient !== undefined && patients && !(await rows.read(patients, patient, asSystem(tenant, 'import'))))
    throw new CommandError(`There is no Patient/${patient} in ${tenant}`, 2);
  const expiresAt = options.expires === undefined ? undefined : Date.parse(options.expires);
  if (Number.isNaN(expiresAt)) throw new CommandError('--expires is not a date', 2);
  if (expiresAt !== undefined && expiresAt <= now()) throw new CommandError('--expires is over already', 2);
  const made = await createCredential(
    own,
    {
      ...{ tenant, kind, name, scopeCeiling },
      ...(patient !== undefined && { patient }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
    now(),
  );
  const tokenUrl = `${config.baseUrl}/oauth/token`;
  const lines = [
    `Credential "${name}" is made. The secret is shown this once:`,
    `  client id      ${made.id}`,
    `  client secret  ${made.secret}`,
    `  scopes         ${scopeCeiling}`,
    `Get a token with: curl -u '${made.id}:${made.secret}' -d grant_type=client_credentials ${tokenUrl}`,
  ];
  return { json: { ...made, kind, tenant, scope: scopeCeiling, patient, tokenUrl, fhirUrl: base }, lines };
}

function line({ id, kind, name, scopeCeiling, patient, disabledAt, lastUsedAt }: Credential): string {
  const state = disabledAt === undefined ? '' : '  deleted';
  const used = lastUsedAt === undefined ? 'never used' : `used ${new Date(lastUsedAt).toISOString()}`;
  return `${id}  ${kind}${patient === undefined ? '' : ` Patient/${patient}`}  "${name}"  ${scopeCeiling}  ${used}${state}`;
}
