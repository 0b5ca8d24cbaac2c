import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { allowedUrl, OutboundError, type OutboundOptions } from '../outbound/safe-fetch.js';
import { OutcomeError } from '../outcome.js';
import type { Database, Row } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import { deriveKey, seal, unseal } from '../store/seal.js';
import { eventNames, isEventName, type EventName } from './events.js';

/** Where an organization is told of what. */
export interface Webhook {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly events: readonly EventName[];
  readonly scheme: Scheme;
  /** Of Ed25519, for the receiver: SPKI in base64. */
  readonly publicKey: string | undefined;
  /** Milliseconds since 1970 UTC. */
  readonly createdAt: number;
  readonly previousExpiresAt: number | undefined;
  readonly sealed: string;
  readonly previousSealed: string | undefined;
}

export type Scheme = 'hmac' | 'ed25519';

export interface NewWebhook {
  readonly tenant: string;
  readonly name: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly scheme: Scheme;
  readonly createdBy?: string;
}

/** Shown once: the secret of a timestamped HMAC. Of Ed25519 the receiver has the public key alone. */
export interface Made {
  readonly id: string;
  readonly secret?: string;
  readonly publicKey?: string;
}

export const webhookKey = (secret: string): Buffer => deriveKey(secret, 'webhooks');

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('webhook').insert({
    organization_id: $('tenant'),
    id: $('id'),
    name: $('name'),
    url: $('url'),
    events: $('events'),
    scheme: $('scheme'),
    secret_sealed: $('sealed'),
    public_key: $('publicKey'),
    created_by: $('createdBy'),
    created_at: $('now'),
  }),
);

/** Errors: 422 `VALIDATION`, for a destination that is not allowed or events that there are not. */
export async function createWebhook(
  db: Database,
  key: Buffer,
  { tenant, name, url, events, scheme, createdBy }: NewWebhook,
  { outbound, now }: { readonly outbound: OutboundOptions; readonly now: number },
): Promise<Made> {
  checkUrl(url, { ...outbound, hosts: await hostsOf(db, tenant) });
  const wanted = eventNames.filter((each) => events.includes(each));
  if (wanted.length === 0 || !events.every(isEventName))
    throw new OutcomeError(422, 'VALIDATION', `The events of a webhook are of ${eventNames.join(', ')}`);
  const id = `wh_${randomBytes(9).toString('base64url').replace(/[-_]/g, 'x')}`;
  const { secret, kept, publicKey } = newSecret(scheme);
  const row = { tenant, id, name, url, events: wanted.join(' '), scheme, sealed: seal(key, kept, `${tenant} ${id}`) };
  const more = { publicKey: publicKey ?? null, createdBy: createdBy ?? null, now };
  await db.commit({ statements: [await insert.plan(db, { ...row, ...more }, 1)] });
  return { id, ...(secret !== undefined && { secret }), ...(publicKey !== undefined && { publicKey }) };
}

function checkUrl(url: string, options: OutboundOptions): void {
  try {
    allowedUrl(url, options);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    throw new OutcomeError(422, 'VALIDATION', `The URL is not allowed: ${error.message}`, { cause: error });
  }
}

/** `kept` is what signs. */
function newSecret(scheme: Scheme): { kept: string; secret?: string; publicKey?: string } {
  if (scheme === 'hmac') {
    const secret = `whsec_${randomBytes(32).toString('base64url')}`;
    return { kept: secret, secret };
  }
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    kept: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
  };
}

const rotated = statement<Record<string, unknown>>((knex, $) =>
  knex('webhook')
    .where({ organization_id: $('tenant'), id: $('id'), secret_sealed: $('before') })
    .update({
      secret_sealed: $('sealed'),
      public_key: $('publicKey'),
      previous_sealed: $('before'),
      previous_expires_at: $('until'),
    }),
);

/** A new secret; the one before signs beside it until then. Undefined where there is no such webhook any more. */
export async function rotateWebhook(
  db: Database,
  key: Buffer,
  { tenant, id, scheme, sealed }: Webhook,
  until: number,
): Promise<Made | undefined> {
  const { secret, kept, publicKey } = newSecret(scheme);
  const row = { tenant, id, before: sealed, until, publicKey: publicKey ?? null };
  const plan = await rotated.plan(db, { ...row, sealed: seal(key, kept, `${tenant} ${id}`) }, 1);
  if (!(await committed(db, [plan]))) return undefined;
  return { id, ...(secret !== undefined && { secret }), ...(publicKey !== undefined && { publicKey }) };
}

const removed = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('webhook')
    .where({ organization_id: $('tenant'), id: $('id') })
    .delete(),
);

export const removeWebhook = async (db: Database, tenant: string, id: string): Promise<boolean> =>
  committed(db, [await removed.plan(db, { tenant, id }, 1)]);

const ofTenant = statement<{ tenant: string }>((knex, $) =>
  knex('webhook').where('organization_id', $('tenant')).orderBy(['created_at', 'id']).select('*'),
);

export const listWebhooks = async (db: Database, tenant: string): Promise<Webhook[]> =>
  (await ofTenant.all(db, { tenant })).map(webhookOf);

const one = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('webhook')
    .where({ organization_id: $('tenant'), id: $('id') })
    .select('*'),
);

export async function readWebhook(db: Database, tenant: string, id: string): Promise<Webhook | undefined> {
  const row = await one.first(db, { tenant, id });
  return row && webhookOf(row);
}

function webhookOf(row: Row): Webhook {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const until = row['previous_expires_at'];
  return {
    tenant: row['organization_id'] as string,
    id: row['id'] as string,
    name: row['name'] as string,
    url: row['url'] as string,
    events: (row['events'] as string).split(' ') as EventName[],
    scheme: row['scheme'] as Scheme,
    publicKey: text('public_key'),
    createdAt: Number(row['created_at']),
    previousExpiresAt: until === null ? undefined : Number(until),
    sealed: row['secret_sealed'] as string,
    previousSealed: text('previous_sealed'),
  };
}

/** What signs now: the newest first. */
export function secretsOf(
  { tenant, id, sealed, previousSealed, previousExpiresAt = 0 }: Webhook,
  key: Buffer,
  now: number,
): string[] {
  const live = [sealed, ...(previousSealed !== undefined && previousExpiresAt > now ? [previousSealed] : [])];
  return live.map((each) => {
    const secret = unseal(key, each, `${tenant} ${id}`);
    if (secret === undefined) throw new Error('the secret of a webhook does not open with PORTICO_SECRET');
    return secret;
  });
}

const org = statement<{ tenant: string }>((knex, $) =>
  knex('org').where('id', $('tenant')).select('active', 'outbound_hosts'),
);

/** The hosts to which an organization may send; undefined for any that is public. */
export async function hostsOf(db: Database, tenant: string): Promise<string[] | undefined> {
  const hosts = (await org.first(db, { tenant }))?.['outbound_hosts'];
  return typeof hosts === 'string' ? hosts.split(' ') : undefined;
}

export const isActive = async (db: Database, tenant: string): Promise<boolean> =>
  Boolean((await org.first(db, { tenant }))?.['active']);

const allow = statement<{ tenant: string; hosts: string | null }>((knex, $) =>
  knex('org')
    .where('id', $('tenant'))
    .update({ outbound_hosts: $('hosts') }),
);

/** Where it may send from now on; what is underway to another host is refused too. */
export const allowHosts = async (db: Database, tenant: string, hosts: readonly string[] | undefined): Promise<void> =>
  db.commit({ statements: [await allow.plan(db, { tenant, hosts: hosts?.join(' ') ?? null }, 1)] });
