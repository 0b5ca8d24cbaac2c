import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('diagnostic_report', (t) => {
    s.clinical(t);
    t.text('status').notNullable();
    s.concept(t, 'category', 'code', 'conclusion');
    t.text('conclusion');
    s.reference(t, 'subject', 'encounter', 'performer', 'results_interpreter', 'specimen');
    s.dateTime(t, 'effective', 'issued');
    s.texts(t, 'effective_type', 'effective_from', 'effective_to');
    const order = ['effective_start', 'id', 'version'];
    s.index(t, 'diagnostic_report_updated', ['updated_at', 'id']);
    s.index(t, 'diagnostic_report_date', order);
    s.index(t, 'diagnostic_report_issued', ['issued_start', 'id']);
    s.index(t, 'diagnostic_report_patient', ['patient_id', ...order], 'patient_id');
    s.index(t, 'diagnostic_report_subject', ['subject', ...order], 'subject');
    s.index(t, 'diagnostic_report_subject_category', ['subject', 'category_code', ...order], 'subject');
    s.index(t, 'diagnostic_report_subject_code', ['subject', 'code_code', ...order], 'subject');
    s.index(t, 'diagnostic_report_category', ['category_code', ...order], 'category_code');
    s.index(t, 'diagnostic_report_code', ['code_code', ...order], 'code_code');
    s.index(t, 'diagnostic_report_conclusion', ['conclusion_code', ...order], 'conclusion_code');
    s.index(t, 'diagnostic_report_encounter', ['encounter', ...order], 'encounter');
    s.index(t, 'diagnostic_report_performer', ['performer', ...order], 'performer');
    s.index(t, 'diagnostic_report_interpreter', ['results_interpreter', ...order], 'results_interpreter');
    s.index(t, 'diagnostic_report_specimen', ['specimen', ...order], 'specimen');
    s.index(t, 'diagnostic_report_status', ['status', ...order]);
  });
  await s.identifiers('diagnostic_report_identifier', 'parent_id');
  await s.child('diagnostic_report_result', 'parent_id', (t) => {
    s.reference(t, 'target');
    s.index(t, 'diagnostic_report_result_target', ['target', 'parent_id'], 'target');
  });
  await s.child('diagnostic_report_form', 'parent_id', (t) => {
    s.texts(t, 'content_type', 'language');
    s.ordered(t, 'url', 'blob_id');
    t.bigInteger('size');
    s.texts(t, 'hash', 'title', 'creation');
    s.index(t, 'diagnostic_report_form_blob', ['blob_id', 'parent_id'], 'blob_id');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'diagnostic_report_form', 'diagnostic_report_result', 'diagnostic_report_identifier', 'diagnostic_report');
