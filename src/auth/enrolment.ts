import { randomBytes } from 'node:crypto';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { GuardError } from '../store/plan.js';
import { hashPassword } from './passwords.js';
import { hashSecret } from './secrets.js';
import { accountById, type Account } from './accounts.js';

/** A link by which a new user sets their first password: it works once, and for a week. */
const LIFE_MILLISECONDS = 7 * 24 * 3_600_000;

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('enrolment').insert({
    hash: $('hash'),
    user_id: $('user'),
    created_by: $('by'),
    created_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

const endOthers = statement<{ user: string; now: number }>((knex, $) =>
  knex('enrolment')
    .where('user_id', $('user'))
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

const live = statement<{ hash: string; now: number }>((knex, $) =>
  knex('enrolment').where('hash', $('hash')).where('expires_at', '>', $('now')).whereNull('used_at').select('user_id'),
);

const use = statement<{ hash: string; now: number }>((knex, $) =>
  knex('enrolment')
    .where('hash', $('hash'))
    .where('expires_at', '>', $('now'))
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

const setHash = statement<{ user: string; password: string }>((knex, $) =>
  knex('user_account')
    .where('id', $('user'))
    .whereNull('disabled_at')
    .update({ password_hash: $('password'), epoch: knex.raw('epoch + 1') }),
);

const endSessions = statement<{ user: string; now: number }>((knex, $) =>
  knex('session')
    .where('user_id', $('user'))
    .whereNull('revoked_at')
    .update({ revoked_at: $('now') }),
);

/** The token of a new link, shown once; links that the user had before are dead. */
export async function createEnrolment(db: Database, user: string, by: string, now: number): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const row = { hash: hashSecret(token), user, by, now, expiresAt: now + LIFE_MILLISECONDS };
  await db.commit({ statements: [await endOthers.plan(db, { user, now }), await insert.plan(db, row, 1)] });
  return token;
}

/**
 * Whose link it is; undefined when it is unknown, used or too old, or its user is disabled, or more than a patient by
 * now: whoever made the link may have fewer rights.
 */
export async function enrolmentOf(db: Database, token: string, now: number): Promise<Account | undefined> {
  const row = await live.first(db, { hash: hashSecret(token), now });
  const account = row && (await accountById(db, row['user_id'] as string));
  return account?.roles.every((role) => role === 'patient') ? account : undefined;
}

/** Spends a link for a password; false when somebody was faster. */
export async function enrol(
  db: Database,
  { token, user, password }: { token: string; user: string; password: string },
  now: number,
): Promise<boolean> {
  const hashed = await hashPassword(password);
  try {
    await db.commit({
      statements: [
        await use.plan(db, { hash: hashSecret(token), now }, 1),
        await setHash.plan(db, { user, password: hashed }, 1),
        await endSessions.plan(db, { user, now }),
      ],
    });
    return true;
  } catch (error) {
    if (error instanceof GuardError) return false;
    throw error;
  }
}
