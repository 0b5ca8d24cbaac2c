import type { Location, LocationPosition } from '@medplum/fhirtypes';
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
  extends
    columns.ClinicalRow,
    columns.Coding<'operational_status'>,
    columns.Folded<'name' | 'alias'>,
    columns.Concept<'type' | 'physical_type'>,
    columns.Reference<'managing_organization' | 'part_of'>,
    Record<'status' | 'mode' | 'description', string | null>,
    Record<'longitude' | 'latitude' | 'altitude', number | null> {}

interface Children {
  identifiers: columns.IdentifierRow;
  telecoms: columns.ContactPointRow;
  addresses: columns.AddressRow;
}

const role = (code: string) => ({ type: [`http://terminology.hl7.org/CodeSystem/v3-RoleCode|${code}`] });

/** Sites, wards, ambulances, laboratories: a directory that every token of the tenant with a scope on it may read. */
export default defineResource<Location, Row, Children>({
  type: 'Location',
  profiles: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-location'],
  source: clinical('location'),
  children: {
    identifiers: { table: 'location_identifier', parent: 'parent_id', order: 'position' },
    telecoms: { table: 'location_telecom', parent: 'parent_id', order: 'position' },
    addresses: { table: 'location_address', parent: 'parent_id', order: 'position' },
  },
  patient: 'shared',
  native: [
    { name: 'pharmacies', when: role('PHARM') },
    { name: 'imaging_centers', when: role('RADDX') },
    { name: 'cardiac_centers', when: role('CVDX') },
    { name: 'pulmonary_centers', when: role('CHEST') },
    { name: 'sleep_centers', when: role('SLEEP') },
    { name: 'lab_vendor_patient_sites', when: role('OUTLAB') },
    { name: 'service_locations' },
  ],
  search: {
    address: within('addresses', text(el.address())),
    'address-city': within('addresses', text(el.folded('city'))),
    'address-country': within('addresses', text(el.folded('country'))),
    'address-postalcode': within('addresses', text(el.folded('postal_code'))),
    'address-state': within('addresses', text(el.folded('state'))),
    'address-use': within('addresses', token(el.code('use'), { system: 'http://hl7.org/fhir/address-use' })),
    endpoint: kept('reference'),
    identifier: within('identifiers', token(el.identifier())),
    name: either(text(el.folded('name')), text(el.folded('alias'))),
    'operational-status': token(el.coding('operational_status')),
    organization: reference(el.reference('managing_organization')),
    partof: reference(el.reference('part_of')),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/location-status' }),
    type: token(el.concept('type')),
  },
  sort: ['_id', '_lastUpdated'],
  view: view<Location, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    status: el.code('status'),
    operationalStatus: el.coding('operational_status'),
    name: el.folded('name'),
    alias: el.first(el.folded('alias')),
    description: el.string('description'),
    mode: el.code('mode'),
    type: el.first(el.concept('type')),
    telecom: el.list('telecoms', el.contactPoint()),
    address: el.only('addresses', el.address()),
    physicalType: el.concept('physical_type'),
    position: el.group<LocationPosition>()({
      longitude: el.number('longitude'),
      latitude: el.number('latitude'),
      altitude: el.number('altitude'),
    }),
    managingOrganization: el.reference('managing_organization'),
    partOf: el.reference('part_of'),
  }),
  write: { create: true, update: true, delete: true },
});
