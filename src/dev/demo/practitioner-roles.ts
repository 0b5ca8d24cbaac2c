import type { PractitionerRole } from '@medplum/fhirtypes';
import { claim, coding, concept, hl7, referTo, SYSTEMS } from './coding.js';
import { workplaceOf } from './locations.js';
import { organizationName, organizationPhone, type Tenant } from './organizations.js';
import { clinicianName, staff, type Clinician } from './practitioners.js';

/** https://taxonomy.nucc.org, by what the demo calls the role. */
const SPECIALTIES: readonly (readonly [role: RegExp, code: string, text: string])[] = [
  [/^Emergency physician/, '207P00000X', 'Emergency medicine'],
  [/^Interventional cardiologist/, '207RI0011X', 'Interventional cardiology'],
  [/^Stroke neurologist/, '2084V0102X', 'Vascular neurology'],
  [/^Trauma surgeon/, '2086S0127X', 'Trauma surgery'],
  [/^Hospitalist/, '208M00000X', 'Hospital medicine'],
  [/nurse/, '163WE0003X', 'Emergency nursing'],
  [/^EMT/, '146N00000X', 'Emergency medical technician, basic'],
  [/./, '146L00000X', 'Paramedic'],
];

/** What each of the staff is, and where. */
export function* demoPractitionerRoles(): Generator<{ organization: Tenant; resource: PractitionerRole }> {
  for (const [index, each] of staff.entries())
    if (each.tenant !== undefined) yield { organization: each.tenant, resource: roleOf(each, index) };
}

function roleOf(clinician: Clinician, index: number): PractitionerRole {
  const { id, organization, role, side } = clinician;
  const [, specialty, text] = SPECIALTIES.find(([pattern]) => pattern.test(role)) as (typeof SPECIALTIES)[number];
  const location = workplaceOf(role, organization);
  const phone = organizationPhone(organization);
  return {
    resourceType: 'PractitionerRole',
    id: `role-${id}`,
    meta: claim('us-core-practitionerrole'),
    identifier: [{ use: 'official', system: SYSTEMS.role, value: `R${String(70_011 + index * 17)}` }],
    active: true,
    period: { start: `${String(2010 + ((index * 3) % 14))}-01-01` },
    practitioner: referTo('Practitioner', id, clinicianName(clinician)),
    organization: referTo('Organization', organization, organizationName(organization)),
    code: [
      concept(role, ...(side === 'ems' ? [] : [hl7('practitioner-role', role.includes('nurse') ? 'nurse' : 'doctor')])),
    ],
    specialty: [concept(text, coding('http://nucc.org/provider-taxonomy', specialty))],
    ...(location && { location: [location] }),
    ...(phone !== undefined && { telecom: [{ system: 'phone', value: phone, use: 'work' }] }),
  };
}
