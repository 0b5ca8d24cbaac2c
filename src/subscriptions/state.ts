import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import { seal, unseal } from '../store/seal.js';

/** What is known of a subscription beside the resource. */
export interface State {
  readonly tenant: string;
  readonly id: string;
  readonly credential: string;
  readonly scopes: string;
  readonly headersSealed: string | undefined;
  readonly events: number;
  readonly lastSentAt: number;
}

type Key = Record<string, unknown> & { tenant: string; id: string };

const save = statement<Key>((knex, $) =>
  knex('subscription_state')
    .insert({
      organization_id: $('tenant'),
      id: $('id'),
      credential_id: $('credential'),
      scopes: $('scopes'),
      headers_sealed: $('headersSealed'),
      live: $('live'),
      heartbeat_seconds: $('heartbeat'),
      end_at: $('endAt'),
      last_sent_at: $('now'),
      events: 0,
    })
    .onConflict(['organization_id', 'id'])
    .merge(['credential_id', 'scopes', 'headers_sealed', 'live', 'heartbeat_seconds', 'end_at']),
);

/** Whose it is from now on. Its events go on being counted. */
export const planState = (
  db: Database,
  state: Pick<State, 'tenant' | 'id' | 'credential' | 'scopes' | 'headersSealed'> & {
    readonly live: boolean;
    readonly heartbeat: number | undefined;
    readonly endAt: number | undefined;
    readonly now: number;
  },
): Promise<PlannedStatement> =>
  save.plan(db, {
    ...state,
    headersSealed: state.headersSealed ?? null,
    heartbeat: state.heartbeat ?? null,
    endAt: state.endAt ?? null,
  });

const one = statement<Key>((knex, $) =>
  knex('subscription_state')
    .where({ organization_id: $('tenant'), id: $('id') })
    .select('*'),
);

export async function readState(db: Database, tenant: string, id: string): Promise<State | undefined> {
  const row = await one.first(db, { tenant, id });
  return row && stateOf(row);
}

const counting = statement<{ tenant: string }>((knex, $) =>
  knex('subscription_state').where('organization_id', $('tenant')).count({ n: '*' }),
);

/** How many an organization has, whatever their status. */
export const countStates = async (db: Database, tenant: string): Promise<number> =>
  Number((await counting.first(db, { tenant }))?.['n'] ?? 0);

const live = statement<{ tenant: string; now: number }>((knex, $) =>
  knex('subscription_state')
    .where({ organization_id: $('tenant'), live: true })
    .where((or) => void or.whereNull('end_at').orWhere('end_at', '>', $('now')))
    .select('*'),
);

/** Those that are told of what is new. */
export const liveStates = async (db: Database, tenant: string, now: number): Promise<State[]> =>
  (await live.all(db, { tenant, now })).map(stateOf);

const due = statement<{ now: number }>((knex, $) =>
  knex('subscription_state')
    .where('live', true)
    .where((or) => {
      void or
        .where('end_at', '<=', $('now'))
        .orWhere(knex.raw('last_sent_at + heartbeat_seconds * 1000'), '<=', $('now'));
    })
    .select('*'),
);

/** Those that have ended, or have heard nothing for as long as they want to wait. */
export const dueStates = async (db: Database, now: number): Promise<(State & { endAt: number | undefined })[]> =>
  (await due.all(db, { now })).map((row) => ({
    ...stateOf(row),
    endAt: row['end_at'] === null ? undefined : Number(row['end_at']),
  }));

const counted = statement<Key>((knex, $) =>
  knex('subscription_state')
    .where({ organization_id: $('tenant'), id: $('id'), events: $('before') })
    .update({ events: $('events') }),
);

/** Fails where another process counted at the same time. */
export const planCount = (db: Database, { tenant, id, events: before }: State, events: number) =>
  counted.plan(db, { tenant, id, before, events }, 1);

const sent = statement<Key>((knex, $) =>
  knex('subscription_state')
    .where({ organization_id: $('tenant'), id: $('id') })
    .update({ last_sent_at: $('now') }),
);

export const planSent = (db: Database, { tenant, id }: Pick<State, 'tenant' | 'id'>, now: number) =>
  sent.plan(db, { tenant, id, now });

const enlivened = statement<Key>((knex, $) =>
  knex('subscription_state')
    .where({ organization_id: $('tenant'), id: $('id') })
    .update({ live: $('live') }),
);

export const planLive = (db: Database, { tenant, id }: Pick<State, 'tenant' | 'id'>, isLive: boolean) =>
  enlivened.plan(db, { tenant, id, live: isLive });

const removed = ['subscription_state', 'subscription_event'].map((table) =>
  statement<Key>((knex, $) =>
    knex(table)
      .where({ organization_id: $('tenant'), [table === 'subscription_state' ? 'id' : 'subscription_id']: $('id') })
      .delete(),
  ),
);

export const planForget = (db: Database, tenant: string, id: string): Promise<PlannedStatement[]> =>
  Promise.all(removed.map((each) => each.plan(db, { tenant, id })));

function stateOf(row: Row): State {
  return {
    tenant: row['organization_id'] as string,
    id: row['id'] as string,
    credential: row['credential_id'] as string,
    scopes: row['scopes'] as string,
    headersSealed: (row['headers_sealed'] as string | null) ?? undefined,
    events: Number(row['events']),
    lastSentAt: Number(row['last_sent_at']),
  };
}

export const sealHeaders = (key: Buffer, tenant: string, id: string, headers: readonly string[]): string | undefined =>
  headers.length === 0 ? undefined : seal(key, JSON.stringify(headers), `${tenant} ${id}`);

export function headersOf(key: Buffer, { tenant, id, headersSealed }: State): string[] {
  if (headersSealed === undefined) return [];
  const plain = unseal(key, headersSealed, `${tenant} ${id}`);
  if (plain === undefined) throw new Error('the headers of a subscription do not open with PORTICO_SECRET');
  return JSON.parse(plain) as string[];
}
