import type { DocumentReference } from '@medplum/fhirtypes';
import { makePsr, type CaseSummary } from '../../psr/psr.js';
import { dateTime, minutesAfter, TIME_ZONE } from './calendar.js';
import type { Case } from './cases.js';
import { claim, coding, concept, loinc, referTo, SYSTEMS } from './coding.js';
import { ACUITIES, ARRIVALS } from './encounters.js';
import { bodyOf } from './body.js';
import { organizationAlias, organizationName, TENANTS, type Tenant } from './organizations.js';
import { recordNumber } from './patients.js';
import { personName } from './people.js';
import { clinicianName, referToClinician } from './practitioners.js';
import { PRESENTATIONS } from './presentations.js';
import { EVENTS, type Event } from './timeline.js';
import type { Reading } from './vitals.js';

/** The reports of a case, the oldest first; each one that follows takes the place of the one before. */
export async function* documentsOf(demoCase: Case, tenant: Tenant): AsyncGenerator<DocumentReference> {
  for (let version = 1; version <= demoCase.plan.psrs; version++) yield documentOf(demoCase, tenant, version);
}

async function documentOf(demoCase: Case, tenant: Tenant, version: number): Promise<DocumentReference> {
  const { plan, team } = demoCase;
  const at = madeAt(demoCase, version);
  const summary = summaryOf(demoCase, tenant, version, at);
  const owner = TENANTS[tenant].clinical;
  const organization = referTo('Organization', owner, organizationName(owner));
  const id = (which: number): string => `${plan.id}-psr${String(which)}`;
  const pdf = await makePsr(summary);
  return {
    resourceType: 'DocumentReference',
    id: id(version),
    meta: claim('us-core-documentreference'),
    identifier: [{ use: 'official', system: SYSTEMS.summary, value: `${owner}-${id(version)}` }],
    status: version < plan.psrs ? 'superseded' : 'current',
    docStatus: summary.preliminary ? 'preliminary' : 'final',
    type: concept('Pulsara Summary Report', loinc('67796-3')),
    category: [CLINICAL_NOTE],
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    date: dateTime(at),
    // A report that somebody asked for in the middle of a case has an author; the last one is made by closing it.
    author: [summary.preliminary ? referToClinician(team.physician, tenant) : organization],
    custodian: organization,
    ...(version > 1 && {
      relatesTo: [{ code: 'replaces', target: referTo('DocumentReference', id(version - 1)) }],
    }),
    description: `${PRESENTATIONS[plan.type].text}, ${dateTime(plan.start).slice(0, 10)}, version ${String(version)}`,
    content: [
      {
        attachment: {
          contentType: 'application/pdf',
          language: 'en-US',
          data: pdf.toString('base64'),
          title: `PSR ${plan.id} version ${String(version)}.pdf`,
          creation: dateTime(at),
        },
        format: coding(
          'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
          'urn:ihe:iti:xds:2017:mimeTypeSufficient',
          'mimeType Sufficient',
        ),
      },
    ],
    context: {
      encounter: [referTo('Encounter', plan.id)],
      period: { start: dateTime(plan.start), ...(!summary.preliminary && { end: dateTime(demoCase.end) }) },
    },
  };
}

export const CLINICAL_NOTE = concept(
  'Clinical Note',
  coding('http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category', 'clinical-note', 'Clinical Note'),
);

function madeAt({ plan, end, findings }: Case, version: number): number {
  const isLast = version === plan.psrs;
  if (isLast && plan.status === 'finished') return minutesAfter(end, 5);
  const middle = findings[Math.floor((findings.length * version) / (plan.psrs + 1))]?.at ?? end;
  return isLast ? end : minutesAfter(middle, 2);
}

/** What was known at that time. */
function summaryOf(demoCase: Case, tenant: Tenant, version: number, at: number): CaseSummary {
  const { plan, acuity, complaint, unit, room, timeline, readings, labs, scores, messages } = demoCase;
  const isOver = plan.status !== 'in-progress' && at >= demoCase.end;
  const stamps = new Map(timeline.map((stamp) => [stamp.event, stamp.at]));
  const stamped = (event: Event): string | undefined => {
    const time = stamps.get(event);
    return time === undefined || time > at ? undefined : dateTime(time);
  };
  const eta = stamps.get('eta');
  const known = <T extends { readonly at: number }>(list: readonly T[]): T[] => list.filter((each) => each.at <= at);
  return {
    caseId: plan.id,
    organization: organizationName(TENANTS[tenant].clinical),
    status: isOver ? 'Stopped' : 'Active',
    preliminary: !isOver,
    generatedAt: dateTime(at),
    version,
    timeZone: TIME_ZONE,
    patient: patientOf(demoCase, tenant),
    patientType: PRESENTATIONS[plan.type].text,
    chiefComplaint: complaint,
    acuity: ACUITIES[acuity],
    methodOfArrival: ARRIVALS[plan.arrival],
    origin: plan.origin === undefined ? undefined : organizationName(plan.origin),
    destination: organizationName(plan.destination),
    unit,
    room,
    eta: eta === undefined ? undefined : dateTime(eta),
    timeline: (Object.keys(EVENTS) as Event[]).map((event) => ({ label: EVENTS[event], at: stamped(event) })),
    vitals: known(readings).map(vitalsOf),
    labs: labs
      .filter(({ finding }) => finding.at <= at)
      .sort((a, b) => a.finding.at - b.finding.at)
      .map(({ finding, line }) => ({ at: dateTime(finding.at), ...line })),
    scores: scores
      .filter(({ finding }) => finding.at <= at)
      .map(({ finding, score, value }) => ({ at: dateTime(finding.at), score, value })),
    messages: known(messages).map(({ at: sent, from, text }) => ({
      at: dateTime(sent),
      sender: clinicianName(from),
      role: `${from.role}, ${organizationAlias(from.organization)}`,
      text,
    })),
  };
}

function patientOf({ plan, findings }: Case, tenant: Tenant): CaseSummary['patient'] {
  const { person } = plan;
  const isMeasured = findings.some(({ resource }) => resource.code.coding?.[0]?.code === '29463-7');
  const body = isMeasured ? bodyOf(person, plan.start) : undefined;
  return {
    name: personName(person),
    birthDate: person.born,
    age: person.age === undefined ? undefined : `about ${String(person.age)} years`,
    sex: person.gender === 'unknown' ? undefined : person.gender.charAt(0).toUpperCase() + person.gender.slice(1),
    mrn: recordNumber(person, tenant),
    heightCentimeters: body?.height,
    weightKilograms: body?.weight,
  };
}

const vitalsOf = ({ at, oxygen, temperature, ...reading }: Reading): CaseSummary['vitals'][number] => ({
  ...reading,
  at: dateTime(at),
  oxygenLitersPerMinute: oxygen,
  temperatureCelsius: temperature,
});
