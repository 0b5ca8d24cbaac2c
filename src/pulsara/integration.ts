import { randomBytes } from 'node:crypto';
import type { Database, Row } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import { deriveKey, seal, unseal } from '../store/seal.js';
import type { Rules } from './rules.js';
import type { Signature, SigningKey } from './signature.js';

/** A Pulsara that sends webhooks to one organization, and is asked for what they are about. */
export interface Integration {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly signature: Signature;
  /** The API's base URL: what comes before `/api/v1`. */
  readonly upstream: string;
  /** The header that the API's token goes into. */
  readonly tokenHeader: string;
  readonly rules: Rules;
  readonly entity: string | undefined;
  /** Whether team messages are written: most organizations do not want them in the legal record. */
  readonly messages: boolean;
  readonly active: boolean;
  readonly createdAt: number;
}

export interface NewIntegration extends Omit<Integration, 'id' | 'active' | 'createdAt' | 'signature'> {
  readonly key: SigningKey;
  readonly token: string;
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('integration').insert({
    id: $('id'),
    org: $('tenant'),
    name: $('name'),
    signature: $('signature'),
    secret_sealed: $('secret'),
    public_key: $('publicKey'),
    upstream: $('upstream'),
    token_header: $('tokenHeader'),
    token_sealed: $('token'),
    rules: $('rules'),
    entity: $('entity'),
    messages: $('messages'),
    active: true,
    created_at: $('now'),
  }),
);

/** Secrets are sealed for the row that they stand in: copied to another one, they open nothing. */
const sealed = (secret: string, id: string, what: 'secret' | 'token', plain: string): string =>
  seal(deriveKey(secret, 'integrations'), plain, `${id} ${what}`);

export async function createIntegration(
  db: Database,
  secret: string,
  { key, token, ...integration }: NewIntegration,
  now: number,
): Promise<string> {
  const id = randomBytes(8).toString('hex');
  const row = {
    ...{ ...integration, id, now },
    signature: key.signature,
    secret: 'secret' in key ? sealed(secret, id, 'secret', key.secret) : null,
    publicKey: 'publicKey' in key ? key.publicKey : null,
    token: sealed(secret, id, 'token', token),
    rules: JSON.stringify(integration.rules),
    entity: integration.entity ?? null,
  };
  await db.commit({ statements: [await insert.plan(db, row, 1)] });
  return id;
}

const one = statement<{ id: string }>((knex, $) => knex('integration').where('id', $('id')).select('*'));

const ofOrg = statement<{ tenant: string }>((knex, $) =>
  knex('integration').where('org', $('tenant')).orderBy('created_at').select('*'),
);

export async function listIntegrations(db: Database, tenant: string): Promise<Integration[]> {
  return (await ofOrg.all(db, { tenant })).map(integrationOf);
}

export async function readIntegration(db: Database, tenant: string, id: string): Promise<Integration | undefined> {
  const row = await one.first(db, { id });
  return row?.['org'] === tenant ? integrationOf(row) : undefined;
}

const switching = statement<{ tenant: string; id: string; active: boolean }>((knex, $) =>
  knex('integration')
    .where({ org: $('tenant'), id: $('id') })
    .update({ active: $('active') }),
);

/** One that is switched off takes nothing; what came before waits. False where there is none. */
export const switchIntegration = async (db: Database, tenant: string, id: string, active: boolean): Promise<boolean> =>
  committed(db, [await switching.plan(db, { tenant, id, active }, 1)]);

const replacing = statement<{ tenant: string; id: string; token: string }>((knex, $) =>
  knex('integration')
    .where({ org: $('tenant'), id: $('id') })
    .update({ token_sealed: $('token') }),
);

/** What a header can carry. */
export const isUpstreamToken = (token: string): boolean => /^[!-~]([ -~]{0,4094}[!-~])?$/.test(token);

/** The next question of the upstream API has the new token, and the old one is nowhere any more. False where there is none. */
export const rotateUpstreamToken = async (
  db: Database,
  secret: string,
  { tenant, id }: Pick<Integration, 'tenant' | 'id'>,
  token: string,
): Promise<boolean> =>
  committed(db, [await replacing.plan(db, { tenant, id, token: sealed(secret, id, 'token', token) }, 1)]);

/** Whoever it is, for what comes from outside; only one that is switched on. */
export async function signer(db: Database, secret: string, id: string): Promise<[Integration, SigningKey] | undefined> {
  const row = await one.first(db, { id });
  if (!row) return undefined;
  const integration = integrationOf(row);
  const { signature } = integration;
  if (!integration.active) return undefined;
  if (signature === 'ed25519') return [integration, { signature, publicKey: row['public_key'] as string }];
  return [integration, { signature, secret: opened(secret, id, 'secret', row['secret_sealed']) }];
}

/** The token for the upstream API. */
export async function upstreamToken(db: Database, secret: string, id: string): Promise<string> {
  const row = await one.first(db, { id });
  return opened(secret, id, 'token', row?.['token_sealed']);
}

function opened(secret: string, id: string, what: 'secret' | 'token', text: unknown): string {
  const plain = typeof text === 'string' ? unseal(deriveKey(secret, 'integrations'), text, `${id} ${what}`) : undefined;
  if (plain === undefined) throw new Error('an integration was sealed with another PORTICO_SECRET');
  return plain;
}

function integrationOf(row: Row): Integration {
  return {
    id: row['id'] as string,
    tenant: row['org'] as string,
    name: row['name'] as string,
    signature: row['signature'] as Signature,
    upstream: row['upstream'] as string,
    tokenHeader: row['token_header'] as string,
    rules: JSON.parse(row['rules'] as string) as Rules,
    entity: (row['entity'] as string | null) ?? undefined,
    messages: Boolean(row['messages']),
    active: Boolean(row['active']),
    createdAt: Number(row['created_at']),
  };
}
