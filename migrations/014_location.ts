import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Locations as clinical rows of a tenant: sites, wards, ambulances. */
export async function up(knex: Knex): Promise<void> {
  const { clinical, coding, concept, folded, reference, index, texts, identifiers, telecoms, addresses } = shapes(knex);
  await knex.schema.createTable('location', (t) => {
    clinical(t);
    texts(t, 'status', 'mode', 'description');
    coding(t, 'operational_status');
    folded(t, 'name', 'alias');
    concept(t, 'type', 'physical_type');
    reference(t, 'managing_organization', 'part_of');
    for (const name of ['longitude', 'latitude', 'altitude']) t.double(name);
    index(t, 'location_updated', ['updated_at', 'id']);
    index(t, 'location_name', ['name_fold', 'id'], 'name_fold');
    index(t, 'location_alias', ['alias_fold', 'id'], 'alias_fold');
    index(t, 'location_status', ['status', 'id'], 'status');
    index(t, 'location_operational', ['operational_status_code', 'id'], 'operational_status_code');
    index(t, 'location_type', ['type_code', 'id'], 'type_code');
    index(t, 'location_organization', ['managing_organization', 'id'], 'managing_organization');
    index(t, 'location_part_of', ['part_of', 'id'], 'part_of');
  });
  await identifiers('location_identifier', 'parent_id');
  await telecoms('location_telecom', 'parent_id');
  await addresses('location_address', 'parent_id');
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'location_address', 'location_telecom', 'location_identifier', 'location');
