import type { Location, Reference } from '@medplum/fhirtypes';
import type { Case } from './cases.js';
import { claim, coding, concept, hl7, referTo, SYSTEMS } from './coding.js';
import { organizationAddress, organizationName, organizationPhone, TENANT_IDS, type Tenant } from './organizations.js';

type Kind = 'hospital' | 'emergency' | 'ward' | 'vehicle';

interface Place {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  readonly organization: string;
  readonly partOf?: string;
}

const KINDS = {
  hospital: ['HOSP', 'Hospital', 'bu', 'Building'],
  emergency: ['ER', 'Emergency room', 'wa', 'Ward'],
  ward: ['HU', 'Hospital unit', 'wa', 'Ward'],
  vehicle: ['AMB', 'Ambulance', 've', 'Vehicle'],
} as const satisfies Record<Kind, readonly string[]>;

const place = (id: string, name: string, kind: Kind, organization: string, partOf?: string): Place => ({
  id: `loc-${id}`,
  name,
  kind,
  organization,
  ...(partOf !== undefined && { partOf: `loc-${partOf}` }),
});

const places: readonly Place[] = [
  place('riverside', 'Riverside Regional Medical Center', 'hospital', 'riverside'),
  place('riverside-ed', 'Riverside Emergency Department', 'emergency', 'riverside-ed', 'riverside'),
  place('4-west', 'Riverside, 4 West', 'ward', 'riverside', 'riverside'),
  place('5-east', 'Riverside, 5 East', 'ward', 'riverside', 'riverside'),
  place('icu', 'Riverside, ICU', 'ward', 'riverside', 'riverside'),
  place('st-brendan-ed', 'St. Brendan Hospital, Emergency', 'emergency', 'st-brendan'),
  place('harlow-community-ed', 'Harlow Community Hospital, Emergency', 'emergency', 'harlow-community'),
  place('medic-7', 'Medic 7', 'vehicle', 'valley-ems'),
  place('medic-12', 'Medic 12', 'vehicle', 'valley-ems'),
];

/** The places of the directory, which both tenants hold. */
export function* demoLocations(): Generator<{ organization: Tenant; resource: Location }> {
  for (const organization of TENANT_IDS)
    for (const [index, each] of places.entries()) yield { organization, resource: locationOf(each, index) };
}

function locationOf({ id, name, kind, organization, partOf }: Place, index: number): Location {
  const [code, display, form, formDisplay] = KINDS[kind];
  const address = organizationAddress(organization);
  const phone = organizationPhone(organization);
  return {
    resourceType: 'Location',
    id,
    meta: claim('us-core-location'),
    identifier: [{ use: 'official', system: SYSTEMS.location, value: `LOC-${String(3001 + index)}` }],
    status: 'active',
    name,
    mode: 'instance',
    type: [concept(display, hl7('v3-RoleCode', code))],
    ...(phone !== undefined && { telecom: [{ system: 'phone', value: phone, use: 'work' }] }),
    ...(address && { address }),
    physicalType: { coding: [coding(PHYSICAL, form, formDisplay)] },
    managingOrganization: referTo('Organization', organization, organizationName(organization)),
    ...(partOf !== undefined && { partOf: referTo('Location', partOf) }),
  };
}

const PHYSICAL = 'http://terminology.hl7.org/CodeSystem/location-physical-type';

/** Where a case took place: the ward of an inpatient, else the emergency department that it came to. */
export function placeOfCare({ plan, unit }: Case, display: string): Reference<Location> {
  const { arrival, destination } = plan;
  const id = arrival === 'IN_PATIENT' ? unit.toLowerCase().replace(' ', '-') : `${destination}-ed`;
  return referTo('Location', `loc-${id}`, display);
}

/** Where somebody works: a crew on its vehicle, the others in their department. */
export function workplaceOf(role: string, organization: string): Reference<Location> | undefined {
  const vehicle = /Medic \d+/.exec(role)?.[0].toLowerCase().replace(' ', '-');
  if (vehicle !== undefined) return referTo('Location', `loc-${vehicle}`);
  return organization === 'riverside' ? referTo('Location', 'loc-riverside-ed') : undefined;
}
