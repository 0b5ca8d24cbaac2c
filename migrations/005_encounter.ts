import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Encounters. A patient channel (one emergency case of one patient) is one. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('encounter', (t) => {
    s.clinical(t);
    t.text('status').notNullable();
    s.coding(t, 'class');
    // Of a channel: the patient type, the acuity, and the chief complaint.
    s.concept(t, 'type', 'priority', 'reason');
    s.reference(t, 'subject', 'service_provider', 'part_of', 'origin', 'destination');
    s.period(t, 'period');
    s.concept(t, 'admit_source', 'discharge_disposition');
    s.index(t, 'encounter_updated', ['updated_at', 'id']);
    s.index(t, 'encounter_date', ['period_start', 'id', 'version']);
    s.index(t, 'encounter_patient', ['patient_id', 'period_start', 'id', 'version'], 'patient_id');
    s.index(t, 'encounter_subject', ['subject', 'period_start', 'id', 'version'], 'subject');
    s.index(t, 'encounter_status', ['status', 'period_start', 'id', 'version']);
    s.index(t, 'encounter_class', ['class_code', 'period_start', 'id', 'version'], 'class_code');
    s.index(t, 'encounter_type', ['type_code', 'period_start', 'id', 'version'], 'type_code');
    s.index(t, 'encounter_reason', ['reason_code', 'period_start', 'id', 'version'], 'reason_code');
    s.index(t, 'encounter_provider', ['service_provider', 'period_start', 'id', 'version'], 'service_provider');
    s.index(t, 'encounter_part_of', ['part_of', 'period_start', 'id', 'version'], 'part_of');
    s.index(t, 'encounter_discharge', ['discharge_disposition_code', 'id'], 'discharge_disposition_code');
  });
  await s.identifiers('encounter_identifier', 'parent_id');
  await s.child('encounter_location', 'parent_id', (t) => {
    s.reference(t, 'location');
    t.text('status');
    s.period(t, 'period');
    s.index(t, 'encounter_location_location', ['location', 'parent_id'], 'location');
    s.index(t, 'encounter_location_period', ['period_start', 'parent_id']);
  });
  await s.child('encounter_participant', 'parent_id', (t) => {
    s.concept(t, 'type');
    s.reference(t, 'individual');
    s.span(t, 'period');
    s.index(t, 'encounter_participant_type', ['type_code', 'parent_id'], 'type_code');
    s.index(t, 'encounter_participant_individual', ['individual', 'parent_id'], 'individual');
  });
  // The timeline of a channel: First Contact, At Patient, EMS Scene Departure, ED Arrival, Last Known Well and so on.
  await s.child('encounter_event', 'parent_id', (t) => {
    t.text('event');
    s.dateTime(t, 'at');
    s.reference(t, 'entity');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'encounter_event', 'encounter_participant', 'encounter_location', 'encounter_identifier', 'encounter');
