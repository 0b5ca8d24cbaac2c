import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';

/** An app that a user has allowed something. */
export interface ConnectedApp {
  /** The credential. */
  readonly id: string;
  readonly name: string;
  /** The scopes of everything that it was allowed. */
  readonly scopes: readonly string[];
  readonly patients: readonly string[];
  readonly since: number;
  readonly endsAt: number;
}

const ofUser = statement<{ user: string; now: number }>((knex, $) =>
  knex('auth_grant as g')
    .join('user_account as u', 'u.id', 'g.user_id')
    .join('credential as c', 'c.id', 'g.credential_id')
    .where('g.user_id', $('user'))
    .where('g.expires_at', '>', $('now'))
    .where('g.user_epoch', knex.ref('u.epoch'))
    .whereNull('g.revoked_at')
    .whereNull('c.disabled_at')
    .orderBy('g.created_at')
    .select('g.credential_id', 'c.name', 'g.scope', 'g.patient', 'g.created_at', 'g.expires_at'),
);

/** The apps that a user has allowed something that still holds. */
export async function connectedApps(db: Database, user: string, now: number): Promise<ConnectedApp[]> {
  const rows = await ofUser.all(db, { user, now });
  const byApp = new Map<string, Row[]>();
  for (const row of rows) {
    const id = row['credential_id'] as string;
    byApp.set(id, [...(byApp.get(id) ?? []), row]);
  }
  return [...byApp.values()].map(appOf);
}

function appOf(rows: readonly Row[]): ConnectedApp {
  const [first] = rows as [Row];
  const patients = rows.map((row) => row['patient']).filter((each): each is string => typeof each === 'string');
  return {
    id: first['credential_id'] as string,
    name: first['name'] as string,
    scopes: [...new Set(rows.flatMap((row) => (row['scope'] as string).split(' ')))],
    patients: [...new Set(patients)],
    since: Number(first['created_at']),
    endsAt: Math.max(...rows.map((row) => Number(row['expires_at']))),
  };
}

const withdrawAll = statement<{ user: string; client: string; now: number }>((knex, $) =>
  knex('auth_grant')
    .where({ user_id: $('user'), credential_id: $('client') })
    .whereNull('revoked_at')
    .update({ revoked_at: $('now') }),
);

/** Takes back everything that a user allowed an app: its tokens are dead from the next request on. */
export async function withdraw(db: Database, user: string, client: string, now: number): Promise<void> {
  await db.commit({ statements: [await withdrawAll.plan(db, { user, client, now })] });
}

/** Whether a user has allowed an app all of this before, for the same patient, and still does. */
export async function coversAlready(
  db: Database,
  { user, client, patient }: { user: string; client: string; patient: string | undefined },
  scopes: readonly string[],
  now: number,
): Promise<boolean> {
  const rows = await ofUser.all(db, { user, now });
  return rows
    .filter((row) => row['credential_id'] === client && (row['patient'] ?? undefined) === patient)
    .some((row) => {
      const has = (row['scope'] as string).split(' ');
      return scopes.every((each) => has.includes(each));
    });
}
