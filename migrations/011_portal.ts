import type { Knex } from 'knex';
import { drop } from './shapes.js';

/** The browser sessions of the portals, the links by which a patient sets a password, and forms that were sent. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('portal_session', (t) => {
    // SHA-256 of what the cookie holds.
    t.text('hash').primary();
    t.text('user_id').notNullable().references('user_account.id');
    // A user whose epoch was raised since is logged out.
    t.integer('epoch').notNullable();
    t.bigInteger('mfa_at');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('seen_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.index(['user_id'], 'portal_session_user');
    t.index(['expires_at'], 'portal_session_expires');
  });
  await knex.schema.createTable('enrolment', (t) => {
    t.text('hash').primary();
    t.text('user_id').notNullable().references('user_account.id');
    t.text('created_by').notNullable();
    t.bigInteger('created_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('used_at');
    t.index(['user_id'], 'enrolment_user');
  });
  // Forms that made something: sent again, each makes nothing.
  await knex.schema.createTable('portal_form', (t) => {
    t.text('hash').primary();
    t.bigInteger('expires_at').notNullable();
    t.index(['expires_at'], 'portal_form_expires');
  });
}

export const down = (knex: Knex): Promise<void> => drop(knex, 'portal_form', 'enrolment', 'portal_session');
