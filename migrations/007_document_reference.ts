import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('document_reference', (t) => {
    s.clinical(t);
    s.ordered(t, 'master_system', 'master_value');
    s.texts(t, 'status', 'doc_status');
    s.concept(t, 'type', 'category');
    s.reference(t, 'subject', 'author', 'authenticator', 'custodian', 'encounter');
    s.dateTime(t, 'date');
    s.folded(t, 'description');
    s.coding(t, 'security_label');
    t.text('security_label_text');
    s.period(t, 'period');
    s.concept(t, 'event', 'facility', 'setting');
    const order = ['date_start', 'id', 'version'];
    s.index(t, 'document_updated', ['updated_at', 'id']);
    s.index(t, 'document_date', order);
    s.index(t, 'document_patient', ['patient_id', ...order], 'patient_id');
    s.index(t, 'document_subject', ['subject', ...order], 'subject');
    s.index(t, 'document_master', ['master_value', ...order], 'master_value');
    s.index(t, 'document_status', ['status', ...order], 'status');
    s.index(t, 'document_type', ['type_code', ...order], 'type_code');
    s.index(t, 'document_category', ['category_code', ...order], 'category_code');
    s.index(t, 'document_author', ['author', ...order], 'author');
    s.index(t, 'document_authenticator', ['authenticator', ...order], 'authenticator');
    s.index(t, 'document_custodian', ['custodian', ...order], 'custodian');
    s.index(t, 'document_encounter', ['encounter', ...order], 'encounter');
    s.index(t, 'document_description', ['description_fold', ...order], 'description_fold');
    s.index(t, 'document_security', ['security_label_code', ...order], 'security_label_code');
    s.index(t, 'document_period', ['period_start', 'id']);
    s.index(t, 'document_event', ['event_code', ...order], 'event_code');
    s.index(t, 'document_facility', ['facility_code', ...order], 'facility_code');
    s.index(t, 'document_setting', ['setting_code', ...order], 'setting_code');
  });
  await s.identifiers('document_identifier', 'parent_id');
  await s.child('document_content', 'parent_id', (t) => {
    s.texts(t, 'content_type', 'language');
    s.ordered(t, 'url', 'blob_id');
    t.bigInteger('size');
    s.texts(t, 'hash', 'title', 'creation');
    s.coding(t, 'format');
    s.index(t, 'document_content_blob', ['blob_id', 'parent_id'], 'blob_id');
    s.index(t, 'document_content_url', ['url', 'parent_id'], 'url');
    s.index(t, 'document_content_type', ['content_type', 'parent_id'], 'content_type');
    s.index(t, 'document_content_language', ['language', 'parent_id'], 'language');
    s.index(t, 'document_content_format', ['format_code', 'parent_id'], 'format_code');
  });
  await s.child('document_relates_to', 'parent_id', (t) => {
    t.text('code').notNullable();
    s.reference(t, 'target');
    s.index(t, 'document_relates_to_target', ['target', 'parent_id'], 'target');
    s.index(t, 'document_relates_to_code', ['code', 'parent_id']);
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'document_relates_to', 'document_content', 'document_identifier', 'document_reference');
