import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('patient', (t) => {
    s.clinical(t);
    t.boolean('active');
    t.text('gender');
    s.dateTime(t, 'birth_date');
    // `deceased` answers the search; the two others say how the resource said it.
    t.boolean('deceased').notNullable().defaultTo(false);
    t.boolean('deceased_boolean');
    s.dateTime(t, 'deceased_at');
    s.concept(t, 'marital_status');
    t.boolean('multiple_birth_boolean');
    t.integer('multiple_birth_integer');
    s.reference(t, 'general_practitioner', 'managing_organization');
    s.texts(t, 'race_text', 'ethnicity_text', 'birth_sex', 'sex');
    s.concept(t, 'tribal_affiliation', 'gender_identity');
    t.boolean('tribal_enrolled');
    s.ordered(t, 'sort_family', 'sort_given');
    s.index(t, 'patient_updated', ['updated_at', 'id']);
    s.index(t, 'patient_active', ['active', 'id']);
    s.index(t, 'patient_gender', ['gender', 'id'], 'gender');
    s.index(t, 'patient_birth_date', ['birth_date_start', 'id']);
    s.index(t, 'patient_deceased', ['deceased', 'id']);
    s.index(t, 'patient_deceased_at', ['deceased_at_start', 'id']);
    s.index(t, 'patient_practitioner', ['general_practitioner', 'id'], 'general_practitioner');
    s.index(t, 'patient_organization', ['managing_organization', 'id'], 'managing_organization');
    s.index(t, 'patient_sort_family', ['sort_family', 'id']);
    s.index(t, 'patient_sort_given', ['sort_given', 'id']);
  });
  await s.identifiers('patient_identifier', 'parent_id');
  await s.names('patient_name', 'parent_id');
  await s.telecoms('patient_telecom', 'parent_id');
  await s.addresses('patient_address', 'parent_id');
  await s.child('patient_language', 'parent_id', (t) => {
    s.concept(t, 'language');
    t.boolean('preferred');
    s.index(t, 'patient_language_code', ['language_code', 'parent_id'], 'language_code');
  });
  // The OMB categories and the detailed codes of the US Core race and ethnicity extensions.
  for (const name of ['race', 'ethnicity'])
    await s.child(`patient_${name}`, 'parent_id', (t) => {
      t.text('level').notNullable();
      s.coding(t, 'code');
    });
  await s.child('patient_contact', 'parent_id', (t) => {
    s.concept(t, 'relationship');
    s.texts(t, 'family', 'given', 'name_text', 'phone_system', 'phone', 'phone_use', 'gender');
    s.span(t, 'period');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(
    knex,
    'patient_contact',
    'patient_ethnicity',
    'patient_race',
    'patient_language',
    'patient_address',
    'patient_telecom',
    'patient_name',
    'patient_identifier',
    'patient',
  );
