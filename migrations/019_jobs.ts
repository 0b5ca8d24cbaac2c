import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Work that is done later, by whichever process comes first. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('job', (t) => {
    // In the order in which jobs were enqueued.
    t.bigIncrements('sequence');
    t.text('queue').notNullable();
    s.ordered(t, 'id', 'org');
    // Of the jobs with one key, one is done at a time, and in their order.
    s.ordered(t, 'ordering');
    // What it is listed under, such as the webhook that it is a delivery of.
    t.text('listed_under');
    t.text('payload').notNullable();
    // waiting, running, done or dead.
    t.text('state').notNullable().defaultTo('waiting');
    t.bigInteger('created_at').notNullable();
    // When it may be done; while it runs, when its lease ends; NULL once it is done or dead.
    t.bigInteger('due_at');
    // From when on it no longer waits for earlier ones of its key that are to be tried again later.
    t.bigInteger('overtakes_at');
    t.integer('attempts').notNullable().defaultTo(0);
    t.bigInteger('first_tried_at');
    // Of whoever does it now.
    t.text('lease');
    // Why the last attempt failed, in a word of the queue's own: never what somebody else answered.
    t.text('reason');
    t.bigInteger('failed_at');
    t.bigInteger('finished_at');
    t.unique(['queue', 'id'], { indexName: 'job_id' });
    t.index(['queue', 'due_at', 'sequence'], 'job_due', { predicate: knex.whereNotNull('due_at') });
    t.index(['queue', 'ordering', 'sequence'], 'job_ordering', { predicate: knex.whereNotNull('due_at') });
    t.index(['lease'], 'job_lease', { predicate: knex.whereNotNull('lease') });
    t.index(['finished_at'], 'job_finished', { predicate: knex.whereNotNull('finished_at') });
    t.index(['org', 'queue', 'state', 'sequence'], 'job_state');
    t.index(['org', 'queue', 'listed_under', 'sequence'], 'job_listed', {
      predicate: knex.whereNotNull('listed_under'),
    });
    // Whatever a race of processes comes to, no key is worked on twice at a time.
    t.unique(['queue', 'ordering'], { indexName: 'job_running', predicate: knex.whereNotNull('lease') });
  });
}

export const down = (knex: Knex): Promise<void> => drop(knex, 'job');
