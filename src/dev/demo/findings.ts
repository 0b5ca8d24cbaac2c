import type { CodeableConcept, Observation } from '@medplum/fhirtypes';
import type { Case } from './cases.js';
import { dateTime, minutesAfter } from './calendar.js';
import { concept, hl7, referTo } from './coding.js';
import { organizationName, type Side, type Tenant } from './organizations.js';
import { personName } from './people.js';
import { referToClinician } from './practitioners.js';
import { Random } from './random.js';
import { specimenOf } from './specimens.js';

type Common = 'resourceType' | 'id' | 'status' | 'subject' | 'encounter' | 'performer';

/** What was found, before it belongs to anybody: the tenants of a case see it from their own sides. */
export interface Finding {
  readonly at: number;
  readonly by: Side | 'laboratory';
  readonly resource: Omit<Observation, Common>;
  /** Where a profile, or sense, allows no other status than final. */
  readonly isFinal?: boolean;
}

const CATEGORIES = {
  'vital-signs': 'Vital Signs',
  laboratory: 'Laboratory',
  'social-history': 'Social History',
  survey: 'Survey',
  exam: 'Exam',
  procedure: 'Procedure',
} as const;

export const categoryOf = (code: keyof typeof CATEGORIES): CodeableConcept =>
  concept(CATEGORIES[code], hl7('observation-category', code, CATEGORIES[code]));

export function* observationsOf(demoCase: Case, tenant: Tenant): Generator<Observation> {
  for (const [index, finding] of demoCase.findings.entries())
    yield observationOf(demoCase, finding, observationId(demoCase.plan.id, index), tenant);
}

export const observationId = (plan: string, index: number): string => `${plan}-o${String(index + 1).padStart(3, '0')}`;

function observationOf(demoCase: Case, finding: Finding, id: string, tenant: Tenant): Observation {
  const { plan } = demoCase;
  const { at, by, resource } = finding;
  const { meta, category, code, ...rest } = resource;
  const specimen = by === 'laboratory' ? specimenOf(demoCase, finding) : undefined;
  return {
    resourceType: 'Observation',
    id,
    ...(meta && { meta }),
    status: observationStatus(finding, id),
    ...(category && { category }),
    code,
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    encounter: referTo('Encounter', plan.id),
    ...(rest.effectivePeriod === undefined && { effectiveDateTime: dateTime(at) }),
    ...(by === 'laboratory' && { issued: dateTime(minutesAfter(at, 24)) }),
    performer: [performerOf(demoCase, by, tenant)],
    ...rest,
    ...(specimen && { specimen }),
  };
}

function performerOf({ plan, team }: Case, by: Finding['by'], tenant: Tenant) {
  if (by === 'laboratory') return referTo('Organization', plan.destination, organizationName(plan.destination));
  return referToClinician(by === 'ems' ? team.medic : team.nurse, tenant);
}

export function observationStatus({ by, isFinal }: Finding, id: string): Observation['status'] {
  if (isFinal) return 'final';
  const random = new Random('status', id);
  if (by === 'laboratory' && random.chance(0.03)) return 'preliminary';
  if (random.chance(0.006)) return 'corrected';
  return random.chance(0.004) ? 'entered-in-error' : 'final';
}
