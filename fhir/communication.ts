import type { Communication, CommunicationPayload } from '@medplum/fhirtypes';
import {
  clinical,
  date,
  defineResource,
  el,
  kept,
  reference,
  token,
  view,
  within,
  type columns,
} from '../src/define/index.js';

interface Row
  extends
    columns.ClinicalRow,
    columns.Concept<'status_reason' | 'category' | 'medium' | 'topic'>,
    columns.Reference<'subject' | 'sender' | 'encounter' | 'part_of' | 'in_response_to'>,
    columns.DateTime<'sent' | 'received'> {
  status: string;
  priority: string | null;
}

interface Children {
  identifiers: columns.IdentifierRow;
  recipients: columns.Reference<'recipient'>;
  payloads: columns.Reference<'content_reference'> & { content: string | null };
}

/** Team messages. A thread is a header without payload that its messages are `partOf`. */
export default defineResource<Communication, Row, Children>({
  type: 'Communication',
  profiles: [],
  source: clinical('communication'),
  children: {
    identifiers: { table: 'communication_identifier', parent: 'parent_id', order: 'position' },
    recipients: { table: 'communication_recipient', parent: 'parent_id', order: 'position' },
    payloads: { table: 'communication_payload', parent: 'parent_id', order: 'position' },
  },
  patient: ['subject', 'sender', 'recipient'],
  native: [{ name: 'thread_messages' }],
  search: {
    'based-on': kept('reference'),
    category: token(el.concept('category')),
    encounter: reference(el.reference('encounter')),
    identifier: within('identifiers', token(el.identifier())),
    'instantiates-canonical': kept('reference'),
    'instantiates-uri': kept('uri'),
    medium: token(el.concept('medium')),
    'part-of': reference(el.reference('part_of')),
    patient: reference(el.reference('subject'), { to: ['Patient'] }),
    received: date(el.dateTime('received')),
    recipient: within('recipients', reference(el.reference('recipient'))),
    sender: reference(el.reference('sender')),
    sent: date(el.dateTime('sent')),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/event-status' }),
    subject: reference(el.reference('subject')),
  },
  sort: ['-sent', '_id', '_lastUpdated', 'received', 'status'],
  granularScopes: ['category'],
  view: view<Communication, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    partOf: el.first(el.reference('part_of')),
    inResponseTo: el.first(el.reference('in_response_to')),
    status: el.code('status'),
    statusReason: el.concept('status_reason'),
    category: el.first(el.concept('category')),
    priority: el.code('priority'),
    medium: el.first(el.concept('medium')),
    subject: el.reference('subject'),
    topic: el.concept('topic'),
    encounter: el.reference('encounter'),
    sent: el.dateTime('sent'),
    received: el.dateTime('received'),
    recipient: el.list('recipients', el.reference('recipient')),
    sender: el.reference('sender'),
    payload: el.list(
      'payloads',
      el.group<CommunicationPayload>()({
        contentString: el.string('content'),
        contentReference: el.reference('content_reference'),
      }),
    ),
  }),
  write: { create: true, update: true, delete: true },
});
