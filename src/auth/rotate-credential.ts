import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import { makeSecret, prefixes } from './secrets.js';
import { liveCredential, type ClientKeySource, type Made } from './store.js';

interface Which {
  readonly tenant: string;
  readonly id: string;
}

// What is set is read before: the expressions of an update see the old row.
const replaceSecret = statement<Record<string, unknown>>((knex, $) =>
  knex('credential')
    .where({ id: $('id'), org: $('tenant'), epoch: $('epoch') })
    .whereNull('disabled_at')
    .update({
      previous_secret_hash: knex.ref('secret_hash'),
      previous_expires_at: $('until'),
      secret_hash: $('hash'),
      epoch: $('nextEpoch'),
    }),
);

const replaceKeys = statement<Record<string, unknown>>((knex, $) =>
  knex('credential')
    .where({ id: $('id'), org: $('tenant') })
    .whereNull('disabled_at')
    .update({ jwks: $('jwks'), jwks_url: $('jwksUrl'), epoch: knex.raw('epoch + 1') }),
);

/**
 * Gives a credential a new secret; the old one works until `until`, so that the client can change over without a gap.
 * Without an overlap the old one has leaked, and so have its tokens: they die with it. Undefined when there is no such
 * live credential with a secret.
 */
export async function rotateSecret(
  db: Database,
  { tenant, id }: Which,
  until: number,
  now: number,
): Promise<Made | undefined> {
  const credential = await liveCredential(db, id, now);
  if (credential?.tenant !== tenant || credential.secretHash === undefined) return undefined;
  const { epoch, kind } = credential;
  const { secret, hash } = makeSecret(prefixes[kind], id);
  const row = { id, tenant, hash, until, epoch, nextEpoch: until > now ? epoch : epoch + 1 };
  return (await committed(db, [await replaceSecret.plan(db, row, 1)])) ? { id, secret } : undefined;
}

/** Gives a credential other keys; a set may hold old and new ones, so that there is no overlap but what it says. */
export async function rotateKeySource(
  db: Database,
  { tenant, id }: Which,
  source: ClientKeySource,
  now: number,
): Promise<boolean> {
  const credential = await liveCredential(db, id, now);
  if (credential?.tenant !== tenant || credential.secretHash !== undefined) return false;
  return committed(db, [await replaceKeys.plan(db, { id, tenant, jwks: null, jwksUrl: null, ...source }, 1)]);
}
