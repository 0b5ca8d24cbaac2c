import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';

/** Something of its topic that a subscription is told of: which resource, and nothing of what it says. */
export interface TopicEvent {
  /** From 1. */
  readonly number: number;
  readonly type: string;
  readonly id: string;
  readonly method: 'POST' | 'PUT';
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
}

const KEPT_MILLISECONDS = 7 * 24 * 3_600_000;

type Key = Record<string, unknown> & { tenant: string; subscription: string };

const insert = statement<Key>((knex, $) =>
  knex('subscription_event').insert({
    organization_id: $('tenant'),
    subscription_id: $('subscription'),
    number: $('number'),
    type: $('type'),
    resource_id: $('id'),
    method: $('method'),
    at: $('at'),
    expires_at: $('expiresAt'),
  }),
);

export const planEvent = (
  db: Database,
  tenant: string,
  subscription: string,
  event: TopicEvent,
): Promise<PlannedStatement> =>
  insert.plan(db, { tenant, subscription, ...event, expiresAt: event.at + KEPT_MILLISECONDS }, 1);

const between = statement<Key & { since: number; until: number; most: number }>((knex, $) =>
  knex('subscription_event')
    .where({ organization_id: $('tenant'), subscription_id: $('subscription') })
    .where('number', '>=', $('since'))
    .where('number', '<=', $('until'))
    .orderBy('number')
    .limit(MOST)
    .select('*'),
);

const MOST = 100;

/** Up to a hundred, by number. */
export const eventsBetween = async (
  db: Database,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  since: number,
  until: number,
): Promise<TopicEvent[]> =>
  (await between.all(db, { tenant, subscription: id, since, until, most: MOST })).map(eventOf);

const eventOf = (row: Row): TopicEvent => ({
  number: Number(row['number']),
  type: row['type'] as string,
  id: row['resource_id'] as string,
  method: row['method'] as TopicEvent['method'],
  at: Number(row['at']),
});
