import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Portico's own tables: tenants, what was written, and what the clinical columns could not hold. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);

  await knex.schema.createTable('org', (t) => {
    t.text('id').primary();
    t.text('name').notNullable();
    t.boolean('active').notNullable().defaultTo(true);
    // How much it may ask: standard, enterprise, or custom with numbers of its own.
    t.text('plan').notNullable().defaultTo('standard');
    t.integer('per_minute');
    t.integer('burst');
    // The most that any credential of it may open; NULL is no limit.
    t.text('scope_policy');
    t.bigInteger('created_at').notNullable();
  });

  // One row a version, with who wrote it and its text. What is current is the row: its text is what a read sends while the
  // row has this version and `edition` names the code that reads.
  await knex.schema.createTable('history', (t) => {
    s.ordered(t, 'organization_id');
    t.text('type').notNullable();
    s.ordered(t, 'id');
    t.integer('version').notNullable();
    t.text('method').notNullable();
    t.bigInteger('at').notNullable();
    s.ordered(t, 'patient_id');
    t.text('native_resource').notNullable();
    s.texts(t, 'credential_id', 'user_id', 'on_behalf_of', 'body', 'edition');
    t.primary(['organization_id', 'type', 'id', 'version']);
    t.index(['organization_id', 'type', 'at', 'id', 'version'], 'history_at');
  });

  // All texts that were there are of this edition.
  await knex.schema.createTable('text_edition', (t) => {
    t.text('edition').primary();
    t.bigInteger('completed_at').notNullable();
  });

  await knex.schema.createTable('blob', (t) => {
    s.ordered(t, 'organization_id', 'id');
    t.text('content_type').notNullable();
    t.bigInteger('size').notNullable();
    t.text('sha1').notNullable();
    t.text('sha256').notNullable();
    t.bigInteger('created_at').notNullable();
    t.text('credential_id');
    // The patient of the resource that brought it; a document of another patient cannot borrow it.
    s.ordered(t, 'patient_id');
    t.binary('bytes').notNullable();
    t.primary(['organization_id', 'id']);
  });

  // What is to be told to others: webhooks and subscriptions read it.
  await knex.schema.createTable('outbox', (t) => {
    t.bigIncrements('sequence');
    s.ordered(t, 'organization_id');
    t.text('type').notNullable();
    s.ordered(t, 'resource_id');
    t.integer('version').notNullable();
    t.text('method').notNullable();
    s.ordered(t, 'patient_id');
    t.bigInteger('at').notNullable();
    t.index(['at'], 'outbox_at');
  });

  await createOverflow(knex);
}

/** Values of search parameters that the columns of a row do not yield; see docs/decisions/0004. */
async function createOverflow(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('overflow', (t) => {
    s.ordered(t, 'organization_id');
    s.texts(t, 'type', 'param');
    s.ordered(t, 'id', 'patient_id');
    // The row's place in the default order of its type, 0 where that is the id alone.
    t.bigInteger('at').notNullable();
    s.ordered(t, 'code', 'system', 'code_2', 'system_2', 'text', 'exact', 'reference', 'uri');
    t.double('number');
    s.texts(t, 'comparator', 'unit', 'unit_system', 'unit_code');
    t.bigInteger('start_at');
    t.bigInteger('end_at');
    t.index(['organization_id', 'type', 'id'], 'overflow_row');
    for (const value of ['code', 'text', 'reference', 'uri', 'number']) {
      const present = { predicate: knex.whereNotNull(value) };
      t.index(['organization_id', 'type', 'param', value, 'at', 'id'], `overflow_${value}`, present);
      t.index(
        ['organization_id', 'type', 'param', value, 'patient_id', 'at', 'id'],
        `overflow_patient_${value}`,
        present,
      );
    }
  });
  // For which parameters of which tenant there is any: until then a search is plain SQL.
  await knex.schema.createTable('overflow_use', (t) => {
    s.ordered(t, 'organization_id');
    s.texts(t, 'type', 'param');
    t.primary(['organization_id', 'type', 'param']);
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'overflow_use', 'overflow', 'outbox', 'blob', 'text_edition', 'history', 'org');
