import type { PractitionerRole } from '@medplum/fhirtypes';
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
    columns.Period<'period'>,
    columns.Concept<'code' | 'specialty'>,
    columns.Reference<'practitioner' | 'organization' | 'location' | 'healthcare_service' | 'endpoint'> {
  active: boolean | null;
}

interface Children {
  identifiers: columns.IdentifierRow;
  telecoms: columns.ContactPointRow;
}

/** Who works where as what: a directory that every token of the tenant with a scope on it may read. */
export default defineResource<PractitionerRole, Row, Children>({
  type: 'PractitionerRole',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitionerrole'],
  source: clinical('practitioner_role'),
  children: {
    identifiers: { table: 'practitioner_role_identifier', parent: 'parent_id', order: 'position' },
    telecoms: { table: 'practitioner_role_telecom', parent: 'parent_id', order: 'position' },
  },
  patient: 'shared',
  native: [{ name: 'physicians' }],
  search: {
    active: token(el.boolean('active')),
    date: date(el.period('period')),
    email: within('telecoms', token(el.contactPoint(), { only: { column: 'system', value: 'email' } })),
    endpoint: reference(el.reference('endpoint')),
    identifier: within('identifiers', token(el.identifier())),
    location: reference(el.reference('location')),
    organization: reference(el.reference('organization')),
    phone: within('telecoms', token(el.contactPoint(), { only: { column: 'system', value: 'phone' } })),
    practitioner: reference(el.reference('practitioner')),
    role: token(el.concept('code')),
    service: reference(el.reference('healthcare_service')),
    specialty: token(el.concept('specialty')),
    telecom: within('telecoms', token(el.contactPoint())),
  },
  sort: ['_id', '_lastUpdated', 'date'],
  view: view<PractitionerRole, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    active: el.boolean('active'),
    period: el.period('period'),
    practitioner: el.reference('practitioner'),
    organization: el.reference('organization'),
    code: el.first(el.concept('code')),
    specialty: el.first(el.concept('specialty')),
    location: el.first(el.reference('location')),
    healthcareService: el.first(el.reference('healthcare_service')),
    telecom: el.list('telecoms', el.contactPoint()),
    endpoint: el.first(el.reference('endpoint')),
  }),
  write: { create: true, update: true, delete: true },
});
