import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** FHIR Subscriptions, whose they are, and what each has been told. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('subscription', (t) => {
    s.clinical(t);
    t.text('status').notNullable();
    s.texts(t, 'end_at', 'reason', 'error', 'channel_type', 'payload');
    s.folded(t, 'criteria');
    s.ordered(t, 'endpoint');
    s.index(t, 'subscription_updated', ['updated_at', 'id']);
    s.index(t, 'subscription_status', ['status', 'id', 'version']);
    s.index(t, 'subscription_type', ['channel_type', 'id', 'version'], 'channel_type');
    s.index(t, 'subscription_payload', ['payload', 'id', 'version'], 'payload');
    s.index(t, 'subscription_criteria', ['criteria_fold', 'id', 'version']);
    s.index(t, 'subscription_endpoint', ['endpoint', 'id', 'version'], 'endpoint');
  });
  await s.telecoms('subscription_contact', 'parent_id');

  // What a subscription has that is for nobody to read.
  await knex.schema.createTable('subscription_state', (t) => {
    s.ordered(t, 'organization_id', 'id');
    // Whose it is, and the scopes of the token by which it was written: what it is told is held to both.
    t.text('credential_id').notNullable();
    t.text('scopes').notNullable();
    // The headers that it sends: AES-256-GCM under a key derived from PORTICO_SECRET.
    t.text('headers_sealed');
    // What others may be told: active, or in error and tried again.
    t.boolean('live').notNullable();
    t.integer('heartbeat_seconds');
    t.bigInteger('end_at');
    t.bigInteger('last_sent_at').notNullable();
    // Events since it began.
    t.integer('events').notNullable();
    t.primary(['organization_id', 'id']);
  });

  // What happened to its topic, by number: ids alone. What it shows is asked anew each time.
  await knex.schema.createTable('subscription_event', (t) => {
    s.ordered(t, 'organization_id', 'subscription_id');
    t.integer('number').notNullable();
    t.text('type').notNullable();
    s.ordered(t, 'resource_id');
    t.text('method').notNullable();
    t.bigInteger('at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.primary(['organization_id', 'subscription_id', 'number']);
    t.index(['organization_id', 'expires_at'], 'subscription_event_expires');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'subscription_event', 'subscription_state', 'subscription_contact', 'subscription');
