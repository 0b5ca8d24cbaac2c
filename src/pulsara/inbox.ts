import { enqueue } from '../jobs/job.js';
import { replay } from '../jobs/replay.js';
import { statement, type Database } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import { isHandled, type Event } from './event.js';
import type { Integration } from './integration.js';

/** The queue of what came from Pulsara. */
export const INBOX = 'pulsara';

/** What became of an event. */
export type Outcome =
  | 'filed'
  | 'unchanged'
  | 'held'
  | 'rejected'
  /** An identifier that the organization does not file by. */
  | 'other-identifier'
  /** An event that nothing is done about. */
  | 'other-event';

/** What a job of the queue is about. */
export interface Inbound {
  readonly integration: string;
  readonly event: string;
  readonly channel: string;
  readonly identifier: { readonly id: string; readonly name: string; readonly category: string };
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('inbox_event')
    .insert({
      integration: $('integration'),
      id: $('id'),
      org: $('tenant'),
      event: $('event'),
      channel_id: $('channel'),
      identifier_id: $('identifier'),
      identifier_name: $('name'),
      identifier_category: $('category'),
      received_at: $('now'),
      outcome: $('outcome'),
      settled_at: $('settledAt'),
    })
    .onConflict(['integration', 'id'])
    .ignore(),
);

/** Stores an event and the job about it; one that was stored before stays as it is. It is on disk when it answers. */
export async function store(
  db: Database,
  { id: integration, tenant }: Integration,
  event: Event,
  now: number,
): Promise<void> {
  const { id, channel, identifier } = event;
  const todo = isHandled(event) && channel !== undefined && identifier ? { channel, identifier } : undefined;
  const row = {
    ...{ integration, id, tenant, event: event.event, now },
    ...{ channel: channel ?? null, identifier: identifier?.id ?? null },
    ...{ name: identifier?.name ?? null, category: identifier?.category ?? null },
    outcome: todo ? null : ('other-event' satisfies Outcome),
    settledAt: todo ? null : now,
  };
  const statements = [await insert.plan(db, row)];
  if (todo) {
    const payload: Inbound = { integration, event: id, ...todo };
    // What happened to one channel is done in its order.
    const ordering = `${integration} ${todo.channel}`;
    statements.push(await enqueue(db, { queue: INBOX, id: jobId(integration, id), tenant, ordering, payload }, now));
  }
  await db.commit({ statements });
}

/** Events of two integrations may have the same id. */
export const jobId = (integration: string, event: string): string => `${integration} ${event}`;

const settled = statement<{ integration: string; id: string; outcome: Outcome; now: number }>((knex, $) =>
  knex('inbox_event')
    .where({ integration: $('integration'), id: $('id') })
    .update({ outcome: $('outcome'), settled_at: $('now') }),
);

/** As part of the transaction that does what is to be done about it. */
export const settle = (
  db: Database,
  { integration, event }: Pick<Inbound, 'integration' | 'event'>,
  outcome: Outcome,
  now: number,
): Promise<PlannedStatement> => settled.plan(db, { integration, id: event, outcome, now }, 1);

const decidedEvents = statement<{ integration: string; channel: string; outcome: Outcome }>((knex, $) =>
  knex('inbox_event')
    .where({ integration: $('integration'), channel_id: $('channel'), outcome: 'held' })
    .update({ outcome: $('outcome') }),
);

/** What becomes of the events that held a case, once that is decided. */
export const settleHeld = (
  db: Database,
  of: { readonly integration: string; readonly channel: string },
  outcome: Outcome,
): Promise<PlannedStatement> => decidedEvents.plan(db, { ...of, outcome });

/** An event as the manager sees it, with the job about it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly channel: string | undefined;
  readonly category: string | undefined;
  readonly receivedAt: number;
  readonly outcome: Outcome | undefined;
  readonly state: 'waiting' | 'running' | 'done' | 'dead' | undefined;
  readonly reason: string | undefined;
  readonly attempts: number;
  readonly dueAt: number | undefined;
}

const MOST = 100;

const newest = statement<{ tenant: string; integration: string }>((knex, $) =>
  knex('inbox_event as e')
    .leftJoin('job as j', (on) => {
      void on.on('j.queue', knex.raw('?', [INBOX])).on('j.id', knex.raw(`e.integration || ' ' || e.id`));
    })
    .where({ 'e.org': $('tenant'), 'e.integration': $('integration') })
    .orderBy([
      { column: 'e.received_at', order: 'desc' },
      { column: 'e.id', order: 'desc' },
    ])
    .limit(MOST)
    .select('e.*', 'j.state', 'j.reason', 'j.attempts', 'j.due_at'),
);

/** The last hundred events of an integration, newest first. */
export async function listEvents(db: Database, tenant: string, integration: string): Promise<ReceivedEvent[]> {
  return (await newest.all(db, { tenant, integration })).map((row) => ({
    id: row['id'] as string,
    event: row['event'] as string,
    channel: (row['channel_id'] as string | null) ?? undefined,
    category: (row['identifier_category'] as string | null) ?? undefined,
    receivedAt: Number(row['received_at']),
    outcome: (row['outcome'] as Outcome | null) ?? undefined,
    state: (row['state'] as ReceivedEvent['state'] | null) ?? undefined,
    reason: (row['reason'] as string | null) ?? undefined,
    attempts: Number(row['attempts'] ?? 0),
    dueAt: row['due_at'] === null ? undefined : Number(row['due_at']),
  }));
}

const deadOnes = statement<{ tenant: string; integration: string }>((knex, $) =>
  knex('inbox_event as e')
    .join('job as j', (on) => {
      void on.on('j.queue', knex.raw('?', [INBOX])).on('j.id', knex.raw(`e.integration || ' ' || e.id`));
    })
    .where({ 'e.org': $('tenant'), 'e.integration': $('integration'), 'j.state': 'dead' })
    .select('e.id'),
);

/** Does an event once more, or all that could not be done: how many they are. */
export async function replayEvents(
  db: Database,
  { tenant, integration, event }: { readonly tenant: string; readonly integration: string; readonly event?: string },
  now: number,
): Promise<number> {
  const events =
    event === undefined ? (await deadOnes.all(db, { tenant, integration })).map(({ id }) => id as string) : [event];
  let count = 0;
  for (const id of events) if (await replay(db, { tenant, queue: INBOX, id: jobId(integration, id) }, now)) count++;
  return count;
}

const forgotten = statement<{ before: number }>((knex, $) =>
  knex('inbox_event').where('settled_at', '<', $('before')).delete(),
);

/** Forgets events about which everything is done; until then, one that comes again is known. */
export const forgetSettled = (db: Database, before: number): Promise<PlannedStatement> =>
  forgotten.plan(db, { before });
