import { InvalidArgumentError, type Command } from 'commander';
import { activityOf, type Activity } from '../audit/activity.js';
import { rotateKeySource, rotateSecret } from '../auth/rotate-credential.js';
import { prefixes } from '../auth/secrets.js';
import { listCredentials, revokeCredential, type Credential } from '../auth/store.js';
import type { Portico } from '../open.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { createCommand, keySource, type KeyOptions } from './credential-create.js';
import { chooseOrg } from './org.js';
import { changedCredential, recorded } from './recorded.js';

const HOUR = 3_600_000;

interface InOrg {
  readonly org?: string;
}

interface RotateOptions extends InOrg, KeyOptions {
  readonly overlap: number;
}

export function credentialCommand(program: Command): void {
  const credential = program.command('credential').description('keys and secrets for apps and services');
  createCommand(credential);
  const list = withJson(credential.command('list'))
    .description('list credentials; secrets are not kept and cannot be shown')
    .option('--org <id>', 'the organization')
    .action((options: InOrg) => run(list, () => withPortico((portico) => listAll(portico, options))));
  const log = withJson(credential.command('show-log'))
    .description('what a credential was used for, the latest first')
    .argument('<id>', 'the public id')
    .option('--org <id>', 'the organization')
    .action((id: string, options: InOrg) => run(log, () => withPortico((portico) => showLog(portico, id, options))));
  const revoke = withJson(credential.command('revoke'))
    .description('delete a credential: its tokens open nothing any more, from the next request on')
    .argument('<id>', 'the public id')
    .option('--org <id>', 'the organization')
    .action((id: string, options: InOrg) =>
      run(revoke, () => withPortico((portico) => revokeOne(portico, id, options))),
    );
  const rotate = withJson(credential.command('rotate'))
    .description('give a credential a new secret, or a backend service other keys')
    .argument('<id>', 'the public id')
    .option('--org <id>', 'the organization')
    .option('--overlap <hours>', 'how long the old secret still works; 0 also ends its tokens', hours, 24)
    .option('--jwks <file>', 'the public keys of a backend service, as a JWK Set')
    .option('--jwks-url <url>', 'where the public keys of a backend service are')
    .action((id: string, options: RotateOptions) =>
      run(rotate, () => withPortico((portico) => rotateOne(portico, id, options))),
    );
}

function hours(text: string): number {
  const value = Number(text);
  if (!/^\d{1,4}$/.test(text) || value > 2160) throw new InvalidArgumentError('It takes 0 to 2160 hours.');
  return value;
}

async function listAll({ own }: Portico, { org }: InOrg): Promise<Said> {
  const all = await listCredentials(own, await chooseOrg(own, org));
  const json = all.map(({ secretHash: _hash, previous, ...rest }) => ({
    ...{ ...rest, prefix: prefixOf(rest) },
    ...(previous && { previousExpiresAt: previous.expiresAt }),
  }));
  return { json, lines: all.length === 0 ? ['There are no credentials.'] : all.map(line) };
}

const prefixOf = ({ id, kind }: Pick<Credential, 'id' | 'kind'>): string => `${prefixes[kind]}_${id.slice(0, 6)}`;

function line(credential: Credential): string {
  const { id, kind, name, scopeCeiling, patient, disabledAt, lastUsedAt, expiresAt } = credential;
  const state = disabledAt === undefined ? '' : '  deleted';
  const ends = expiresAt === undefined ? '' : `  ends ${new Date(expiresAt).toISOString()}`;
  const used = lastUsedAt === undefined ? 'never used' : `used ${new Date(lastUsedAt).toISOString()}`;
  const whose = patient === undefined ? '' : ` Patient/${patient}`;
  return `${id}  ${prefixOf(credential)}…  ${kind}${whose}  "${name}"  ${scopeCeiling}  ${used}${ends}${state}`;
}

async function showLog({ own }: Portico, id: string, { org }: InOrg): Promise<Said> {
  const tenant = await chooseOrg(own, org);
  if (!(await listCredentials(own, tenant)).some((each) => each.id === id)) throw unknown(id);
  const entries = await activityOf(own, tenant, id);
  const lines = entries.map(entryLine);
  return { json: entries, lines: lines.length === 0 ? ['It has not been used.'] : lines };
}

const entryLine = ({ at, interaction, type, status, requestId }: Activity): string =>
  [new Date(at).toISOString(), interaction, type, String(status), requestId]
    .filter((each) => each !== undefined)
    .join('  ');

async function revokeOne(portico: Portico, id: string, { org }: InOrg): Promise<Said> {
  const { own, now } = portico;
  const tenant = await chooseOrg(own, org);
  const known = (await listCredentials(own, tenant)).find((each) => each.id === id);
  if (!known) throw unknown(id);
  const changing = recorded(portico, 'credential-revoke', changedCredential(known));
  if (!(await revokeCredential(changing, tenant, id, now()))) throw unknown(id);
  return {
    json: { id, revoked: true },
    lines: [`Credential ${id} is deleted; tokens already issued are dead.`],
  };
}

async function rotateOne(portico: Portico, id: string, options: RotateOptions): Promise<Said> {
  const { own, now, config } = portico;
  const which = { tenant: await chooseOrg(own, options.org), id };
  const known = (await listCredentials(own, which.tenant)).find((each) => each.id === id);
  if (!known) throw unknown(id);
  const changing = recorded(portico, 'credential-rotate', changedCredential(known));
  if ((options.jwks ?? options.jwksUrl) !== undefined) {
    const source = keySource(options, config.allowLoopback);
    if (!(await rotateKeySource(changing, which, source, now()))) throw unknown(id, ' with keys');
    return { json: { id, rotated: true }, lines: [`Credential ${id} has other keys.`] };
  }
  const until = now() + options.overlap * HOUR;
  const made = await rotateSecret(changing, which, until, now());
  if (!made) throw unknown(id, ' with a secret');
  const previousUntil = new Date(until).toISOString();
  const old =
    options.overlap === 0 ? 'The old one and its tokens are dead.' : `The old one works until ${previousUntil}.`;
  const lines = [`Credential ${id} has a new secret. It is shown this once:`, `  client secret  ${made.secret}`, old];
  return { json: { ...made, previousUntil }, lines };
}

const unknown = (id: string, what = ''): CommandError =>
  new CommandError(`There is no live credential ${id}${what} in this organization`);
