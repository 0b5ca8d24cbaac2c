import type { Patient, PatientCommunication, PatientContact } from '@medplum/fhirtypes';
import {
  clinical,
  date,
  defineResource,
  el,
  kept,
  reference,
  text,
  token,
  view,
  within,
  type columns,
} from '../src/define/index.js';
import { deceased, omb, usCore } from './elements/us-core.js';

interface Row
  extends
    columns.ClinicalRow,
    columns.DateTime<'birth_date' | 'deceased_at'>,
    columns.Concept<'marital_status' | 'tribal_affiliation' | 'gender_identity'>,
    columns.Reference<'general_practitioner' | 'managing_organization'> {
  active: boolean | null;
  gender: string | null;
  deceased: boolean;
  deceased_boolean: boolean | null;
  multiple_birth_boolean: boolean | null;
  multiple_birth_integer: number | null;
  race_text: string | null;
  ethnicity_text: string | null;
  birth_sex: string | null;
  sex: string | null;
  tribal_enrolled: boolean | null;
  sort_family: string;
  sort_given: string;
}

interface Children {
  identifiers: columns.IdentifierRow;
  names: columns.HumanNameRow;
  telecoms: columns.ContactPointRow;
  addresses: columns.AddressRow;
  languages: columns.Concept<'language'> & { preferred: boolean | null };
  races: columns.Coding<'code'> & { level: string };
  ethnicities: columns.Coding<'code'> & { level: string };
  contacts: columns.Concept<'relationship'> &
    columns.Span<'period'> &
    Record<'family' | 'given' | 'name_text' | 'phone_system' | 'phone' | 'phone_use' | 'gender', string | null>;
}

export default defineResource<Patient, Row, Children>({
  type: 'Patient',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient'],
  source: { ...clinical('patient'), patient: 'id' },
  children: {
    identifiers: { table: 'patient_identifier', parent: 'parent_id', order: 'position' },
    names: { table: 'patient_name', parent: 'parent_id', order: 'position' },
    telecoms: { table: 'patient_telecom', parent: 'parent_id', order: 'position' },
    addresses: { table: 'patient_address', parent: 'parent_id', order: 'position' },
    languages: { table: 'patient_language', parent: 'parent_id', order: 'position' },
    races: { table: 'patient_race', parent: 'parent_id', order: 'position' },
    ethnicities: { table: 'patient_ethnicity', parent: 'parent_id', order: 'position' },
    contacts: { table: 'patient_contact', parent: 'parent_id', order: 'position' },
  },
  patient: ['_id'],
  native: [{ name: 'patients' }],
  search: {
    active: token(el.boolean('active')),
    address: within('addresses', text(el.address())),
    'address-city': within('addresses', text(el.folded('city'))),
    'address-country': within('addresses', text(el.folded('country'))),
    'address-postalcode': within('addresses', text(el.folded('postal_code'))),
    'address-state': within('addresses', text(el.folded('state'))),
    'address-use': within('addresses', token(el.code('use'), { system: 'http://hl7.org/fhir/address-use' })),
    birthdate: date(el.date('birth_date')),
    'death-date': date(el.dateTime('deceased_at')),
    deceased: token(el.boolean('deceased')),
    email: within('telecoms', token(el.contactPoint(), { only: { column: 'system', value: 'email' } })),
    family: within('names', text(el.folded('family'))),
    gender: token(el.code('gender'), { system: 'http://hl7.org/fhir/administrative-gender' }),
    'general-practitioner': reference(el.reference('general_practitioner')),
    given: within('names', text(el.folded('given'), el.folded('middle'))),
    identifier: within('identifiers', token(el.identifier())),
    language: within('languages', token(el.concept('language'))),
    link: kept('reference'),
    name: within('names', text(el.humanName())),
    organization: reference(el.reference('managing_organization')),
    phone: within('telecoms', token(el.contactPoint(), { only: { column: 'system', value: 'phone' } })),
    telecom: within('telecoms', token(el.contactPoint())),
  },
  sort: ['_id', '_lastUpdated', 'family', 'given', 'birthdate'],
  view: view<Patient, Row, Children>({
    extension: el.extensions(
      omb(usCore('us-core-race'), 'races', 'race_text'),
      omb(usCore('us-core-ethnicity'), 'ethnicities', 'ethnicity_text'),
      el.extension(usCore('us-core-tribal-affiliation'), {
        extension: el.extensions(
          el.extension('tribalAffiliation', { valueCodeableConcept: el.concept('tribal_affiliation') }),
          el.extension('isEnrolled', { valueBoolean: el.boolean('tribal_enrolled') }),
        ),
      }),
      el.extension(usCore('us-core-birthsex'), { valueCode: el.code('birth_sex') }),
      el.extension(usCore('us-core-sex'), { valueCode: el.code('sex') }),
      el.extension(usCore('us-core-genderIdentity'), { valueCodeableConcept: el.concept('gender_identity') }),
    ),
    identifier: el.list('identifiers', el.identifier()),
    active: el.boolean('active'),
    name: el.list('names', el.humanName(), { family_fold: 'sort_family', given_fold: 'sort_given' }),
    telecom: el.list('telecoms', el.contactPoint()),
    gender: el.code('gender'),
    birthDate: el.date('birth_date'),
    ...deceased(),
    address: el.list('addresses', el.address()),
    maritalStatus: el.concept('marital_status'),
    multipleBirthBoolean: el.boolean('multiple_birth_boolean'),
    multipleBirthInteger: el.number('multiple_birth_integer'),
    contact: el.list(
      'contacts',
      el.group<PatientContact>()({
        relationship: el.first(el.concept('relationship')),
        name: el.group<NonNullable<PatientContact['name']>>()({
          text: el.string('name_text'),
          family: el.string('family'),
          given: el.first(el.string('given')),
        }),
        telecom: el.first(
          el.group<NonNullable<PatientContact['telecom']>[number]>()({
            system: el.code('phone_system'),
            value: el.string('phone'),
            use: el.code('phone_use'),
          }),
        ),
        gender: el.code('gender'),
        period: el.span('period'),
      }),
    ),
    communication: el.list(
      'languages',
      el.group<PatientCommunication>()({ language: el.concept('language'), preferred: el.boolean('preferred') }),
    ),
    generalPractitioner: el.first(el.reference('general_practitioner')),
    managingOrganization: el.reference('managing_organization'),
  }),
  write: { create: true, update: true, delete: true },
});
