import type { Encounter, EncounterParticipant, Extension } from '@medplum/fhirtypes';
import { dateTime } from './calendar.js';
import type { Acuity, Case } from './cases.js';
import { claim, concept, hl7, referTo, SYSTEMS, type LocalCodes } from './coding.js';
import { placeOfCare } from './locations.js';
import { organizationName, type Tenant } from './organizations.js';
import { personName } from './people.js';
import { clinicianName, type Clinician } from './practitioners.js';
import { isFatal } from './plan.js';
import { PRESENTATIONS } from './presentations.js';
import { Random } from './random.js';
import type { Timeline } from './timeline.js';

export const ACUITIES: Readonly<Record<Acuity, string>> = {
  critical: 'Critical',
  emergent: 'Emergent',
  low: 'Lower acuity',
};

export const ARRIVALS = { INBOUND_EMS: 'Inbound EMS', ED_PATIENT: 'ED patient', IN_PATIENT: 'Inpatient' } as const;

const CLASSES = {
  INBOUND_EMS: hl7('v3-ActCode', 'FLD', 'field'),
  ED_PATIENT: hl7('v3-ActCode', 'EMER', 'emergency'),
  IN_PATIENT: hl7('v3-ActCode', 'IMP', 'inpatient encounter'),
} as const;

export function encounterOf(demoCase: Case, tenant: Tenant, codes: LocalCodes): Encounter {
  const { plan, acuity, complaint, timeline, end, unit, room } = demoCase;
  const { text } = PRESENTATIONS[plan.type];
  const isOver = plan.status !== 'in-progress';
  const period = { start: dateTime(plan.start), ...(isOver && { end: dateTime(end) }) };
  const unitAndRoom = plan.arrival === 'INBOUND_EMS' ? room : `${unit}, ${room}`;
  const place = `${organizationName(plan.destination)}, ${unitAndRoom}`;
  return {
    resourceType: 'Encounter',
    id: plan.id,
    meta: claim('us-core-encounter'),
    extension: timelineOf(timeline, codes),
    identifier: [visitOf(demoCase, tenant)],
    status: plan.status,
    class: CLASSES[plan.arrival],
    type: [concept(text, codes.code('patient-type', plan.type, text))],
    priority: concept(ACUITIES[acuity], codes.code('acuity', acuity, ACUITIES[acuity])),
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    participant: participantsOf(demoCase, tenant),
    period,
    reasonCode: [concept(complaint)],
    ...(plan.status !== 'cancelled' && {
      hospitalization: hospitalizationOf(demoCase, codes),
      location: [{ location: placeOfCare(demoCase, place), status: isOver ? 'completed' : 'active', period }],
    }),
    serviceProvider: referTo('Organization', plan.destination, organizationName(plan.destination)),
  };
}

function visitOf({ plan }: Case, tenant: Tenant): NonNullable<Encounter['identifier']>[number] {
  const number = Number(plan.id.slice(3));
  const hospital = tenant === 'org_riverside';
  return {
    use: 'official',
    type: concept('Visit number', hl7('v2-0203', 'VN', 'Visit number')),
    system: hospital ? SYSTEMS.riversideVisit : SYSTEMS.valleyRun,
    value: hospital ? `V${String(8_800_000 + number * 131)}` : `RUN-${String(51_000 + number * 7)}`,
  };
}

function timelineOf(timeline: Timeline, codes: LocalCodes): Extension[] {
  return timeline.map(({ event, at, entity }) => ({
    url: `${codes.base}/StructureDefinition/channel-timeline`,
    extension: [
      { url: 'event', valueCode: event },
      { url: 'at', valueDateTime: dateTime(at) },
      { url: 'entity', valueReference: referTo('Organization', entity, organizationName(entity)) },
    ],
  }));
}

/** Of the other organization's staff only the names are known. */
function participantsOf({ plan, team, end }: Case, tenant: Tenant): EncounterParticipant[] {
  const part = (clinician: Clinician, code: 'ATND' | 'PPRF', display: string): EncounterParticipant => ({
    type: [concept(clinician.role, hl7('v3-ParticipationType', code, display))],
    period: { start: dateTime(plan.start), ...(plan.status !== 'in-progress' && { end: dateTime(end) }) },
    individual:
      clinician.tenant === tenant
        ? referTo('Practitioner', clinician.id, clinicianName(clinician))
        : { display: clinicianName(clinician) },
  });
  return [
    ...(plan.origin === undefined ? [] : [part(team.medic, 'PPRF', 'primary performer')]),
    part(team.physician, 'ATND', 'attender'),
  ];
}

function hospitalizationOf({ plan, acuity }: Case, codes: LocalCodes): NonNullable<Encounter['hospitalization']> {
  const { arrival, origin, destination } = plan;
  const random = new Random('disposition', plan.id);
  const isDead = isFatal(plan);
  const known = plan.status === 'finished' && (isDead || random.chance(KNOWN[acuity]));
  const [code, display] = isDead
    ? (['exp', 'Expired'] as const)
    : random.weighted(DISPOSITIONS, ([, , weight]) => weight[acuity]);
  return {
    ...(origin !== undefined && { origin: referTo('Organization', origin, organizationName(origin)) }),
    admitSource: concept(ARRIVALS[arrival], codes.code('method-of-arrival', arrival, ARRIVALS[arrival])),
    destination: referTo('Organization', destination, organizationName(destination)),
    ...(known && { dischargeDisposition: concept(display, hl7('discharge-disposition', code, display)) }),
  };
}

/** Most critical patients stay, and leave the hospital long after the channel was stopped. */
const KNOWN: Readonly<Record<Acuity, number>> = { critical: 0.25, emergent: 0.6, low: 0.9 };

const DISPOSITIONS = [
  ['home', 'Home', { critical: 0, emergent: 6, low: 9 }],
  ['other-hcf', 'Other healthcare facility', { critical: 6, emergent: 2, low: 0.3 }],
  ['snf', 'Skilled nursing facility', { critical: 0, emergent: 1, low: 0.5 }],
  ['aadvice', 'Left against advice', { critical: 0, emergent: 0.4, low: 0.8 }],
] as const;
