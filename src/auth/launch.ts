import { randomBytes } from 'node:crypto';
import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import { hashSecret } from './secrets.js';

/** What is open in the EHR when it launches an app: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
export interface LaunchContext {
  readonly patient?: string;
  readonly encounter?: string;
  readonly intent?: string;
  readonly fhirContext?: readonly FhirContextItem[];
  readonly needPatientBanner?: boolean;
}

export interface FhirContextItem {
  readonly reference: string;
  readonly role?: string;
  readonly type?: string;
}

/** Whose launch it is. */
export interface Launched {
  readonly user: string;
  readonly context: LaunchContext;
}

const LIFE_MILLISECONDS = 5 * 60_000;

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('launch').insert({
    hash: $('hash'),
    org: $('tenant'),
    credential_id: $('client'),
    user_id: $('user'),
    context: $('context'),
    expires_at: $('expiresAt'),
  }),
);

/** The id of a launch of one app by one user. It is in this answer and nowhere else. */
export async function createLaunch(
  db: Database,
  { tenant, client, user, context }: { tenant: string; client: string; user: string; context: LaunchContext },
  now: number,
): Promise<string> {
  const id = randomBytes(32).toString('base64url');
  const row = { hash: hashSecret(id), tenant, client, user, context: JSON.stringify(context) };
  await db.commit({ statements: [await insert.plan(db, { ...row, expiresAt: now + LIFE_MILLISECONDS }, 1)] });
  return id;
}

interface Using extends Record<string, unknown> {
  readonly hash: string;
  readonly tenant: string;
  readonly client: string;
  readonly now: number;
}

const live = statement<Using>((knex, $) =>
  knex('launch')
    .where({ hash: $('hash'), org: $('tenant'), credential_id: $('client') })
    .where('expires_at', '>', $('now'))
    .whereNull('used_at')
    .select('user_id', 'context'),
);

const use = statement<Using>((knex, $) =>
  knex('launch')
    .where({ hash: $('hash'), org: $('tenant'), credential_id: $('client') })
    .where('expires_at', '>', $('now'))
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

/** Spends a launch. Undefined when it is unknown, too old, used, or of another app (THREAT 31). */
export async function useLaunch(
  db: Database,
  id: string,
  { tenant, id: client }: { tenant: string; id: string },
  now: number,
): Promise<Launched | undefined> {
  const which = { hash: hashSecret(id), tenant, client, now };
  const row = await live.first(db, which);
  if (!row || !(await committed(db, [await use.plan(db, which, 1)]))) return undefined;
  return { user: row['user_id'] as string, context: JSON.parse(row['context'] as string) as LaunchContext };
}
