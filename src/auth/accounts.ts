import type { Knex } from 'knex';
import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import { hashPassword } from './passwords.js';
import { normaliseEmail, userOf, type User } from './users.js';

/** What a login asks of a user. */
export interface Account extends User {
  /** The name of their organization. */
  readonly organization: string;
  readonly passwordHash: string;
  readonly epoch: number;
  readonly totpSealed: string | undefined;
  readonly totpPending: string | undefined;
  readonly totpLastStep: number | undefined;
}

const live = (knex: Knex): Knex.QueryBuilder =>
  knex('user_account as u')
    .join('org as o', 'o.id', 'u.org')
    .where('o.active', true)
    .whereNull('u.disabled_at')
    .select('u.*', 'o.name as org_name');

const byEmail = statement<{ email: string }>((knex, $) => live(knex).where('u.email_norm', $('email')));
const byId = statement<{ id: string }>((knex, $) => live(knex).where('u.id', $('id')));

/** Somebody who can log in now: not disabled, in an active organization. */
export async function accountByEmail(db: Database, email: string): Promise<Account | undefined> {
  return accountOf(await byEmail.first(db, { email: normaliseEmail(email) }));
}

export async function accountById(db: Database, id: string): Promise<Account | undefined> {
  return accountOf(await byId.first(db, { id }));
}

function accountOf(row: Row | undefined): Account | undefined {
  if (!row) return undefined;
  return {
    ...userOf(row),
    organization: row['org_name'] as string,
    passwordHash: row['password_hash'] as string,
    epoch: row['epoch'] as number,
    totpSealed: (row['totp_sealed'] as string | null) ?? undefined,
    totpPending: (row['totp_pending'] as string | null) ?? undefined,
    totpLastStep: row['totp_last_step'] === null ? undefined : Number(row['totp_last_step']),
  };
}

const rehash = statement<{ id: string; before: string; hash: string }>((knex, $) =>
  knex('user_account')
    .where({ id: $('id'), password_hash: $('before') })
    .update({ password_hash: $('hash') }),
);

/** The same password with today's parameters; nobody is logged out by it. */
export async function rehashPassword(db: Database, { id, passwordHash }: Account, password: string): Promise<void> {
  const hash = await hashPassword(password);
  await db.commit({ statements: [await rehash.plan(db, { id, before: passwordHash, hash })] });
}
