import type { Encounter, EncounterHospitalization, EncounterLocation, EncounterParticipant } from '@medplum/fhirtypes';
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
    columns.Coding<'class'>,
    columns.Concept<'type' | 'priority' | 'reason' | 'admit_source' | 'discharge_disposition'>,
    columns.Reference<'subject' | 'service_provider' | 'part_of' | 'origin' | 'destination'>,
    columns.Period<'period'> {
  status: string;
}

interface Children {
  identifiers: columns.IdentifierRow;
  locations: columns.Reference<'location'> & columns.Period<'period'> & { status: string | null };
  participants: columns.Concept<'type'> & columns.Reference<'individual'> & columns.Span<'period'>;
  events: columns.DateTime<'at'> & columns.Reference<'entity'> & { event: string | null };
}

/** Encounters. A patient channel (one emergency case of one patient) is one: its timeline is an extension. */
export default defineResource<Encounter, Row, Children>({
  type: 'Encounter',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-encounter'],
  source: clinical('encounter'),
  children: {
    identifiers: { table: 'encounter_identifier', parent: 'parent_id', order: 'position' },
    locations: { table: 'encounter_location', parent: 'parent_id', order: 'position' },
    participants: { table: 'encounter_participant', parent: 'parent_id', order: 'position' },
    events: { table: 'encounter_event', parent: 'parent_id', order: 'position' },
  },
  patient: ['patient', 'subject'],
  native: [{ name: 'visit_notes' }],
  search: {
    account: kept('reference'),
    appointment: kept('reference'),
    'based-on': kept('reference'),
    class: token(el.coding('class')),
    date: date(el.period('period')),
    diagnosis: kept('reference'),
    'discharge-disposition': token(el.concept('discharge_disposition'), {
      definition: {
        url: 'http://hl7.org/fhir/us/core/SearchParameter/us-core-encounter-discharge-disposition',
        expression: 'Encounter.hospitalization.dischargeDisposition',
      },
    }),
    'episode-of-care': kept('reference'),
    identifier: within('identifiers', token(el.identifier())),
    length: kept('quantity'),
    location: within('locations', reference(el.reference('location'))),
    'location-period': within('locations', date(el.period('period'))),
    'part-of': reference(el.reference('part_of')),
    participant: within('participants', reference(el.reference('individual'))),
    'participant-type': within('participants', token(el.concept('type'))),
    patient: reference(el.reference('subject'), { to: ['Patient'] }),
    practitioner: within('participants', reference(el.reference('individual'), { to: ['Practitioner'] })),
    'reason-code': token(el.concept('reason')),
    'reason-reference': kept('reference'),
    'service-provider': reference(el.reference('service_provider')),
    'special-arrangement': kept('token'),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/encounter-status' }),
    subject: reference(el.reference('subject')),
    type: token(el.concept('type')),
  },
  sort: ['-date', '_id', '_lastUpdated', 'status'],
  granularScopes: ['class', 'type'],
  view: view<Encounter, Row, Children>({
    extension: el.extensions(
      el.repeatedExtension('StructureDefinition/channel-timeline', 'events', {
        extension: el.extensions(
          el.extension('event', { valueCode: el.code('event') }),
          el.extension('at', { valueDateTime: el.dateTime('at') }),
          el.extension('entity', { valueReference: el.reference('entity') }),
        ),
      }),
    ),
    identifier: el.list('identifiers', el.identifier()),
    status: el.code('status'),
    class: el.coding('class'),
    type: el.first(el.concept('type')),
    priority: el.concept('priority'),
    subject: el.reference('subject'),
    participant: el.list(
      'participants',
      el.group<EncounterParticipant>()({
        type: el.first(el.concept('type')),
        period: el.span('period'),
        individual: el.reference('individual'),
      }),
    ),
    period: el.period('period'),
    reasonCode: el.first(el.concept('reason')),
    hospitalization: el.group<EncounterHospitalization>()({
      origin: el.reference('origin'),
      admitSource: el.concept('admit_source'),
      destination: el.reference('destination'),
      dischargeDisposition: el.concept('discharge_disposition'),
    }),
    location: el.list(
      'locations',
      el.group<EncounterLocation>()({
        location: el.reference('location'),
        status: el.code('status'),
        period: el.period('period'),
      }),
    ),
    serviceProvider: el.reference('service_provider'),
    partOf: el.reference('part_of'),
  }),
  write: { create: true, update: true, delete: true },
});
