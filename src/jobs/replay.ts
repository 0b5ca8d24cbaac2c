import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';

const again = statement<{ tenant: string; queue: string; id: string; now: number }>((knex, $) =>
  knex('job')
    .where({ org: $('tenant'), queue: $('queue'), id: $('id') })
    // One that runs or waits is tried anyway.
    .whereIn('state', ['dead', 'done'])
    .update({
      state: 'waiting',
      due_at: $('now'),
      attempts: 0,
      first_tried_at: null,
      reason: null,
      failed_at: null,
      finished_at: null,
    }),
);

/** Tries a dead letter again, or does once more what is done. False when there is none. */
export const replay = async (
  db: Database,
  job: { readonly tenant: string; readonly queue: string; readonly id: string },
  now: number,
): Promise<boolean> => committed(db, [await again.plan(db, { ...job, now }, 1)]);

const forgotten = statement<{ before: number }>((knex, $) =>
  knex('job').where('finished_at', '<', $('before')).where('state', 'done').delete(),
);

/** Deletes what is done; until then its id is known and enqueued in vain. Dead letters stay. */
export const forgetDone = (db: Database, before: number): Promise<PlannedStatement> => forgotten.plan(db, { before });
