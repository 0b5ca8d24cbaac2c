import { randomBytes } from 'node:crypto';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import type { Launched } from './launch.js';
import { hashSecret } from './secrets.js';

/** What an app asked, as far as it has been checked. */
export interface Asked {
  readonly redirectUri: string;
  readonly state: string;
  readonly scope: string;
  readonly challenge: string;
  readonly nonce?: string;
  readonly prompt: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** A request that a user has still to answer. */
export interface AuthorizeRequest {
  readonly id: string;
  readonly tenant: string;
  readonly client: string;
  readonly asked: Asked;
  readonly launched: Launched | undefined;
  readonly createdAt: number;
}

/** Long enough to find one's password, or one's phone. */
const LIFE_MILLISECONDS = 15 * 60_000;

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('auth_request').insert({
    hash: $('hash'),
    org: $('tenant'),
    credential_id: $('client'),
    asked: $('asked'),
    launch: $('launched'),
    created_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

/** Keeps a request under a new id, which is no secret of anybody's until a browser has opened it. */
export async function saveRequest(
  db: Database,
  { asked, launched, ...whose }: Pick<AuthorizeRequest, 'tenant' | 'client' | 'asked' | 'launched'>,
  now: number,
): Promise<string> {
  const id = randomBytes(32).toString('base64url');
  const texts = { asked: JSON.stringify(asked), launched: launched ? JSON.stringify(launched) : null };
  const row = { ...whose, ...texts, hash: hashSecret(id), now, expiresAt: now + LIFE_MILLISECONDS };
  await db.commit({ statements: [await insert.plan(db, row, 1)] });
  return id;
}

interface Opening extends Record<string, unknown> {
  readonly hash: string;
  readonly browser: string;
  readonly now: number;
}

const bind = statement<Opening>((knex, $) =>
  knex('auth_request')
    .where('hash', $('hash'))
    .whereNull('browser')
    .update({ browser: $('browser') }),
);

const live = statement<Opening>((knex, $) =>
  knex('auth_request')
    .where({ hash: $('hash'), browser: $('browser') })
    .where('expires_at', '>', $('now'))
    .whereNull('used_at')
    .select('*'),
);

/**
 * A request, for the browser that opened it first: from then on it is nobody else's (THREAT 29). Undefined when it is
 * another's, unknown, answered or too old. `browser` is what the browser's cookie holds.
 */
export async function openRequest(
  db: Database,
  id: string,
  browser: string,
  now: number,
): Promise<AuthorizeRequest | undefined> {
  if (!/^[\w-]{43}$/.test(id)) return undefined;
  const which = { hash: hashSecret(id), browser: hashSecret(browser), now };
  await db.commit({ statements: [await bind.plan(db, which)] });
  const row = await live.first(db, which);
  if (!row) return undefined;
  const launched = row['launch'] as string | null;
  return {
    id,
    tenant: row['org'] as string,
    client: row['credential_id'] as string,
    asked: JSON.parse(row['asked'] as string) as Asked,
    launched: launched === null ? undefined : (JSON.parse(launched) as Launched),
    createdAt: Number(row['created_at']),
  };
}

const move = statement<{ from: string; to: string }>((knex, $) =>
  knex('auth_request')
    .where('browser', $('from'))
    .whereNull('used_at')
    .update({ browser: $('to') }),
);

/** A login gives a browser another cookie: what it has opened goes with it. */
export async function moveRequests(db: Database, from: string, to: string): Promise<void> {
  await db.commit({ statements: [await move.plan(db, { from: hashSecret(from), to: hashSecret(to) })] });
}

const use = statement<Opening>((knex, $) =>
  knex('auth_request')
    .where({ hash: $('hash'), browser: $('browser') })
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

/** Answers a request, once, as part of a plan. */
export const usingRequest = (db: Database, id: string, browser: string, now: number): Promise<PlannedStatement> =>
  use.plan(db, { hash: hashSecret(id), browser: hashSecret(browser), now }, 1);
