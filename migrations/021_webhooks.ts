import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** What organizations are told, with whom they share patient channels, and what was asked of the native API before. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);

  // A channel of the one organization may have the other as an entity: it is written to both.
  await knex.schema.createTable('channel_partner', (t) => {
    t.text('org').notNullable().references('org.id');
    t.text('partner').notNullable().references('org.id');
    t.bigInteger('created_at').notNullable();
    t.primary(['org', 'partner']);
  });

  // A request that is sent again with its key is answered as before. No answer here says anything of a patient.
  await knex.schema.createTable('idempotency_key', (t) => {
    s.ordered(t, 'organization_id');
    t.text('asker').notNullable();
    t.text('key').notNullable();
    t.text('request_hash').notNullable();
    t.text('answer').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.primary(['organization_id', 'asker', 'key']);
    t.index(['organization_id', 'expires_at'], 'idempotency_key_expires');
  });

  await knex.schema.createTable('webhook', (t) => {
    s.ordered(t, 'organization_id', 'id');
    t.text('name').notNullable();
    t.text('url').notNullable();
    // Space-separated names of events.
    t.text('events').notNullable();
    // hmac or ed25519.
    t.text('scheme').notNullable();
    // AES-256-GCM under a key derived from PORTICO_SECRET: it signs, so that it must be known.
    t.text('secret_sealed').notNullable();
    // A rotated secret signs beside the new one for a while.
    t.text('previous_sealed');
    t.bigInteger('previous_expires_at');
    // Of Ed25519: SPKI in base64, for the receiver.
    t.text('public_key');
    t.text('created_by');
    t.bigInteger('created_at').notNullable();
    t.primary(['organization_id', 'id']);
  });

  // Which identifiers of a channel were told, by their ids, with a keyed hash of each value: so that the same value is
  // not told twice.
  await knex.schema.createTable('channel_told', (t) => {
    s.ordered(t, 'organization_id', 'channel_id');
    t.text('identifiers').notNullable();
    t.primary(['organization_id', 'channel_id']);
  });

  // Set once, in the transaction that enqueues what follows from the row.
  await knex.schema.alterTable('outbox', (t) => void t.bigInteger('told_at'));
  await knex.schema.alterTable('outbox', (t) => {
    t.index(['sequence'], 'outbox_untold', { predicate: knex.whereNull('told_at') });
  });
  // Where it may send what: hosts, space-separated; NULL is any that is public.
  await knex.schema.alterTable('org', (t) => void t.text('outbound_hosts'));
}

export async function down(knex: Knex): Promise<void> {
  // The databases do this by themselves; knex would copy the tables of SQLite.
  await knex.raw('alter table org drop column outbound_hosts');
  await knex.raw('drop index outbox_untold');
  await knex.raw('alter table outbox drop column told_at');
  await drop(knex, 'channel_told', 'webhook', 'idempotency_key', 'channel_partner');
}
