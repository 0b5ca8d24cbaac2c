import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Who may ask: people, apps and services, and what was issued to them. */
export async function up(knex: Knex): Promise<void> {
  await createUsers(knex);
  await createCredentials(knex);
}

/** People, how they prove who they are, and their sessions. */
async function createUsers(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('user_account', (t) => {
    t.text('id').primary();
    t.text('org').notNullable().references('org.id');
    t.text('email_norm').notNullable().unique();
    t.text('name').notNullable();
    t.text('password_hash').notNullable();
    // Space-separated: clinician, admin, patient.
    t.text('roles').notNullable();
    t.boolean('can_manage_keys').notNullable().defaultTo(false);
    // The Practitioner or Patient that the user is, as `Type/id`.
    t.text('fhir_user');
    // AES-256-GCM under a key derived from PORTICO_SECRET; `pending` until a first code proved that it was copied.
    s.texts(t, 'totp_sealed', 'totp_pending');
    // The step of the last code that was accepted: no code is accepted twice.
    t.bigInteger('totp_last_step');
    t.integer('epoch').notNullable().defaultTo(1);
    t.bigInteger('created_at').notNullable();
    t.bigInteger('disabled_at');
    t.index(['org', 'fhir_user'], 'user_account_fhir_user');
  });

  await knex.schema.createTable('recovery_code', (t) => {
    t.text('user_id').notNullable().references('user_account.id');
    t.text('hash').notNullable();
    t.bigInteger('used_at');
    t.primary(['user_id', 'hash']);
  });

  // Between the password and the second factor.
  await knex.schema.createTable('mfa_challenge', (t) => {
    t.text('hash').primary();
    t.text('user_id').notNullable().references('user_account.id');
    t.integer('attempts').notNullable().defaultTo(0);
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('used_at');
  });

  await knex.schema.createTable('session', (t) => {
    t.text('id').primary();
    t.text('org').notNullable().references('org.id');
    t.text('user_id').notNullable().references('user_account.id');
    t.bigInteger('mfa_at');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('revoked_at');
    t.index(['user_id'], 'session_user');
  });

  // Failures of secrets and logins, counted for all processes: the columns are those of rate-limiter-flexible.
  await knex.schema.createTable('rate_limit', (t) => {
    t.string('key', 255).primary();
    t.integer('points').notNullable().defaultTo(0);
    t.bigInteger('expire');
    t.index(['expire'], 'rate_limit_expire');
  });

  // What each process has let through, so that several processes keep one limit.
  await knex.schema.createTable('traffic', (t) => {
    t.text('process').notNullable();
    t.text('org').notNullable();
    // Empty for the users of the organization.
    t.text('credential').notNullable();
    t.bigInteger('requests').notNullable();
    t.bigInteger('at').notNullable();
    t.primary(['process', 'org', 'credential']);
    t.index(['at'], 'traffic_at');
  });
}

/** What apps and services prove themselves with, and what was issued to them. */
async function createCredentials(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('credential', (t) => {
    t.text('id').primary();
    t.text('org').notNullable().references('org.id');
    // portal, org, client, backend, app.
    t.text('kind').notNullable();
    t.text('name').notNullable();
    // A rotated credential has two secrets until the old one ends.
    s.texts(t, 'secret_hash', 'previous_secret_hash');
    t.bigInteger('previous_expires_at');
    // The keys of a client that signs assertions: as registered, or where to fetch them.
    s.texts(t, 'jwks', 'jwks_url');
    // The one patient whose data it opens.
    t.text('patient');
    t.text('scope_ceiling').notNullable();
    t.boolean('can_introspect').notNullable().defaultTo(false);
    t.integer('epoch').notNullable().defaultTo(1);
    t.text('created_by');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('last_used_at');
    t.bigInteger('expires_at');
    t.bigInteger('disabled_at');
    t.index(['org', 'kind'], 'credential_org');
    t.index(['org', 'patient'], 'credential_patient');
  });

  // What a user allowed an app.
  await knex.schema.createTable('auth_grant', (t) => {
    t.text('id').primary();
    t.text('org').notNullable().references('org.id');
    t.text('credential_id').notNullable().references('credential.id');
    t.text('user_id').notNullable().references('user_account.id');
    s.texts(t, 'patient', 'encounter', 'fhir_context');
    t.text('scope').notNullable();
    t.bigInteger('created_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('revoked_at');
    t.index(['credential_id'], 'auth_grant_credential');
    t.index(['user_id'], 'auth_grant_user');
  });

  // A family of refresh tokens belongs to a session or to a grant; each is used once.
  await knex.schema.createTable('refresh_token', (t) => {
    t.text('hash').primary();
    t.text('session_id').references('session.id');
    t.text('grant_id').references('auth_grant.id');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.bigInteger('used_at');
    t.index(['session_id'], 'refresh_token_session');
    t.index(['grant_id'], 'refresh_token_grant');
  });

  // Client assertions that were used, until they would have expired.
  await knex.schema.createTable('jti_seen', (t) => {
    t.text('credential_id').notNullable();
    t.text('jti').notNullable();
    t.bigInteger('expires_at').notNullable();
    t.primary(['credential_id', 'jti']);
    t.index(['expires_at'], 'jti_seen_expires');
  });

  // Access tokens that were revoked one by one, until they would have expired.
  await knex.schema.createTable('revoked_jti', (t) => {
    t.text('jti').primary();
    t.bigInteger('expires_at').notNullable();
    t.index(['expires_at'], 'revoked_jti_expires');
  });

  await knex.schema.createTable('signing_key', (t) => {
    t.text('kid').primary();
    t.text('alg').notNullable();
    t.text('public_jwk').notNullable();
    // AES-256-GCM under a key derived from PORTICO_SECRET.
    t.text('private_wrapped').notNullable();
    t.bigInteger('created_at').notNullable();
    // The last whose time has come signs; it is published before, and after until what it signed has expired.
    t.bigInteger('active_from').notNullable();
    t.bigInteger('retire_at');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(
    knex,
    'signing_key',
    'revoked_jti',
    'jti_seen',
    'refresh_token',
    'auth_grant',
    'credential',
    'traffic',
    'rate_limit',
    'session',
    'mfa_challenge',
    'recovery_code',
    'user_account',
  );
