import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import type { Job } from './job.js';

/** Every one of these asks for the lease: who lost it has no say any more. */
interface Held extends Record<string, unknown> {
  sequence: number;
  lease: string;
}

const held = ({ sequence, lease = '' }: Job): Held => ({ sequence, lease });

const finished = statement<Held & { now: number }>((knex, $) =>
  knex('job')
    .where({ sequence: $('sequence'), lease: $('lease') })
    .update({ state: 'done', lease: null, due_at: null, reason: null, finished_at: $('now') }),
);

/** As part of the transaction that holds the effect: it is there once, however often the job was begun. */
export const finish = (db: Database, job: Job, now: number): Promise<PlannedStatement> =>
  finished.plan(db, { ...held(job), now }, 1);

const renewed = statement<Held & { until: number }>((knex, $) =>
  knex('job')
    .where({ sequence: $('sequence'), lease: $('lease') })
    .update({ due_at: $('until') }),
);

/** False when somebody else has the job by now. */
export const renew = async (db: Database, job: Job, until: number): Promise<boolean> =>
  committed(db, [await renewed.plan(db, { ...held(job), until }, 1)]);

const postponed = statement<Held & { dueAt: number; reason: string; now: number }>((knex, $) =>
  knex('job')
    .where({ sequence: $('sequence'), lease: $('lease') })
    .update({ state: 'waiting', lease: null, due_at: $('dueAt'), reason: $('reason'), failed_at: $('now') }),
);

/** To be tried again. */
export const postpone = async (db: Database, job: Job, dueAt: number, reason: string, now: number): Promise<boolean> =>
  committed(db, [await postponed.plan(db, { ...held(job), dueAt, reason, now }, 1)]);

const buried = statement<Held & { reason: string; now: number }>((knex, $) =>
  knex('job')
    .where({ sequence: $('sequence'), lease: $('lease') })
    .update({
      state: 'dead',
      lease: null,
      due_at: null,
      reason: $('reason'),
      failed_at: $('now'),
      finished_at: $('now'),
    }),
);

/** A dead letter: kept until somebody replays it. */
export const bury = async (db: Database, job: Job, reason: string, now: number): Promise<boolean> =>
  committed(db, [await buried.plan(db, { ...held(job), reason, now }, 1)]);

const released = statement<Held & { now: number }>((knex, $) =>
  knex('job')
    .where({ sequence: $('sequence'), lease: $('lease') })
    .update({ state: 'waiting', lease: null, due_at: $('now'), attempts: knex.raw('attempts - 1') }),
);

/** Given back untried, for the next process. */
export const release = async (db: Database, job: Job, now: number): Promise<boolean> =>
  committed(db, [await released.plan(db, { ...held(job), now }, 1)]);
