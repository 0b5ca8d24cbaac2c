import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** What comes from Pulsara: who sends it, what came, and the cases that were made of it. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('integration', (t) => {
    t.text('id').primary();
    t.text('org').notNullable().references('org.id');
    t.text('name').notNullable();
    // How its webhooks are signed: hmac-sha256, timestamped-hmac or ed25519.
    t.text('signature').notNullable();
    // The shared secret and the token of the upstream API, both sealed; or the sender's public key, as PEM.
    s.texts(t, 'secret_sealed', 'public_key');
    t.text('upstream').notNullable();
    t.text('token_header').notNullable();
    t.text('token_sealed').notNullable();
    // Which identifiers of a channel are record numbers and visit numbers, and what their systems are, as JSON.
    t.text('rules').notNullable();
    // Our own id among the entities of a channel: a private label of another entity is not kept.
    t.text('entity');
    t.boolean('messages').notNullable().defaultTo(false);
    t.boolean('active').notNullable().defaultTo(true);
    t.bigInteger('created_at').notNullable();
    t.index(['org'], 'integration_org');
  });
  // The inbox: a webhook is answered when it is in here. Ids and names of fields, no values.
  await knex.schema.createTable('inbox_event', (t) => {
    t.text('integration').notNullable().references('integration.id');
    s.ordered(t, 'id', 'org');
    t.text('event').notNullable();
    s.texts(t, 'channel_id', 'identifier_id', 'identifier_name', 'identifier_category');
    t.bigInteger('received_at').notNullable();
    // What became of it; NULL while it waits, or could not be done.
    t.text('outcome');
    t.bigInteger('settled_at');
    t.primary(['integration', 'id']);
    t.index(['org', 'integration', 'received_at'], 'inbox_event_received');
    t.index(['settled_at'], 'inbox_event_settled', { predicate: knex.whereNotNull('settled_at') });
  });
  // A channel and what was made of it.
  await knex.schema.createTable('inbound_case', (t) => {
    t.text('integration').notNullable().references('integration.id');
    s.ordered(t, 'channel_id', 'org');
    // Counts its changes, so that of two at a time one is made again.
    t.integer('version').notNullable();
    // Where it is filed, and its summaries: how many there were and the hash of the last.
    s.ordered(t, 'patient_id');
    t.integer('documents').notNullable().defaultTo(0);
    t.text('sha256');
    // What a manager is to decide: why, which patients it may be, and the case as it came.
    s.texts(t, 'held_reasons', 'held_candidates', 'held_channel', 'held_question');
    t.binary('held_pdf');
    t.bigInteger('held_at');
    // What was decided last: the question, and the patient or none.
    s.texts(t, 'decided_question', 'decided_patient', 'decided_by');
    t.bigInteger('decided_at');
    t.primary(['integration', 'channel_id']);
    t.index(['org', 'held_at'], 'inbound_case_held', { predicate: knex.whereNotNull('held_at') });
  });
}

export const down = (knex: Knex): Promise<void> => drop(knex, 'inbound_case', 'inbox_event', 'integration');
