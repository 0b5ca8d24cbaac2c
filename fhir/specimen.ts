import type { Specimen, SpecimenCollection, SpecimenContainer } from '@medplum/fhirtypes';
import {
  clinical,
  date,
  defineResource,
  el,
  reference,
  token,
  view,
  within,
  type columns,
} from '../src/define/index.js';

interface Row
  extends
    columns.ClinicalRow,
    columns.Concept<'type' | 'method' | 'body_site' | 'fasting' | 'condition'>,
    columns.Reference<'subject' | 'parent' | 'collector'>,
    columns.DateTime<'collected'>,
    columns.Period<'collected'>,
    columns.Quantity<'quantity'> {
  status: string | null;
  accession_system: string | null;
  accession_value: string | null;
  received: string | null;
  collected_type: string | null;
}

interface Children {
  identifiers: columns.IdentifierRow;
  containers: columns.Concept<'type'> &
    columns.Quantity<'capacity' | 'quantity'> &
    Record<'identifier_system' | 'identifier_value' | 'description', string | null>;
}

/** What was taken from a patient for the laboratory: blood, urine, a swab. */
export default defineResource<Specimen, Row, Children>({
  type: 'Specimen',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-specimen'],
  source: clinical('specimen'),
  children: {
    identifiers: { table: 'specimen_identifier', parent: 'parent_id', order: 'position' },
    containers: { table: 'specimen_container', parent: 'parent_id', order: 'position' },
  },
  patient: ['subject'],
  search: {
    accession: token({ code: 'accession_value', system: 'accession_system' }),
    bodysite: token(el.concept('body_site')),
    collected: date(el.dateTime('collected')),
    collector: reference(el.reference('collector')),
    container: within('containers', token(el.concept('type'))),
    'container-id': within('containers', token({ code: 'identifier_value', system: 'identifier_system' })),
    identifier: within('identifiers', token(el.identifier())),
    parent: reference(el.reference('parent')),
    patient: reference(el.reference('subject'), { to: ['Patient'] }),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/specimen-status' }),
    subject: reference(el.reference('subject')),
    type: token(el.concept('type')),
  },
  sort: ['-collected', '_id', '_lastUpdated', 'type', 'status'],
  view: view<Specimen, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    accessionIdentifier: el.group<NonNullable<Specimen['accessionIdentifier']>>()({
      system: el.uri('accession_system'),
      value: el.string('accession_value'),
    }),
    status: el.code('status'),
    type: el.concept('type'),
    subject: el.reference('subject'),
    receivedTime: el.string('received'),
    parent: el.first(el.reference('parent')),
    collection: el.group<SpecimenCollection>()({
      collector: el.reference('collector'),
      collectedDateTime: el.when('collected_type', 'dateTime', el.dateTime('collected')),
      collectedPeriod: el.when('collected_type', 'Period', el.period('collected')),
      quantity: el.quantity('quantity'),
      method: el.concept('method'),
      bodySite: el.concept('body_site'),
      fastingStatusCodeableConcept: el.concept('fasting'),
    }),
    container: el.list(
      'containers',
      el.group<SpecimenContainer>()({
        identifier: el.first(
          el.group<NonNullable<SpecimenContainer['identifier']>[number]>()({
            system: el.uri('identifier_system'),
            value: el.string('identifier_value'),
          }),
        ),
        description: el.string('description'),
        type: el.concept('type'),
        capacity: el.quantity('capacity'),
        specimenQuantity: el.quantity('quantity'),
      }),
    ),
    condition: el.first(el.concept('condition')),
  }),
  write: { create: true, update: true, delete: true },
});
