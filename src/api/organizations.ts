import { OutcomeError } from '../outcome.js';
import { statement } from '../store/database.js';
import type { Database } from '../store/database.js';
import type { Ask } from './ask.js';

const names = statement<{ id: string }>((knex, $) => knex('org').where('id', $('id')).select('name'));

/** What heads a document: the organization of the token. */
export async function nameOfOrganization({ facade: { own }, access: { tenant } }: Ask): Promise<string> {
  const row = own && (await names.first(own, { id: tenant }));
  return (row?.['name'] as string | undefined) ?? tenant;
}

const partners = statement<{ org: string }>((knex, $) =>
  knex('channel_partner as p')
    .join('org as o', 'o.id', 'p.partner')
    .where('p.org', $('org'))
    .where('o.active', true)
    .select('p.partner'),
);

/** The organizations with which this one shares its channels: the operator says which (`portico org share`). */
export async function partnersOf(own: Database, tenant: string): Promise<ReadonlySet<string>> {
  return new Set((await partners.all(own, { org: tenant })).map((row) => row['partner'] as string));
}

/** Errors: 422; an organization that does not share is not told from one that there is none of. */
export async function checkEntities(own: Database, tenant: string, entities: readonly string[]): Promise<void> {
  const others = entities.filter((each) => each !== tenant);
  if (others.length === 0) return;
  const known = await partnersOf(own, tenant);
  if (others.every((each) => known.has(each))) return;
  throw new OutcomeError(422, 'VALIDATION', 'entities: names an organization with which yours shares no channels');
}

const add = statement<{ org: string; partner: string; now: number }>((knex, $) =>
  knex('channel_partner')
    .insert({ org: $('org'), partner: $('partner'), created_at: $('now') })
    .onConflict(['org', 'partner'])
    .ignore(),
);

const remove = statement<{ org: string; partner: string }>((knex, $) =>
  knex('channel_partner')
    .where({ org: $('org'), partner: $('partner') })
    .delete(),
);

/** From now on a channel of either may have the other as an entity. */
export const share = async (own: Database, org: string, partner: string, now: number): Promise<void> =>
  own.commit({
    statements: [await add.plan(own, { org, partner, now }), await add.plan(own, { org: partner, partner: org, now })],
  });

/** What is on both sides stays; nothing is added on the other side any more. */
export const unshare = async (own: Database, org: string, partner: string): Promise<void> =>
  own.commit({
    statements: [
      await remove.plan(own, { org, partner }, 1),
      await remove.plan(own, { org: partner, partner: org }, 1),
    ],
  });
