import type { Knex } from 'knex';

/** What writing over HTTP needs beside the rows themselves. */
export async function up(knex: Knex): Promise<void> {
  // The history of one patient's rows, newest first.
  await knex.schema.alterTable('history', (t) => {
    t.index(['organization_id', 'type', 'patient_id', 'at', 'id', 'version'], 'history_patient_at', {
      predicate: knex.whereNotNull('patient_id'),
    });
  });
  // Turns that conditional writes take: of two with the same criteria at a time, one meets the other's and looks again.
  await knex.schema.createTable('condition_turn', (t) => {
    t.integer('slot').primary();
    t.bigInteger('turn').notNullable();
  });
  // When a document claimed the bytes: until then they are for whoever sent them, and they go after a day.
  await knex.schema.alterTable('blob', (t) => void t.bigInteger('claimed_at'));
  await knex('blob').update({ claimed_at: knex.ref('created_at') });
  await knex.schema.alterTable('blob', (t) => {
    t.index(['organization_id', 'created_at'], 'blob_unclaimed', { predicate: knex.whereNull('claimed_at') });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('blob', (t) => t.dropIndex([], 'blob_unclaimed'));
  await knex.schema.alterTable('blob', (t) => void t.dropColumn('claimed_at'));
  await knex.schema.dropTable('condition_turn');
  await knex.schema.alterTable('history', (t) => t.dropIndex([], 'history_patient_at'));
}
