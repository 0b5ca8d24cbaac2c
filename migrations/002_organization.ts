import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Organizations as clinical rows of a tenant: hospitals, EMS agencies, payers. */
export async function up(knex: Knex): Promise<void> {
  const { clinical, folded, concept, reference, index, identifiers, telecoms, addresses } = shapes(knex);
  await knex.schema.createTable('organization', (t) => {
    clinical(t);
    t.boolean('active');
    folded(t, 'name', 'alias');
    concept(t, 'type');
    reference(t, 'part_of');
    index(t, 'organization_updated', ['updated_at', 'id']);
    index(t, 'organization_active', ['active', 'id']);
    index(t, 'organization_name', ['name_fold', 'id'], 'name_fold');
    index(t, 'organization_alias', ['alias_fold', 'id'], 'alias_fold');
    index(t, 'organization_type', ['type_code', 'id'], 'type_code');
    index(t, 'organization_part_of', ['part_of', 'id'], 'part_of');
  });
  await identifiers('organization_identifier', 'parent_id');
  await telecoms('organization_telecom', 'parent_id');
  await addresses('organization_address', 'parent_id');
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'organization_address', 'organization_telecom', 'organization_identifier', 'organization');
