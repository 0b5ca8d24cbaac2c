import type {
  Attachment,
  DocumentReference,
  DocumentReferenceContent,
  DocumentReferenceContext,
  DocumentReferenceRelatesTo,
} from '@medplum/fhirtypes';
import {
  clinical,
  composite,
  date,
  defineResource,
  either,
  el,
  kept,
  reference,
  text,
  token,
  uri,
  view,
  within,
  type columns,
} from '../src/define/index.js';
import { binary } from './elements/binary.js';

interface Row
  extends
    columns.ClinicalRow,
    columns.Concept<'type' | 'category' | 'security_label' | 'event' | 'facility' | 'setting'>,
    columns.Reference<'subject' | 'author' | 'authenticator' | 'custodian' | 'encounter'>,
    columns.DateTime<'date'>,
    columns.Folded<'description'>,
    columns.Period<'period'> {
  master_system: string | null;
  master_value: string | null;
  status: string | null;
  doc_status: string | null;
}

interface Children {
  identifiers: columns.IdentifierRow;
  contents: columns.Coding<'format'> &
    Record<'content_type' | 'language' | 'url' | 'blob_id' | 'hash' | 'title' | 'creation', string | null> & {
      size: number | null;
    };
  relatesTo: columns.Reference<'target'> & { code: string };
}

const relation = token(el.code('code'), { system: 'http://hl7.org/fhir/document-relationship-type' });
const related = reference(el.reference('target'), { to: ['DocumentReference'] });

/** Documents and their bytes, which Binary/[id] serves to whoever may read the document. The PSR of a case is one. */
export default defineResource<DocumentReference, Row, Children>({
  type: 'DocumentReference',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference'],
  source: clinical('document_reference'),
  children: {
    identifiers: { table: 'document_identifier', parent: 'parent_id', order: 'position' },
    contents: { table: 'document_content', parent: 'parent_id', order: 'position' },
    relatesTo: { table: 'document_relates_to', parent: 'parent_id', order: 'position' },
  },
  patient: ['subject', 'author'],
  native: [
    { name: 'ccda', when: { type: ['http://loinc.org|34133-9'] } },
    { name: 'letters', when: { type: ['http://loinc.org|51852-2'] } },
    { name: 'non_visit_notes', when: { type: ['http://loinc.org|34109-9'] } },
    { name: 'visit_notes', when: { type: ['http://loinc.org|11506-3'] } },
    { name: 'reports', when: { type: ['http://loinc.org|67796-3'] } },
    {
      name: 'clinical_documents',
      when: { category: ['http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category|clinical-note'] },
    },
  ],
  search: {
    authenticator: reference(el.reference('authenticator')),
    author: reference(el.reference('author')),
    category: token(el.concept('category')),
    contenttype: within('contents', token(el.code('content_type'), { system: 'urn:ietf:bcp:13' })),
    custodian: reference(el.reference('custodian')),
    date: date(el.dateTime('date')),
    description: text(el.folded('description')),
    encounter: reference(el.reference('encounter')),
    event: token(el.concept('event')),
    facility: token(el.concept('facility')),
    format: within('contents', token(el.coding('format'))),
    identifier: either(
      token({ code: 'master_value', system: 'master_system' }),
      within('identifiers', token(el.identifier())),
    ),
    language: within('contents', token(el.code('language'), { system: 'urn:ietf:bcp:47' })),
    location: within('contents', uri(binary())),
    patient: reference(el.reference('subject'), { to: ['Patient'] }),
    period: date(el.period('period')),
    related: kept('reference'),
    relatesto: within('relatesTo', related),
    relation: within('relatesTo', relation),
    relationship: within('relatesTo', composite(related, relation)),
    'security-label': token(el.concept('security_label')),
    setting: token(el.concept('setting')),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/document-reference-status' }),
    subject: reference(el.reference('subject')),
    type: token(el.concept('type')),
  },
  sort: ['-date', '_id', '_lastUpdated', 'status', 'type'],
  granularScopes: ['category', 'type'],
  attachments: { path: 'content.attachment', child: 'contents', column: 'blob_id' },
  view: view<DocumentReference, Row, Children>({
    masterIdentifier: el.group<NonNullable<DocumentReference['masterIdentifier']>>()({
      system: el.uri('master_system'),
      value: el.string('master_value'),
    }),
    identifier: el.list('identifiers', el.identifier()),
    status: el.code('status'),
    docStatus: el.code('doc_status'),
    type: el.concept('type'),
    category: el.first(el.concept('category')),
    subject: el.reference('subject'),
    date: el.dateTime('date'),
    author: el.first(el.reference('author')),
    authenticator: el.reference('authenticator'),
    custodian: el.reference('custodian'),
    relatesTo: el.list(
      'relatesTo',
      el.group<DocumentReferenceRelatesTo>()({ code: el.code('code'), target: el.reference('target') }),
    ),
    description: el.folded('description'),
    securityLabel: el.first(el.concept('security_label')),
    content: el.list(
      'contents',
      el.group<DocumentReferenceContent>()({
        attachment: el.group<Attachment>()({
          contentType: el.code('content_type'),
          language: el.code('language'),
          url: binary(),
          size: el.number('size'),
          hash: el.string('hash'),
          title: el.string('title'),
          creation: el.string('creation'),
        }),
        format: el.coding('format'),
      }),
    ),
    context: el.group<DocumentReferenceContext>()({
      encounter: el.first(el.reference('encounter')),
      event: el.first(el.concept('event')),
      period: el.period('period'),
      facilityType: el.concept('facility'),
      practiceSetting: el.concept('setting'),
    }),
  }),
  write: { create: true, update: true, delete: true },
});
