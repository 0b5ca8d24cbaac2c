import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('specimen', (t) => {
    s.clinical(t);
    s.ordered(t, 'accession_system', 'accession_value');
    s.texts(t, 'status', 'received', 'collected_type', 'collected_from', 'collected_to');
    s.concept(t, 'type', 'method', 'body_site', 'fasting', 'condition');
    s.reference(t, 'subject', 'parent', 'collector');
    s.dateTime(t, 'collected');
    s.quantity(t, 'quantity');
    const order = ['collected_start', 'id', 'version'];
    s.index(t, 'specimen_updated', ['updated_at', 'id']);
    s.index(t, 'specimen_collected', order);
    s.index(t, 'specimen_patient', ['patient_id', ...order], 'patient_id');
    s.index(t, 'specimen_subject', ['subject', ...order], 'subject');
    s.index(t, 'specimen_accession', ['accession_value', ...order], 'accession_value');
    s.index(t, 'specimen_body_site', ['body_site_code', ...order], 'body_site_code');
    s.index(t, 'specimen_collector', ['collector', ...order], 'collector');
    s.index(t, 'specimen_parent', ['parent', ...order], 'parent');
    s.index(t, 'specimen_status', ['status', ...order], 'status');
    s.index(t, 'specimen_type', ['type_code', ...order], 'type_code');
  });
  await s.identifiers('specimen_identifier', 'parent_id');
  await s.child('specimen_container', 'parent_id', (t) => {
    s.ordered(t, 'identifier_system', 'identifier_value');
    t.text('description');
    s.concept(t, 'type');
    s.quantity(t, 'capacity', 'quantity');
    s.index(t, 'specimen_container_type', ['type_code', 'parent_id'], 'type_code');
    s.index(t, 'specimen_container_identifier', ['identifier_value', 'parent_id'], 'identifier_value');
  });
}

export const down = (knex: Knex): Promise<void> => drop(knex, 'specimen_container', 'specimen_identifier', 'specimen');
