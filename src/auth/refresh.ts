import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import { hashSecret, makeSecret } from './secrets.js';

/** What a family of refresh tokens belongs to, and dies with: a user's session, or what a user allowed an app. */
export type Family = { readonly session: string } | { readonly grant: string };

/** A refresh token that is known: its family and when that ends, whatever has been used. */
export type KnownRefresh = Family & { readonly expiresAt: number };

/** Its successor ends when it does: rotation does not make a family live longer. */
export type UsedRefresh = KnownRefresh & { readonly successor: string };

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('refresh_token').insert({
    hash: $('hash'),
    session_id: $('session'),
    grant_id: $('grant'),
    created_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

const row = (family: KnownRefresh, hash: string, now: number): Record<string, unknown> => ({
  ...{ session: null, grant: null, ...family },
  ...{ hash, now },
});

/** The first refresh token of a family. It is in this answer and nowhere else. */
export async function issueRefresh(db: Database, family: KnownRefresh, now: number): Promise<string> {
  const { secret, hash } = makeSecret('ptr');
  await db.commit({ statements: [await insert.plan(db, row(family, hash, now), 1)] });
  return secret;
}

const byHash = statement<{ hash: string; now: number }>((knex, $) =>
  knex('refresh_token as r')
    .leftJoin('session as s', 's.id', 'r.session_id')
    .leftJoin('auth_grant as g', 'g.id', 'r.grant_id')
    .where('r.hash', $('hash'))
    .where('r.expires_at', '>', $('now'))
    .whereNull('s.revoked_at')
    .whereNull('g.revoked_at')
    .select('r.session_id', 'r.grant_id', 'r.expires_at'),
);

/**
 * Whose a token is, without using it: who asks, and for what, is checked before a token is spent. Undefined for one that
 * is unknown or has ended. A used one still has an answer, so that its reuse is noticed by `useRefresh`.
 */
export async function readRefresh(db: Database, token: string, now: number): Promise<KnownRefresh | undefined> {
  const found = await byHash.first(db, { hash: hashSecret(token), now });
  if (!found) return undefined;
  const expiresAt = Number(found['expires_at']);
  const session = found['session_id'] as string | null;
  return session === null ? { grant: found['grant_id'] as string, expiresAt } : { session, expiresAt };
}

const use = statement<{ hash: string; now: number }>((knex, $) =>
  knex('refresh_token')
    .where('hash', $('hash'))
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

/**
 * Spends a token and makes its successor, in one transaction. A token is used once: whoever comes second has a copy, and
 * nobody can tell whose is the honest one, so that the whole family is revoked (RFC 9700 section 4.14.2).
 */
export async function useRefresh(
  db: Database,
  token: string,
  now: number,
): Promise<UsedRefresh | 'reused' | 'unknown'> {
  const known = await readRefresh(db, token, now);
  if (!known) return 'unknown';
  const { secret: successor, hash } = makeSecret('ptr');
  const rotation = [
    await use.plan(db, { hash: hashSecret(token), now }, 1),
    await insert.plan(db, row(known, hash, now), 1),
  ];
  if (await committed(db, rotation)) return { ...known, successor };
  await revokeFamily(db, known, now);
  return 'reused';
}

const revokeSession = statement<{ id: string; now: number }>((knex, $) =>
  knex('session')
    .where('id', $('id'))
    .whereNull('revoked_at')
    .update({ revoked_at: $('now') }),
);

const revokeGrant = statement<{ id: string; now: number }>((knex, $) =>
  knex('auth_grant')
    .where('id', $('id'))
    .whereNull('revoked_at')
    .update({ revoked_at: $('now') }),
);

/** Ends a session or a grant: its access tokens and refresh tokens are dead from the next request on. */
export async function revokeFamily(db: Database, family: Family, now: number): Promise<void> {
  const planned =
    'session' in family
      ? await revokeSession.plan(db, { id: family.session, now })
      : await revokeGrant.plan(db, { id: family.grant, now });
  await db.commit({ statements: [planned] });
}
