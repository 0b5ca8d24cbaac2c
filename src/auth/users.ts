import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Database, Row, Statement } from '../store/database.js';
import { committed, statement } from '../store/database.js';
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
  readonly hasSecondFactor: boolean;
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
export const normaliseEmail = (email: string): string => email.normalize('NFKC').trim().toLowerCase();

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
  return (await committed(db, [await insert.plan(db, row, 1)])) ? id : undefined;
}

const ofTenant = statement<{ tenant: string }>((knex, $) =>
  knex('user_account').where('org', $('tenant')).orderBy('created_at').orderBy('id').select('*'),
);

export async function listUsers(db: Database, tenant: string): Promise<User[]> {
  return (await ofTenant.all(db, { tenant })).map(userOf);
}

const staffOfTenant = statement<{ tenant: string }>((knex, $) =>
  knex('user_account').where('org', $('tenant')).whereNot('roles', 'patient').orderBy('name').orderBy('id').select('*'),
);

/** Everybody who is more than a patient. */
export async function listStaff(db: Database, tenant: string): Promise<User[]> {
  return (await staffOfTenant.all(db, { tenant })).map(userOf);
}

const byFhirUser = statement<{ tenant: string; fhirUser: string }>((knex, $) =>
  knex('user_account')
    .where({ org: $('tenant'), fhir_user: $('fhirUser') })
    .orderBy('created_at')
    .select('*'),
);

/** The user that a patient is, disabled or not; somebody of the staff may be a patient too. */
export async function patientUser(db: Database, tenant: string, patient: string): Promise<User | undefined> {
  const found = (await byFhirUser.all(db, { tenant, fhirUser: `Patient/${patient}` })).map(userOf);
  return found.find(({ roles }) => roles.includes('patient'));
}

const byTenantAndId = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('user_account')
    .where({ org: $('tenant'), id: $('id') })
    .select('*'),
);

/** A user of one organization, disabled or not. */
export async function userById(db: Database, tenant: string, id: string): Promise<User | undefined> {
  const row = await byTenantAndId.first(db, { tenant, id });
  return row && userOf(row);
}

/** A change of one user: who, and what it becomes. */
interface Change extends Record<string, unknown> {
  readonly email: string;
  readonly tenant: string;
  readonly now?: number;
  readonly hash?: string;
  readonly roles?: string;
  readonly canManageKeys?: boolean;
}

const named = (knex: Knex, $: (name: 'email' | 'tenant') => Knex.Value): Knex.QueryBuilder =>
  knex('user_account').where({ email_norm: $('email'), org: $('tenant') });

const raised = (knex: Knex): object => ({ epoch: knex.raw('epoch + 1') });

const disable = statement<Change>((knex, $) =>
  named(knex, $)
    .whereNull('disabled_at')
    .update({ disabled_at: $('now'), ...raised(knex) }),
);

const enable = statement<Change>((knex, $) => named(knex, $).whereNotNull('disabled_at').update({ disabled_at: null }));

const setHash = statement<Change>((knex, $) => named(knex, $).update({ password_hash: $('hash'), ...raised(knex) }));

const changeRoles = statement<Change>((knex, $) => named(knex, $).update({ roles: $('roles'), ...raised(knex) }));

const raise = statement<Change>((knex, $) => named(knex, $).update(raised(knex)));

const changeKeys = statement<Change>((knex, $) => named(knex, $).update({ can_manage_keys: $('canManageKeys') }));

const dropSecondFactor = statement<Change>((knex, $) =>
  named(knex, $).update({ totp_sealed: null, totp_pending: null, totp_last_step: null, ...raised(knex) }),
);

const id = (knex: Knex, $: (name: 'email' | 'tenant') => Knex.Value): Knex.QueryBuilder => named(knex, $).select('id');

const endSessions = statement<Change>((knex, $) =>
  knex('session')
    .whereIn('user_id', id(knex, $))
    .whereNull('revoked_at')
    .update({ revoked_at: $('now') }),
);

const endChallenges = statement<Change>((knex, $) =>
  knex('mfa_challenge')
    .whereIn('user_id', id(knex, $))
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

const dropCodes = statement<Change>((knex, $) => knex('recovery_code').whereIn('user_id', id(knex, $)).delete());

const endKeys = statement<Change>((knex, $) =>
  knex('credential')
    .where({ org: $('tenant'), kind: 'portal' })
    .whereIn('patient', named(knex, $).whereLike('fhir_user', 'Patient/%').select(knex.raw('substr(fhir_user, 9)')))
    .whereNull('disabled_at')
    .update({ disabled_at: $('now'), epoch: knex.raw('epoch + 1') }),
);

/**
 * False when there is no such user who is not disabled already. Their tokens and sessions are dead at once, and so are
 * the keys that apps have of a patient.
 */
export function disableUser(db: Database, tenant: string, email: string, now: number): Promise<boolean> {
  return change(db, { tenant, email, now }, disable, [endSessions, endChallenges, endKeys]);
}

/** Logs a user out everywhere. */
export function endUserSessions(db: Database, tenant: string, email: string, now: number): Promise<boolean> {
  return change(db, { tenant, email, now }, raise, [endSessions, endChallenges]);
}

/** False when there is no such user who is disabled. What was ended stays so: they log in anew. */
export function enableUser(db: Database, tenant: string, email: string): Promise<boolean> {
  return change(db, { tenant, email }, enable);
}

/** Ends the sessions too: whoever knew the old password is out. */
export async function setPassword(
  db: Database,
  { tenant, email, password }: { tenant: string; email: string; password: string },
  now: number,
): Promise<boolean> {
  const hash = await hashPassword(password);
  return change(db, { tenant, email, now, hash }, setHash, [endSessions, endChallenges]);
}

/** Access tokens with the old roles are dead at once; a refresh token gives one with the new. */
export function setRoles(db: Database, tenant: string, email: string, roles: readonly Role[]): Promise<boolean> {
  return change(db, { tenant, email, roles: roles.join(' ') }, changeRoles);
}

/** Whether they may make and revoke the organization's keys: asked of the database each time. */
export function setCanManageKeys(
  db: Database,
  tenant: string,
  email: string,
  canManageKeys: boolean,
): Promise<boolean> {
  return change(db, { tenant, email, canManageKeys }, changeKeys);
}

/** For somebody who lost their second factor and the recovery codes. */
export function resetSecondFactor(db: Database, tenant: string, email: string, now: number): Promise<boolean> {
  return change(db, { tenant, email, now }, dropSecondFactor, [dropCodes, endSessions, endChallenges]);
}

/** One change of one user and what follows from it; false when there is no such user. */
async function change(
  db: Database,
  values: Change,
  first: Statement<Change>,
  then: readonly Statement<Change>[] = [],
): Promise<boolean> {
  const meant = { ...values, email: normaliseEmail(values.email) };
  const statements = [await first.plan(db, meant, 1)];
  for (const each of then) statements.push(await each.plan(db, meant));
  return committed(db, statements);
}

/** A row of user_account. */
export function userOf(row: Row): User {
  return {
    id: row['id'] as string,
    tenant: row['org'] as string,
    email: row['email_norm'] as string,
    name: row['name'] as string,
    roles: rolesOf(row),
    canManageKeys: Boolean(row['can_manage_keys']),
    fhirUser: (row['fhir_user'] as string | null) ?? undefined,
    hasSecondFactor: row['totp_sealed'] !== null,
    disabledAt: row['disabled_at'] === null ? undefined : Number(row['disabled_at']),
  };
}

const rolesOf = (row: Row): Role[] => (row['roles'] as string).split(' ') as Role[];
