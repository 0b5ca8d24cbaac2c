import type { Practitioner, PractitionerQualification } from '@medplum/fhirtypes';
import { clinical, defineResource, el, text, token, view, within, type columns } from '../src/define/index.js';

interface Row extends columns.ClinicalRow, columns.DateTime<'birth_date'>, columns.Concept<'communication'> {
  active: boolean | null;
  gender: string | null;
  sort_family: string;
  sort_given: string;
}

interface Children {
  identifiers: columns.IdentifierRow;
  names: columns.HumanNameRow;
  telecoms: columns.ContactPointRow;
  addresses: columns.AddressRow;
  qualifications: columns.Concept<'code'> & columns.Reference<'issuer'> & columns.Span<'period'>;
}

/** Physicians, nurses, crew members: a directory that every token of the tenant with a scope on it may read. */
export default defineResource<Practitioner, Row, Children>({
  type: 'Practitioner',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-practitioner'],
  source: clinical('practitioner'),
  children: {
    identifiers: { table: 'practitioner_identifier', parent: 'parent_id', order: 'position' },
    names: { table: 'practitioner_name', parent: 'parent_id', order: 'position' },
    telecoms: { table: 'practitioner_telecom', parent: 'parent_id', order: 'position' },
    addresses: { table: 'practitioner_address', parent: 'parent_id', order: 'position' },
    qualifications: { table: 'practitioner_qualification', parent: 'parent_id', order: 'position' },
  },
  patient: 'shared',
  native: [{ name: 'physicians' }],
  search: {
    active: token(el.boolean('active')),
    address: within('addresses', text(el.address())),
    'address-city': within('addresses', text(el.folded('city'))),
    'address-country': within('addresses', text(el.folded('country'))),
    'address-postalcode': within('addresses', text(el.folded('postal_code'))),
    'address-state': within('addresses', text(el.folded('state'))),
    'address-use': within('addresses', token(el.code('use'), { system: 'http://hl7.org/fhir/address-use' })),
    communication: token(el.concept('communication')),
    email: within('telecoms', token(el.contactPoint(), { only: { column: 'system', value: 'email' } })),
    family: within('names', text(el.folded('family'))),
    gender: token(el.code('gender'), { system: 'http://hl7.org/fhir/administrative-gender' }),
    given: within('names', text(el.folded('given'), el.folded('middle'))),
    identifier: within('identifiers', token(el.identifier())),
    name: within('names', text(el.humanName())),
    phone: within('telecoms', token(el.contactPoint(), { only: { column: 'system', value: 'phone' } })),
    telecom: within('telecoms', token(el.contactPoint())),
  },
  sort: ['_id', '_lastUpdated', 'family', 'given'],
  view: view<Practitioner, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    active: el.boolean('active'),
    name: el.list('names', el.humanName(), { family_fold: 'sort_family', given_fold: 'sort_given' }),
    telecom: el.list('telecoms', el.contactPoint()),
    address: el.list('addresses', el.address()),
    gender: el.code('gender'),
    birthDate: el.date('birth_date'),
    qualification: el.list(
      'qualifications',
      el.group<PractitionerQualification>()({
        code: el.concept('code'),
        period: el.span('period'),
        issuer: el.reference('issuer'),
      }),
    ),
    communication: el.first(el.concept('communication')),
  }),
  write: { create: true, update: true, delete: true },
});
