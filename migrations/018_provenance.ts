import type { Knex } from 'knex';
import { isPostgres, shapes } from './shapes.js';

/** Provenance is a view of the history: each version gets an id for it, and the person who wrote. */
export async function up(knex: Knex): Promise<void> {
  const { ordered } = shapes(knex);
  await knex.schema.alterTable('history', (t) => ordered(t, 'provenance_id', 'agent'));
  // Which Organization of its own directory a tenant is, as `Organization/id`.
  await knex.schema.alterTable('org', (t) => ordered(t, 'organization'));
  const random = isPostgres(knex) ? "replace(gen_random_uuid()::text, '-', '')" : 'lower(hex(randomblob(16)))';
  await knex('history').update({ provenance_id: knex.raw(random) });
  await knex('history')
    .whereLike('on_behalf_of', '%/%')
    .update({ agent: knex.ref('on_behalf_of') });
  await knex.schema.alterTable('history', (t) => {
    t.unique(['organization_id', 'provenance_id'], { indexName: 'history_provenance' });
    t.index(['organization_id', 'at', 'provenance_id'], 'history_recorded');
    t.index(['organization_id', 'agent', 'at', 'provenance_id'], 'history_agent', {
      predicate: knex.whereNotNull('agent'),
    });
    // For one patient over all types, as a history of the patient's rows is read too.
    t.dropIndex([], 'history_patient_at');
    t.index(['organization_id', 'patient_id', 'at', 'provenance_id'], 'history_patient', {
      predicate: knex.whereNotNull('patient_id'),
    });
  });
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.alterTable('history', (t) => {
    for (const name of ['history_patient', 'history_agent', 'history_recorded']) t.dropIndex([], name);
    t.dropUnique([], 'history_provenance');
    t.index(['organization_id', 'type', 'patient_id', 'at', 'id', 'version'], 'history_patient_at', {
      predicate: knex.whereNotNull('patient_id'),
    });
  });
  // The databases do this by themselves; knex would copy the tables of SQLite.
  await knex.raw('alter table org drop column organization');
  for (const column of ['provenance_id', 'agent']) await knex.raw('alter table history drop column ??', [column]);
}
