import type { Organization, Practitioner, Reference } from '@medplum/fhirtypes';
import { claim, concept, hl7, npi, referTo, SYSTEMS } from './coding.js';
import { organizationAddress, organizationName, TENANTS, type Side, type Tenant } from './organizations.js';

export type Skill =
  | 'emergency'
  | 'cardiology'
  | 'neurology'
  | 'surgery'
  | 'charge'
  | 'nurse'
  | 'medicine'
  | 'medic'
  | 'technician'
  | 'chief';

/** Somebody who takes part in cases; `tenant` is left out for staff of organizations that are no tenants here. */
export interface Clinician {
  readonly id: string;
  readonly tenant?: Tenant;
  readonly organization: string;
  readonly side: Side;
  readonly given: string;
  readonly family: string;
  readonly role: string;
  readonly skills: readonly Skill[];
}

type Qualification = readonly [code: 'MD' | 'RN' | 'EMTP' | 'EMT' | 'PA', display: string, suffix: string];
const MD: Qualification = ['MD', 'Doctor of Medicine', 'MD'];
const RN: Qualification = ['RN', 'Registered Nurse', 'RN'];
const PARAMEDIC: Qualification = ['EMTP', 'Emergency Medical Technician - Paramedic', 'NRP'];
const TECHNICIAN: Qualification = ['EMT', 'Emergency Medical Technician', 'EMT'];

type Entry = readonly [
  given: string,
  family: string,
  gender: 'female' | 'male',
  qualification: Qualification,
  role: string,
  skills: readonly Skill[],
];

const riverside: readonly Entry[] = [
  ['Imogen', 'Vanderhoek', 'female', MD, 'Emergency physician', ['emergency']],
  ['Rashad', 'Tillinghast', 'male', MD, 'Emergency physician', ['emergency']],
  ['Priyanka', 'Coldwater', 'female', MD, 'Interventional cardiologist', ['cardiology']],
  ['Anselm', 'Bürgenfeld', 'male', MD, 'Stroke neurologist', ['neurology']],
  ['Lucinda', 'Marchetti-Rowe', 'female', MD, 'Trauma surgeon', ['surgery']],
  ['Dana', 'Whitcombe', 'female', RN, 'ED charge nurse', ['charge', 'nurse']],
  ['Kofi', 'Lindqvist', 'male', RN, 'ED nurse', ['nurse']],
  ['Beatrix', 'Noonan', 'female', MD, 'Hospitalist', ['medicine']],
];
const valley: readonly Entry[] = [
  ['Marcus', 'Oyelaran-Dufty', 'male', PARAMEDIC, 'Paramedic, Medic 12', ['medic']],
  ['Jolene', 'Kettleworth', 'female', PARAMEDIC, 'Paramedic, Medic 7', ['medic']],
  ['Tadeo', 'Birkenshaw', 'male', TECHNICIAN, 'EMT, Medic 12', ['technician']],
  ['Hazel', 'Drummond-Paz', 'female', PARAMEDIC, 'EMS field supervisor', ['chief', 'medic']],
];

const rows = [
  ...riverside.map((entry) => ({ tenant: 'org_riverside' as const, entry })),
  ...valley.map((entry) => ({ tenant: 'org_valley_ems' as const, entry })),
].map((row, index) => ({ ...row, id: `pr-${String(index + 1).padStart(2, '0')}` }));

export const staff: readonly Clinician[] = rows.map(({ tenant, entry, id }) => ({
  id,
  tenant,
  organization: TENANTS[tenant].clinical,
  side: TENANTS[tenant].side,
  given: entry[0],
  family: entry[1],
  role: entry[4],
  skills: entry[5],
}));

/** Whoever it is at an organization that holds no token here: the other side knows the organization only. */
export const outsider = (organization: string, side: Side): Clinician => ({
  id: organization,
  organization,
  side,
  given: '',
  family: organizationName(organization),
  role: side === 'ems' ? 'Crew' : 'Emergency department',
  skills: side === 'ems' ? ['medic', 'technician'] : ['emergency', 'charge', 'nurse'],
});

export const clinicianName = ({ given, family }: Clinician): string => `${given} ${family}`.trim();

/** References resolve within a tenant: a clinician of another one is represented by the organization. */
export function referToClinician(clinician: Clinician, tenant: Tenant): Reference<Practitioner | Organization> {
  return clinician.tenant === tenant
    ? referTo('Practitioner', clinician.id, clinicianName(clinician))
    : referTo('Organization', clinician.organization, organizationName(clinician.organization));
}

export function* demoPractitioners(): Generator<{ organization: Tenant; resource: Practitioner }> {
  for (const [index, { tenant, entry, id }] of rows.entries())
    yield { organization: tenant, resource: practitionerOf(entry, id, tenant, index) };
}

function practitionerOf(entry: Entry, id: string, tenant: Tenant, index: number): Practitioner {
  const [given, family, gender, [code, display, suffix]] = entry;
  const address = organizationAddress(TENANTS[tenant].clinical);
  const mailbox = family
    .normalize('NFKD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase();
  return {
    resourceType: 'Practitioner',
    id,
    meta: claim('us-core-practitioner'),
    identifier: [
      {
        use: 'official',
        type: concept('Employee number', hl7('v2-0203', 'EI', 'Employee number')),
        system: SYSTEMS.staff,
        value: `E${String(20417 + index * 83)}`,
      },
      npi(500 + index),
    ],
    active: true,
    name: [{ use: 'official', family, given: [given], suffix: [suffix], ...(code === 'MD' && { prefix: ['Dr.'] }) }],
    telecom: [
      { system: 'phone', value: `217-555-01${String(61 + index)}`, use: 'work' },
      { system: 'email', value: `${mailbox}@${TENANTS[tenant].clinical}.example`, use: 'work' },
    ],
    ...(address && { address: [address] }),
    gender,
    qualification: [
      {
        code: concept(display, hl7('v2-0360', code)),
        period: { start: String(2004 + ((index * 5) % 17)) },
        issuer: { display: 'State licensing board' },
      },
    ],
  };
}
