import { createHash, randomBytes } from 'node:crypto';
import type { Database, Row } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import { hashSecret } from './secrets.js';

/** What a code is good for, and what must be proved with it. */
export interface Code {
  readonly grant: string;
  readonly redirectUri: string;
  /** SHA-256 of the verifier (RFC 7636). */
  readonly challenge: string;
  readonly nonce: string | undefined;
  /** When the user logged in, in seconds. */
  readonly authTime: number;
}

const LIFE_MILLISECONDS = 60_000;
const KEPT_MILLISECONDS = 24 * 3_600_000;

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('auth_code').insert({
    hash: $('hash'),
    grant_id: $('grant'),
    redirect_uri: $('redirectUri'),
    challenge: $('challenge'),
    nonce: $('nonce'),
    auth_time: $('authTime'),
    expires_at: $('expiresAt'),
    kept_until: $('keptUntil'),
  }),
);

/** A new code, as part of the plan that makes its grant. It is in the answer to the app and nowhere else. */
export async function planCode(
  db: Database,
  code: Code,
  now: number,
): Promise<{ readonly code: string; readonly statement: PlannedStatement }> {
  const text = randomBytes(32).toString('base64url');
  const times = { expiresAt: now + LIFE_MILLISECONDS, keptUntil: now + KEPT_MILLISECONDS };
  const row = { ...code, ...times, hash: hashSecret(text), nonce: code.nonce ?? null };
  return { code: text, statement: await insert.plan(db, row, 1) };
}

export type FoundCode = Code & { readonly client: string; readonly used: boolean; readonly expired: boolean };

const byHash = statement<{ hash: string }>((knex, $) =>
  knex('auth_code as c')
    .join('auth_grant as g', 'g.id', 'c.grant_id')
    .where('c.hash', $('hash'))
    .select('c.*', 'g.credential_id'),
);

/** A code whatever has become of it: that it was used before says more than that it is over. */
export async function findCode(db: Database, code: string, now: number): Promise<FoundCode | undefined> {
  const row = await byHash.first(db, { hash: hashSecret(code) });
  return row && codeOf(row, now);
}

const codeOf = (row: Row, now: number): FoundCode => ({
  grant: row['grant_id'] as string,
  client: row['credential_id'] as string,
  redirectUri: row['redirect_uri'] as string,
  challenge: row['challenge'] as string,
  nonce: (row['nonce'] as string | null) ?? undefined,
  authTime: Number(row['auth_time']),
  used: row['used_at'] !== null,
  expired: Number(row['expires_at']) <= now,
});

const use = statement<{ hash: string; now: number }>((knex, $) =>
  knex('auth_code')
    .where('hash', $('hash'))
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

/** Spends a code; false for whoever comes second. */
export const useCode = async (db: Database, code: string, now: number): Promise<boolean> =>
  committed(db, [await use.plan(db, { hash: hashSecret(code), now }, 1)]);

/** https://www.rfc-editor.org/rfc/rfc7636#section-4.6 */
export const verifies = (verifier: string | undefined, challenge: string): boolean =>
  verifier !== undefined &&
  /^[\w.~-]{43,128}$/.test(verifier) &&
  createHash('sha256').update(verifier).digest('base64url') === challenge;
