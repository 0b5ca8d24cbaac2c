import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Who asked what, of whom, and what came of it; see docs/decisions/0010. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('audit', (t) => {
    // Empty where nobody was known to ask: a failed login, say.
    s.ordered(t, 'organization_id', 'id');
    t.bigInteger('at').notNullable();
    // The FHIR interaction, or what happened beside FHIR: token, login, revoke and so on.
    t.text('interaction').notNullable();
    // C, R, U, D, E: https://hl7.org/fhir/R4/valueset-audit-event-action.html
    t.text('action').notNullable();
    // The type, and as `Type/id` the one resource, that was asked for.
    t.text('type');
    s.ordered(t, 'entity');
    // HTTP status, and 0, 4 or 8: https://hl7.org/fhir/R4/valueset-audit-event-outcome.html
    t.integer('status').notNullable();
    t.text('outcome').notNullable();
    // Who asked: the credential, the user, and as `Type/id` the person that the user is or acts for.
    s.ordered(t, 'credential_id', 'user_id', 'agent');
    s.texts(t, 'credential_kind', 'jti', 'request_id');
    // The one patient whose data was shown; where there are several, each has a row in audit_patient.
    s.ordered(t, 'patient_id');
    // Its link in the chain of the process that wrote it; a write gets its link within a second.
    t.text('writer').notNullable();
    t.bigInteger('sequence');
    t.text('hash');
    t.primary(['organization_id', 'id']);
    // Every request adds to each index, and to some page of it anywhere: they are few and narrow. Events of the same
    // moment are put in order when they are read.
    s.index(t, 'audit_at', ['at']);
    s.index(t, 'audit_patient_at', ['patient_id', 'at'], 'patient_id');
    s.index(t, 'audit_credential', ['credential_id', 'at'], 'credential_id');
    s.index(t, 'audit_agent', ['agent', 'at'], 'agent');
    t.unique(['writer', 'sequence'], { indexName: 'audit_chain' });
  });
  await s.child('audit_patient', 'audit_id', (t) => {
    s.ordered(t, 'patient_id');
    s.index(t, 'audit_patient_patient', ['patient_id', 'audit_id']);
  });
  // The last link of each chain: rows that are cut off at the end are missed by it.
  await knex.schema.createTable('audit_head', (t) => {
    t.text('writer').primary();
    t.bigInteger('sequence').notNullable();
    t.text('hash').notNullable();
    t.bigInteger('at').notNullable();
  });
}

export const down = (knex: Knex): Promise<void> => drop(knex, 'audit_head', 'audit_patient', 'audit');
