import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const {
    clinical,
    concept,
    dateTime,
    ordered,
    reference,
    span,
    index,
    child,
    identifiers,
    names,
    telecoms,
    addresses,
  } = shapes(knex);
  await knex.schema.createTable('practitioner', (t) => {
    clinical(t);
    t.boolean('active');
    t.text('gender');
    dateTime(t, 'birth_date');
    concept(t, 'communication');
    ordered(t, 'sort_family', 'sort_given');
    index(t, 'practitioner_updated', ['updated_at', 'id']);
    index(t, 'practitioner_active', ['active', 'id']);
    index(t, 'practitioner_gender', ['gender', 'id'], 'gender');
    index(t, 'practitioner_communication', ['communication_code', 'id'], 'communication_code');
    index(t, 'practitioner_sort_family', ['sort_family', 'id']);
    index(t, 'practitioner_sort_given', ['sort_given', 'id']);
  });
  await identifiers('practitioner_identifier', 'parent_id');
  await names('practitioner_name', 'parent_id');
  await telecoms('practitioner_telecom', 'parent_id');
  await addresses('practitioner_address', 'parent_id');
  await child('practitioner_qualification', 'parent_id', (t) => {
    concept(t, 'code');
    reference(t, 'issuer');
    span(t, 'period');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(
    knex,
    'practitioner_qualification',
    'practitioner_address',
    'practitioner_telecom',
    'practitioner_name',
    'practitioner_identifier',
    'practitioner',
  );
