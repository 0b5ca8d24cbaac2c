import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { jobOf, type Job, type JobState } from './job.js';

interface Listed {
  readonly tenant: string;
  readonly queue: string;
  readonly under: string;
}

const newest = statement<{ tenant: string; queue: string; under: string }>((knex, $) =>
  knex('job')
    .where({ org: $('tenant'), queue: $('queue'), listed_under: $('under') })
    .orderBy('sequence', 'desc')
    .limit(MOST)
    .select('*'),
);

const newestDead = statement<{ tenant: string; queue: string; under: string }>((knex, $) =>
  knex('job')
    .where({ org: $('tenant'), queue: $('queue'), state: 'dead', listed_under: $('under') })
    .orderBy('sequence', 'desc')
    .limit(MOST)
    .select('*'),
);

const MOST = 100;

/** The last hundred jobs that are listed under something, newest first. */
export const listJobs = async (db: Database, of: Listed): Promise<Job[]> => (await newest.all(db, of)).map(jobOf);

/** The last hundred of them that were given up, however many came later. */
export const listDead = async (db: Database, of: Listed): Promise<Job[]> => (await newestDead.all(db, of)).map(jobOf);

const one = statement<{ tenant: string; queue: string; id: string }>((knex, $) =>
  knex('job')
    .where({ org: $('tenant'), queue: $('queue'), id: $('id') })
    .select('*'),
);

export async function readJob(db: Database, tenant: string, queue: string, id: string): Promise<Job | undefined> {
  const row = await one.first(db, { tenant, queue, id });
  return row && jobOf(row);
}

const countByState = statement<{ tenant: string; queue: string }>((knex, $) =>
  knex('job')
    .where({ org: $('tenant'), queue: $('queue') })
    .groupBy('state')
    .select('state')
    .count('* as count'),
);

export async function countJobs(db: Database, tenant: string, queue: string): Promise<Record<JobState, number>> {
  const counts: Record<JobState, number> = { waiting: 0, running: 0, done: 0, dead: 0 };
  for (const row of await countByState.all(db, { tenant, queue }))
    counts[row['state'] as JobState] = Number(row['count']);
  return counts;
}
