import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { jobOf, type Job, type JobState } from './job.js';

const newest = statement<{ tenant: string; queue: string }>((knex, $) =>
  knex('job')
    .where({ org: $('tenant'), queue: $('queue') })
    .orderBy('sequence', 'desc')
    .limit(MOST)
    .select('*'),
);

const newestOfState = statement<{ tenant: string; queue: string; state: JobState }>((knex, $) =>
  knex('job')
    .where({ org: $('tenant'), queue: $('queue'), state: $('state') })
    .orderBy('sequence', 'desc')
    .limit(MOST)
    .select('*'),
);

const MOST = 100;

/** The last hundred jobs of an organization in a queue, newest first. */
export async function listJobs(db: Database, tenant: string, queue: string, state?: JobState): Promise<Job[]> {
  const rows =
    state === undefined
      ? await newest.all(db, { tenant, queue })
      : await newestOfState.all(db, { tenant, queue, state });
  return rows.map(jobOf);
}

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
