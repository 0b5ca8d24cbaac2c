import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const { clinical, concept, period, reference, index, identifiers, telecoms } = shapes(knex);
  const references = ['practitioner', 'organization', 'location', 'healthcare_service', 'endpoint'];
  await knex.schema.createTable('practitioner_role', (t) => {
    clinical(t);
    t.boolean('active');
    period(t, 'period');
    reference(t, ...references);
    concept(t, 'code', 'specialty');
    index(t, 'practitioner_role_updated', ['updated_at', 'id']);
    index(t, 'practitioner_role_active', ['active', 'id']);
    index(t, 'practitioner_role_period', ['period_start', 'id']);
    index(t, 'practitioner_role_code', ['code_code', 'id'], 'code_code');
    index(t, 'practitioner_role_specialty', ['specialty_code', 'id'], 'specialty_code');
    for (const name of references) index(t, `practitioner_role_${name}`, [name, 'id'], name);
  });
  await identifiers('practitioner_role_identifier', 'parent_id');
  await telecoms('practitioner_role_telecom', 'parent_id');
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'practitioner_role_telecom', 'practitioner_role_identifier', 'practitioner_role');
