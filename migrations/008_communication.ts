import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

/** Team messages. A thread is a header without payload that its messages are part of. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('communication', (t) => {
    s.clinical(t);
    t.text('status').notNullable();
    t.text('priority');
    s.concept(t, 'status_reason', 'category', 'medium', 'topic');
    s.reference(t, 'subject', 'sender', 'encounter', 'part_of', 'in_response_to');
    s.dateTime(t, 'sent', 'received');
    const order = ['sent_start', 'id', 'version'];
    s.index(t, 'communication_updated', ['updated_at', 'id']);
    s.index(t, 'communication_sent', order);
    s.index(t, 'communication_received', ['received_start', 'id']);
    s.index(t, 'communication_patient', ['patient_id', ...order], 'patient_id');
    s.index(t, 'communication_subject', ['subject', ...order], 'subject');
    s.index(t, 'communication_sender', ['sender', ...order], 'sender');
    s.index(t, 'communication_encounter', ['encounter', ...order], 'encounter');
    s.index(t, 'communication_part_of', ['part_of', ...order], 'part_of');
    s.index(t, 'communication_status', ['status', ...order]);
    s.index(t, 'communication_category', ['category_code', ...order], 'category_code');
    s.index(t, 'communication_medium', ['medium_code', ...order], 'medium_code');
  });
  await s.identifiers('communication_identifier', 'parent_id');
  await s.child('communication_recipient', 'parent_id', (t) => {
    s.reference(t, 'recipient');
    s.index(t, 'communication_recipient_recipient', ['recipient', 'parent_id'], 'recipient');
  });
  await s.child('communication_payload', 'parent_id', (t) => {
    t.text('content');
    s.reference(t, 'content_reference');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(knex, 'communication_payload', 'communication_recipient', 'communication_identifier', 'communication');
