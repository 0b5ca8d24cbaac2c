import { randomUUID } from 'node:crypto';
import type { Database, Statement } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import { jobOf, type Job } from './job.js';

type Due = Statement<Record<string, unknown>>;
type Claim = Statement<Record<string, unknown>>;

const dues = new Map<number, Due>();
const claims = new Map<string, Claim>();

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `busy${String(index)}`);

function dueOf(busy: number): Due {
  let made = dues.get(busy);
  if (!made) {
    made = statement((knex, $) =>
      knex('job')
        .where('queue', $('queue'))
        .where('due_at', '<=', $('now'))
        .whereNotIn('org', namesOf(busy).map($))
        .limit(1)
        .select('sequence'),
    );
    dues.set(busy, made);
  }
  return made;
}

/**
 * Takes the jobs that are due. A lease that has ended is one of them, whoever had it. A key that somebody works on is
 * left alone; so are jobs behind an earlier one, unless that one is to be tried later and their patience has ended.
 */
function claimOf({ dialect }: Database, most: number, busy: number): Claim {
  const key = `${dialect.name} ${String(most)} ${String(busy)}`;
  const known = claims.get(key);
  if (known) return known;
  const made: Claim = statement((knex, $) => {
    const sameKey = () =>
      knex('job as e')
        .where('e.queue', $('queue'))
        .where('e.ordering', knex.ref('j.ordering'))
        .whereNotNull('e.due_at');
    const running = sameKey().whereNotNull('e.lease').where('e.sequence', '<>', knex.ref('j.sequence'));
    const earlier = sameKey()
      .where('e.sequence', '<', knex.ref('j.sequence'))
      .where((or) => {
        void or
          .where('e.due_at', '<=', $('now'))
          .orWhereNull('j.overtakes_at')
          .orWhere('j.overtakes_at', '>', $('now'));
      });
    const free = knex('job as j')
      .where('j.queue', $('queue'))
      .where('j.due_at', '<=', $('now'))
      .whereNotIn('j.org', namesOf(busy).map($))
      .whereNotExists(running.select('e.sequence'))
      // One that overtook and was left behind by its process comes before those that it overtook.
      .where((or) => void or.whereNotNull('j.lease').orWhereNotExists(earlier.select('e.sequence')))
      .orderBy(['j.due_at', 'j.sequence'])
      .limit(most)
      .select('j.sequence');
    // On SQLite one process writes at a time.
    if (dialect.name === 'postgres') void free.forUpdate('j').skipLocked();
    return knex('job')
      .whereIn('sequence', free)
      .update({
        state: 'running',
        lease: $('lease'),
        due_at: $('until'),
        attempts: knex.raw('attempts + 1'),
        first_tried_at: knex.raw('coalesce(first_tried_at, ?)', [$('now')]),
      });
  });
  claims.set(key, made);
  return made;
}

const leased = statement<{ lease: string }>((knex, $) =>
  knex('job').where('lease', $('lease')).orderBy('sequence').select('*'),
);

/** Up to so many jobs of a queue, for as long as the lease lasts. Those of organizations that are busy wait. */
export async function claim(
  db: Database,
  queue: string,
  most: number,
  { now, leaseMilliseconds, busy = [] }: { now: number; leaseMilliseconds: number; busy?: readonly string[] },
): Promise<Job[]> {
  const others = Object.fromEntries(busy.map((each, index) => [`busy${String(index)}`, each]));
  // Looking costs nothing; a transaction that writes takes the turn of somebody who has something to write.
  if (!(await dueOf(busy.length).first(db, { ...others, queue, now }))) return [];
  const lease = randomUUID();
  const values = { ...others, queue, now, until: now + leaseMilliseconds, lease };
  const taken = await claimOf(db, most, busy.length).plan(db, values);
  // Refused where another process took the same key at the same moment: the next look finds what is left.
  if (!(await committed(db, [taken]))) return [];
  return (await leased.all(db, { lease })).map(jobOf);
}
