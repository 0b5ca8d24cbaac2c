import { randomBytes } from 'node:crypto';
import { hashSecret } from '../auth/secrets.js';
import { accountById, type Account } from '../auth/accounts.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';

const IDLE_MILLISECONDS = 15 * 60_000;
const LONGEST_MILLISECONDS = 8 * 3_600_000;
/** A write for every page would cost more than the page. */
const SEEN_MILLISECONDS = 30_000;

/**
 * The prefix makes browsers refuse it from anybody but this host over a secure channel; they count http://localhost as
 * one. It holds 256 random bits and means nothing by itself: the database has its hash.
 */
const COOKIE = '__Host-portico';
const shape = /(?:^|;\s*)__Host-portico=([\w-]{43})(?:;|$)/;

export const newToken = (): string => randomBytes(32).toString('base64url');

export const tokenIn = (cookies: string | undefined): string | undefined => shape.exec(cookies ?? '')?.[1];

export const cookieOf = (token: string): string => `${COOKIE}=${token}; Path=/; HttpOnly; Secure; SameSite=Lax`;

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('portal_session').insert({
    hash: $('hash'),
    user_id: $('user'),
    epoch: $('epoch'),
    mfa_at: $('mfaAt'),
    created_at: $('now'),
    seen_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

const byHash = statement<{ hash: string }>((knex, $) => knex('portal_session').where('hash', $('hash')).select('*'));

const see = statement<{ hash: string; now: number }>((knex, $) =>
  knex('portal_session')
    .where('hash', $('hash'))
    .update({ seen_at: $('now') }),
);

const prove = statement<{ hash: string; now: number }>((knex, $) =>
  knex('portal_session')
    .where('hash', $('hash'))
    .update({ mfa_at: $('now') }),
);

const remove = statement<{ hash: string }>((knex, $) => knex('portal_session').where('hash', $('hash')).delete());

/** Begins a session under a new id, whatever the browser had before. What its cookie shall hold. */
export async function beginPortalSession(
  db: Database,
  { id: user, epoch }: Account,
  mfa: boolean,
  now: number,
): Promise<string> {
  const token = newToken();
  const row = { hash: hashSecret(token), user, epoch, mfaAt: mfa ? now : null, now };
  await db.commit({ statements: [await insert.plan(db, { ...row, expiresAt: now + LONGEST_MILLISECONDS }, 1)] });
  return token;
}

/** Who is logged in, and since when: milliseconds since 1970 UTC. */
export interface LoggedIn {
  readonly account: Account;
  readonly since: number;
  readonly endsAt: number;
  /** When the second factor was last proved in this session; undefined for never. */
  readonly provedAt: number | undefined;
}

/** Who is logged in: asked of the database for every page, so that whoever was disabled sees no other. */
export async function portalUser(db: Database, token: string, now: number): Promise<LoggedIn | undefined> {
  const hash = hashSecret(token);
  const row = await byHash.first(db, { hash });
  if (!row || Number(row['expires_at']) <= now || Number(row['seen_at']) + IDLE_MILLISECONDS <= now) return undefined;
  const account = await accountById(db, row['user_id'] as string);
  if (!account || account.epoch !== row['epoch']) return undefined;
  if (now - Number(row['seen_at']) >= SEEN_MILLISECONDS)
    await db.commit({ statements: [await see.plan(db, { hash, now })] });
  const provedAt = row['mfa_at'] === null ? undefined : Number(row['mfa_at']);
  return { account, since: Number(row['created_at']), endsAt: Number(row['expires_at']), provedAt };
}

/** The second factor was proved once more. */
export async function provePortalSession(db: Database, token: string, now: number): Promise<void> {
  await db.commit({ statements: [await prove.plan(db, { hash: hashSecret(token), now })] });
}

const endOnline = statement<{ hash: string; now: number }>((knex, $) =>
  knex('auth_grant')
    .where('portal_session', $('hash'))
    .whereNull('revoked_at')
    .update({ revoked_at: $('now') }),
);

/** Ends a session, and what apps were allowed for as long as it lasts. */
export async function endPortalSession(db: Database, token: string, now: number): Promise<void> {
  const hash = hashSecret(token);
  await db.commit({ statements: [await remove.plan(db, { hash }), await endOnline.plan(db, { hash, now })] });
}
