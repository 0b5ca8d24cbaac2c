import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';

/** Work that is to be done later, and at least once. */
export interface NewJob {
  readonly queue: string;
  /** Unique in its queue: enqueued again, it stays one job. */
  readonly id: string;
  readonly tenant: string;
  /** Of the jobs with one key, one is done at a time, and in their order. */
  readonly ordering?: string;
  /**
   * How long it waits behind an earlier one of its key that failed and is to be tried again; without it, for ever. Jobs
   * of one key have the same patience: one that waits itself is not overtaken.
   */
  readonly patienceMilliseconds?: number;
  /** What it is listed under, for people who look at what came of it. */
  readonly listedUnder?: string;
  /** What the work is about, as JSON: ids, and nothing about a patient. */
  readonly payload: unknown;
  /** Milliseconds since 1970 UTC. */
  readonly notBefore?: number;
}

export type JobState = 'waiting' | 'running' | 'done' | 'dead';

export interface Job {
  /** Ascends in the order in which jobs were enqueued. */
  readonly sequence: number;
  readonly queue: string;
  readonly id: string;
  readonly tenant: string;
  readonly ordering: string | undefined;
  readonly payload: unknown;
  readonly state: JobState;
  readonly createdAt: number;
  /** When it is tried next; while it runs, when its lease ends. */
  readonly dueAt: number | undefined;
  /** The one under way counts. */
  readonly attempts: number;
  readonly firstTriedAt: number | undefined;
  readonly lease: string | undefined;
  /** Why the last attempt failed. */
  readonly reason: string | undefined;
  readonly failedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('job')
    .insert({
      queue: $('queue'),
      id: $('id'),
      org: $('tenant'),
      ordering: $('ordering'),
      listed_under: $('listedUnder'),
      payload: $('payload'),
      created_at: $('now'),
      due_at: $('dueAt'),
      overtakes_at: $('overtakesAt'),
    })
    .onConflict(['queue', 'id'])
    .ignore(),
);

/**
 * Enqueues a job as part of the caller's transaction: it is there when, and only when, the rest is. One of the same
 * queue and id stays as it is, whether it waits or is done. Wake the worker afterwards, or it is found within a second.
 */
export const enqueue = (db: Database, job: NewJob, now: number): Promise<PlannedStatement> =>
  insert.plan(db, {
    queue: job.queue,
    id: job.id,
    tenant: job.tenant,
    ordering: job.ordering ?? null,
    listedUnder: job.listedUnder ?? null,
    payload: JSON.stringify(job.payload),
    now,
    dueAt: Math.max(now, job.notBefore ?? 0),
    overtakesAt: job.patienceMilliseconds === undefined ? null : now + job.patienceMilliseconds,
  });

export function jobOf(row: Row): Job {
  const number = (column: string): number | undefined => (row[column] === null ? undefined : Number(row[column]));
  const text = (column: string): string | undefined => (row[column] as string | null) ?? undefined;
  return {
    sequence: Number(row['sequence']),
    queue: row['queue'] as string,
    id: row['id'] as string,
    tenant: row['org'] as string,
    ordering: text('ordering'),
    payload: JSON.parse(row['payload'] as string) as unknown,
    state: row['state'] as JobState,
    createdAt: Number(row['created_at']),
    dueAt: number('due_at'),
    attempts: Number(row['attempts']),
    firstTriedAt: number('first_tried_at'),
    lease: text('lease'),
    reason: text('reason'),
    failedAt: number('failed_at'),
    finishedAt: number('finished_at'),
  };
}
