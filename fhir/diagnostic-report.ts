import type { Attachment, DiagnosticReport } from '@medplum/fhirtypes';
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
import { binary } from './elements/binary.js';

interface Row
  extends
    columns.ClinicalRow,
    columns.Concept<'category' | 'code' | 'conclusion'>,
    columns.Reference<'subject' | 'encounter' | 'performer' | 'results_interpreter' | 'specimen'>,
    columns.DateTime<'effective' | 'issued'>,
    columns.Period<'effective'> {
  status: string;
  effective_type: string | null;
  conclusion: string | null;
}

interface Children {
  identifiers: columns.IdentifierRow;
  results: columns.Reference<'target'>;
  forms: Record<'content_type' | 'language' | 'url' | 'blob_id' | 'hash' | 'title' | 'creation', string | null> & {
    size: number | null;
  };
}

const us = (name: string): string => `http://hl7.org/fhir/us/core/StructureDefinition/us-core-diagnosticreport-${name}`;

/** Reports of the laboratory with their results, and of imaging and cardiology as documents. */
export default defineResource<DiagnosticReport, Row, Children>({
  type: 'DiagnosticReport',
  profiles: [us('lab'), us('note')],
  source: clinical('diagnostic_report'),
  children: {
    identifiers: { table: 'diagnostic_report_identifier', parent: 'parent_id', order: 'position' },
    results: { table: 'diagnostic_report_result', parent: 'parent_id', order: 'position' },
    forms: { table: 'diagnostic_report_form', parent: 'parent_id', order: 'position' },
  },
  patient: ['subject'],
  native: [{ name: 'reports' }],
  search: {
    'based-on': kept('reference'),
    category: token(el.concept('category')),
    code: token(el.concept('code')),
    conclusion: token(el.concept('conclusion')),
    date: date(el.dateTime('effective')),
    encounter: reference(el.reference('encounter')),
    identifier: within('identifiers', token(el.identifier())),
    issued: date(el.dateTime('issued')),
    media: kept('reference'),
    patient: reference(el.reference('subject'), { to: ['Patient'] }),
    performer: reference(el.reference('performer')),
    result: within('results', reference(el.reference('target'))),
    'results-interpreter': reference(el.reference('results_interpreter')),
    specimen: reference(el.reference('specimen')),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/diagnostic-report-status' }),
    subject: reference(el.reference('subject')),
  },
  sort: ['-date', '_id', '_lastUpdated', 'issued', 'code', 'category', 'status'],
  granularScopes: ['category', 'code'],
  attachments: { path: 'presentedForm', child: 'forms', column: 'blob_id' },
  view: view<DiagnosticReport, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    status: el.code('status'),
    category: el.first(el.concept('category')),
    code: el.concept('code'),
    subject: el.reference('subject'),
    encounter: el.reference('encounter'),
    effectiveDateTime: el.when('effective_type', 'dateTime', el.dateTime('effective')),
    effectivePeriod: el.when('effective_type', 'Period', el.period('effective')),
    issued: el.dateTime('issued'),
    performer: el.first(el.reference('performer')),
    resultsInterpreter: el.first(el.reference('results_interpreter')),
    specimen: el.first(el.reference('specimen')),
    result: el.list('results', el.reference('target')),
    conclusion: el.string('conclusion'),
    conclusionCode: el.first(el.concept('conclusion')),
    presentedForm: el.list(
      'forms',
      el.group<Attachment>()({
        contentType: el.code('content_type'),
        language: el.code('language'),
        url: binary(),
        size: el.number('size'),
        hash: el.string('hash'),
        title: el.string('title'),
        creation: el.string('creation'),
      }),
    ),
  }),
  write: { create: true, update: true, delete: true },
});
