import type { Organization } from '@medplum/fhirtypes';
import {
  clinical,
  defineResource,
  either,
  el,
  kept,
  reference,
  text,
  token,
  view,
  within,
  type columns,
} from '../src/define/index.js';

interface Row
  extends columns.ClinicalRow, columns.Folded<'name' | 'alias'>, columns.Concept<'type'>, columns.Reference<'part_of'> {
  active: boolean | null;
}

interface Children {
  identifiers: columns.IdentifierRow;
  telecoms: columns.ContactPointRow;
  addresses: columns.AddressRow;
}

/** Hospitals, EMS agencies, payers: a directory that every token of the tenant with a scope on it may read. */
export default defineResource<Organization, Row, Children>({
  type: 'Organization',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization'],
  source: clinical('organization'),
  children: {
    identifiers: { table: 'organization_identifier', parent: 'parent_id', order: 'position' },
    telecoms: { table: 'organization_telecom', parent: 'parent_id', order: 'position' },
    addresses: { table: 'organization_address', parent: 'parent_id', order: 'position' },
  },
  patient: 'shared',
  native: [
    { name: 'insurance_companies', when: { type: ['http://terminology.hl7.org/CodeSystem/organization-type|pay'] } },
    { name: 'practices', when: { type: ['http://terminology.hl7.org/CodeSystem/organization-type|prov'] } },
  ],
  search: {
    active: token(el.boolean('active')),
    address: within('addresses', text(el.address())),
    'address-city': within('addresses', text(el.folded('city'))),
    'address-country': within('addresses', text(el.folded('country'))),
    'address-postalcode': within('addresses', text(el.folded('postal_code'))),
    'address-state': within('addresses', text(el.folded('state'))),
    'address-use': within('addresses', token(el.code('use'), { system: 'http://hl7.org/fhir/address-use' })),
    endpoint: kept('reference'),
    identifier: within('identifiers', token(el.identifier())),
    name: either(text(el.folded('name')), text(el.folded('alias'))),
    partof: reference(el.reference('part_of')),
    type: token(el.concept('type')),
  },
  sort: ['_id', '_lastUpdated'],
  view: view<Organization, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    active: el.boolean('active'),
    type: el.first(el.concept('type')),
    name: el.folded('name'),
    alias: el.first(el.folded('alias')),
    telecom: el.list('telecoms', el.contactPoint()),
    address: el.list('addresses', el.address()),
    partOf: el.reference('part_of'),
  }),
  write: { create: true, update: true, delete: true },
});
