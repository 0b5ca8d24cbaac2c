import { randomUUID } from 'node:crypto';
import { GuardError } from '../store/plan.js';
import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import { hashPassword } from './passwords.js';
import type { Role } from './roles.js';

/** A person. One belongs to one organization; what they may do follows from roles that are read live. */
export interface User {
  readonly id: string;
  readonly tenant: string;
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly canManageKeys: boolean;
  /** The Practitioner or Patient that they are, as `Type/id`. */
  readonly fhirUser: string | undefined;
  readonly disabledAt: number | undefined;
}

export interface NewUser {
  readonly tenant: string;
  readonly email: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly canManageKeys: boolean;
  readonly fhirUser?: string;
  readonly password: string;
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('user_account').insert({
    id: $('id'),
    org: $('tenant'),
    email_norm: $('email'),
    name: $('name'),
    password_hash: $('hash'),
    roles: $('roles'),
    can_manage_keys: $('canManageKeys'),
    fhir_user: $('fhirUser'),
    created_at: $('now'),
  }),
);

/** E-mail addresses are compared in this form; it is unique over all organizations. */
const normaliseEmail = (email: string): string => email.normalize('NFKC').trim().toLowerCase();

/** The id of the new user; undefined when somebody has the e-mail address already. */
export async function createUser(db: Database, user: NewUser, now: number): Promise<string | undefined> {
  const id = randomUUID();
  const hash = await hashPassword(user.password);
  const row = {
    ...user,
    id,
    hash,
    now,
    email: normaliseEmail(user.email),
    roles: user.roles.join(' '),
    fhirUser: user.fhirUser ?? null,
  };
  try {
    await db.commit({ statements: [await insert.plan(db, row, 1)] });
    return id;
  } catch (error) {
    if (error instanceof GuardError) return undefined;
    throw error;
  }
}

const ofTenant = statement<{ tenant: string }>((knex, $) =>
  knex('user_account').where('org', $('tenant')).orderBy('created_at').select('*'),
);

export async function listUsers(db: Database, tenant: string): Promise<User[]> {
  return (await ofTenant.all(db, { tenant })).map(userOf);
}

const disable = statement<{ email: string; tenant: string; now: number }>((knex, $) =>
  knex('user_account')
    .where({ email_norm: $('email'), org: $('tenant') })
    .whereNull('disabled_at')
    .update({ disabled_at: $('now'), epoch: knex.raw('epoch + 1') }),
);

/** False when there is no such user who is not disabled already. */
export async function disableUser(db: Database, tenant: string, email: string, now: number): Promise<boolean> {
  try {
    await db.commit({ statements: [await disable.plan(db, { email: normaliseEmail(email), tenant, now }, 1)] });
    return true;
  } catch (error) {
    if (error instanceof GuardError) return false;
    throw error;
  }
}

function userOf(row: Row): User {
  return {
    id: row['id'] as string,
    tenant: row['org'] as string,
    email: row['email_norm'] as string,
    name: row['name'] as string,
    roles: (row['roles'] as string).split(' ') as Role[],
    canManageKeys: Boolean(row['can_manage_keys']),
    fhirUser: (row['fhir_user'] as string | null) ?? undefined,
    disabledAt: row['disabled_at'] === null ? undefined : Number(row['disabled_at']),
  };
}
