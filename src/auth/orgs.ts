import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';

/** A tenant: the organization whose data is kept apart from all others'. */
export interface Org {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}

export const isOrgId = (id: string): boolean => /^[A-Za-z0-9_-]{1,40}$/.test(id);

const insert = statement<{ id: string; name: string; now: number }>((knex, $) =>
  knex('org').insert({ id: $('id'), name: $('name'), active: true, created_at: $('now') }),
);

/** Makes an organization; its id must be free (GuardError). */
export async function createOrg(db: Database, id: string, name: string, now: number): Promise<void> {
  await db.commit({ statements: [await insert.plan(db, { id, name, now }, 1)] });
}

const all = statement<Record<never, never>>((knex) => knex('org').orderBy('created_at').orderBy('id').select('*'));

export async function listOrgs(db: Database): Promise<Org[]> {
  return (await all.all(db, {})).map((row) => ({
    id: row['id'] as string,
    name: row['name'] as string,
    active: Boolean(row['active']),
  }));
}
