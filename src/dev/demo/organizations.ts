import type { Address, Organization } from '@medplum/fhirtypes';
import { claim, concept, hl7, npi, referTo, SYSTEMS } from './coding.js';

export type Tenant = 'org_riverside' | 'org_valley_ems';
export const TENANT_IDS: readonly Tenant[] = ['org_riverside', 'org_valley_ems'];

/** What differs between the two sides of a shared case. */
export const TENANTS = {
  org_riverside: { clinical: 'riverside', side: 'hospital', record: SYSTEMS.riversideRecord },
  org_valley_ems: { clinical: 'valley-ems', side: 'ems', record: SYSTEMS.valleyRecord },
} as const satisfies Record<Tenant, { clinical: string; side: Side; record: string }>;

export type Side = 'ems' | 'hospital';

interface Place {
  readonly id: string;
  readonly name: string;
  readonly alias?: string;
  readonly kind: readonly [code: string, display: string, text: string];
  readonly phone: string;
  readonly line: string;
  readonly city: string;
  readonly postalCode: string;
  readonly partOf?: string;
}

const HOSPITAL = ['prov', 'Healthcare Provider', 'Hospital'] as const;
const AGENCY = ['prov', 'Healthcare Provider', 'EMS agency'] as const;

/** A district that is on no map. */
const places: readonly Place[] = [
  {
    id: 'riverside',
    name: 'Riverside Regional Medical Center',
    alias: 'Riverside',
    kind: HOSPITAL,
    phone: '217-555-0100',
    line: '1200 Millrace Parkway',
    city: 'Alder Falls',
    postalCode: '62799',
  },
  {
    id: 'riverside-ed',
    name: 'Riverside Emergency Department',
    kind: ['dept', 'Hospital Department', 'Emergency department'],
    phone: '217-555-0101',
    line: '1200 Millrace Parkway, Entrance C',
    city: 'Alder Falls',
    postalCode: '62799',
    partOf: 'riverside',
  },
  {
    id: 'valley-ems',
    name: 'Valley EMS',
    kind: AGENCY,
    phone: '217-555-0110',
    line: '48 Quarry Road',
    city: 'Cedar Bend',
    postalCode: '62798',
  },
  {
    id: 'st-brendan',
    name: 'St. Brendan Hospital',
    kind: HOSPITAL,
    phone: '217-555-0120',
    line: '7 Abbey Lane',
    city: 'Cedar Bend',
    postalCode: '62798',
  },
  {
    id: 'harlow-community',
    name: 'Harlow Community Hospital',
    alias: 'Harlow',
    kind: HOSPITAL,
    phone: '217-555-0130',
    line: '310 Orchard Street',
    city: 'Harlow Junction',
    postalCode: '62797',
  },
  {
    id: 'harlow-fire',
    name: 'Harlow County Fire Rescue',
    kind: AGENCY,
    phone: '217-555-0140',
    line: '2 Station Square',
    city: 'Harlow Junction',
    postalCode: '62797',
  },
  {
    id: 'skyline-air',
    name: 'Skyline Air Medical',
    kind: AGENCY,
    phone: '217-555-0150',
    line: 'Hangar 3, Prairie Airfield',
    city: 'Alder Falls',
    postalCode: '62799',
  },
  {
    id: 'meridian-mutual',
    name: 'Meridian Mutual Health Plan',
    alias: 'Meridian Mutual',
    kind: ['pay', 'Payer', 'Payer'],
    phone: '217-555-0160',
    line: '900 Ledger Avenue, Suite 4',
    city: 'Alder Falls',
    postalCode: '62799',
  },
];

const byId = new Map(places.map((place) => [place.id, place]));

export const organizationName = (id: string): string => byId.get(id)?.name ?? id;

/** As people say it. */
export const organizationAlias = (id: string): string => byId.get(id)?.alias ?? organizationName(id);

export const organizationAddress = (id: string): Address | undefined => {
  const place = byId.get(id);
  return place && addressOf(place);
};

export const organizationPhone = (id: string): string | undefined => byId.get(id)?.phone;

const addressOf = ({ line, city, postalCode }: Place): Address => ({
  use: 'work',
  line: [line],
  city,
  state: 'IL',
  postalCode,
  country: 'US',
});

/** The tenants of the demo: those that hold tokens. */
export const DEMO_ORGANIZATIONS = TENANT_IDS.map((id) => ({
  id,
  name: organizationName(TENANTS[id].clinical),
  /** Which of its own directory it is. */
  organization: `Organization/${TENANTS[id].clinical}`,
}));

/** The directory, which both tenants hold: what they share, they share by name. */
export function* demoOrganizations(): Generator<{ organization: Tenant; resource: Organization }> {
  for (const organization of TENANT_IDS)
    for (const [index, place] of places.entries()) yield { organization, resource: organizationOf(place, index) };
}

function organizationOf(place: Place, index: number): Organization {
  const [code, display, text] = place.kind;
  return {
    resourceType: 'Organization',
    id: place.id,
    meta: claim('us-core-organization'),
    identifier: [
      { use: 'official', system: SYSTEMS.organization, value: `ORG-${String(1001 + index)}` },
      ...(code === 'pay' ? [] : [npi(index)]),
    ],
    active: true,
    type: [concept(text, hl7('organization-type', code, display))],
    name: place.name,
    ...(place.alias !== undefined && { alias: [place.alias] }),
    telecom: [
      { system: 'phone', value: place.phone, use: 'work' },
      { system: 'email', value: `contact@${place.id}.example`, use: 'work' },
    ],
    address: [addressOf(place)],
    ...(place.partOf !== undefined && {
      partOf: referTo('Organization', place.partOf, organizationName(place.partOf)),
    }),
  };
}
