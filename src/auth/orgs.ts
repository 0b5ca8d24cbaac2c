import type { PlanName } from '../limits/rules.js';
import type { Database, Row } from '../store/database.js';
import { committed, statement } from '../store/database.js';

/** A tenant: the organization whose data is kept apart from all others'. */
export interface Org {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
  /** How much it may ask. */
  readonly plan: PlanName;
  /** Numbers of its own, where its plan is custom. */
  readonly perMinute: number | undefined;
  readonly burst: number | undefined;
  /** The most that any credential of it opens. */
  readonly scopePolicy: string | undefined;
  /** The site by which patients know it: with one, it is in the bundle of brands. */
  readonly website: string | undefined;
  /** The Organization that it is in its own directory, as `Organization/id`: Provenance names it. */
  readonly organization: string | undefined;
}

export type NewPlan =
  | { readonly plan: 'standard' | 'enterprise' }
  | { readonly plan: 'custom'; readonly perMinute: number; readonly burst: number };

export const isOrgId = (id: string): boolean => /^[A-Za-z0-9_-]{1,40}$/.test(id);

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('org').insert({
    id: $('id'),
    name: $('name'),
    active: true,
    plan: $('plan'),
    per_minute: $('perMinute'),
    burst: $('burst'),
    scope_policy: $('scopePolicy'),
    website: $('website'),
    organization: $('organization'),
    created_at: $('now'),
  }),
);

/** Makes an organization; its id must be free (GuardError). */
export async function createOrg(
  db: Database,
  id: string,
  name: string,
  now: number,
  plan: NewPlan = { plan: 'standard' },
  said: Partial<Pick<Org, 'scopePolicy' | 'website' | 'organization'>> = {},
): Promise<void> {
  const { scopePolicy = null, website = null, organization = null } = said;
  const row = { id, name, now, perMinute: null, burst: null, ...plan, scopePolicy, website, organization };
  await db.commit({ statements: [await insert.plan(db, row, 1)] });
}

const all = statement<Record<never, never>>((knex) => knex('org').orderBy('created_at').orderBy('id').select('*'));

export async function listOrgs(db: Database): Promise<Org[]> {
  return (await all.all(db, {})).map(orgOf);
}

const policyOf = statement<{ tenant: string }>((knex, $) =>
  knex('org').where('id', $('tenant')).select('scope_policy'),
);

/** The most that anything of an organization opens; undefined for no limit. */
export async function scopePolicyOf(db: Database, tenant: string): Promise<string | undefined> {
  const policy = (await policyOf.first(db, { tenant }))?.['scope_policy'];
  return typeof policy === 'string' ? policy : undefined;
}

const update = statement<Record<string, unknown>>((knex, $) =>
  knex('org')
    .where('id', $('id'))
    .update({
      name: $('name'),
      active: $('active'),
      plan: $('plan'),
      per_minute: $('perMinute'),
      burst: $('burst'),
      scope_policy: $('scopePolicy'),
      website: $('website'),
      organization: $('organization'),
    }),
);

/**
 * Changes an organization. One that is not active opens nothing, from the next request on; a plan is noticed within
 * seconds. False when there is no such organization.
 */
export async function updateOrg(db: Database, org: Org): Promise<boolean> {
  const { perMinute = null, burst = null, scopePolicy = null, website = null, organization = null } = org;
  const row = { ...org, perMinute, burst, scopePolicy, website, organization };
  return committed(db, [await update.plan(db, row, 1)]);
}

function orgOf(row: Row): Org {
  const count = (name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]));
  return {
    id: row['id'] as string,
    name: row['name'] as string,
    active: Boolean(row['active']),
    plan: row['plan'] as PlanName,
    perMinute: count('per_minute'),
    burst: count('burst'),
    scopePolicy: (row['scope_policy'] as string | null) ?? undefined,
    website: (row['website'] as string | null) ?? undefined,
    organization: (row['organization'] as string | null) ?? undefined,
  };
}
