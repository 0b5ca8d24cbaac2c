import type { Knex } from 'knex';
import { drop } from './shapes.js';

/** SMART App Launch: apps, what they ask of users, and what users allow them. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.alterTable('credential', (t) => {
    // Of an app, space-separated: where users may be sent back to, and the pages that may use its tokens.
    t.text('redirect_uris');
    t.text('origins');
    t.text('launch_url');
  });
  await knex.schema.alterTable('auth_grant', (t) => {
    // The user's epoch when they allowed it: it dies with a change of their password or roles.
    t.integer('user_epoch').notNullable().defaultTo(0);
    // The session that an `online_access` ends with, as portal_session.hash.
    t.text('portal_session');
    t.text('intent');
    t.boolean('need_patient_banner');
    t.index(['portal_session'], 'auth_grant_portal_session');
  });
  await knex.schema.alterTable('org', (t) => {
    // The site by which patients know it; with one, it is in the bundle of brands.
    t.text('website');
  });
  // A picture of its maker's, of which nothing is fetched when a page shows it.
  await knex.schema.createTable('app_logo', (t) => {
    t.text('credential_id').primary().references('credential.id');
    t.text('type').notNullable();
    t.text('base64').notNullable();
  });
  await createRequests(knex);
}

/** What is under way between an app, a user and us; each row is used once and soon forgotten. */
async function createRequests(knex: Knex): Promise<void> {
  await knex.schema.createTable('auth_request', (t) => {
    t.text('hash').primary();
    t.text('org').notNullable().references('org.id');
    t.text('credential_id').notNullable().references('credential.id');
    // The browser that opened it first, as the SHA-256 of its cookie.
    t.text('browser');
    // What was asked, and the context of the EHR that launched the app, as JSON.
    t.text('asked').notNullable();
    t.text('launch');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('used_at');
    t.index(['expires_at'], 'auth_request_expires');
    t.index(['browser'], 'auth_request_browser');
  });
  await knex.schema.createTable('auth_code', (t) => {
    t.text('hash').primary();
    t.text('grant_id').notNullable().references('auth_grant.id');
    t.text('redirect_uri').notNullable();
    t.text('challenge').notNullable();
    t.text('nonce');
    t.bigInteger('auth_time').notNullable();
    t.bigInteger('expires_at').notNullable();
    // A code that comes again after it has expired still tells of a theft.
    t.bigInteger('kept_until').notNullable();
    t.bigInteger('used_at');
    t.index(['grant_id'], 'auth_code_grant');
    t.index(['kept_until'], 'auth_code_kept');
  });
  await knex.schema.createTable('launch', (t) => {
    t.text('hash').primary();
    t.text('org').notNullable().references('org.id');
    t.text('credential_id').notNullable().references('credential.id');
    t.text('user_id').notNullable().references('user_account.id');
    t.text('context').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('used_at');
    t.index(['expires_at'], 'launch_expires');
  });
}

export async function down(knex: Knex): Promise<void> {
  await drop(knex, 'launch', 'auth_code', 'auth_request', 'app_logo');
  // The databases do this by themselves; knex would copy the tables of SQLite.
  await knex.raw('alter table org drop column website');
  await knex.raw('drop index auth_grant_portal_session');
  for (const column of ['user_epoch', 'portal_session', 'intent', 'need_patient_banner'])
    await knex.raw('alter table auth_grant drop column ??', [column]);
  for (const column of ['redirect_uris', 'origins', 'launch_url'])
    await knex.raw('alter table credential drop column ??', [column]);
}
