import type { DocumentReference } from '@medplum/fhirtypes';
import { dateTime, minutesAfter } from './calendar.js';
import type { Case } from './cases.js';
import { claim, concept, loinc, referTo, SYSTEMS } from './coding.js';
import { CLINICAL_NOTE } from './documents.js';
import { TENANTS, type Tenant } from './organizations.js';
import { personName } from './people.js';
import { isFatal } from './plan.js';
import { referToClinician, type Clinician } from './practitioners.js';
import { PRESENTATIONS } from './presentations.js';
import type { Reading } from './vitals.js';

interface Note {
  readonly kind: 'hp' | 'consult' | 'progress' | 'procedure' | 'discharge';
  readonly at: number;
  readonly by: Clinician;
  readonly text: readonly string[];
}

/** The notes that US Core wants a server to have: https://hl7.org/fhir/us/core/STU6.1/clinical-notes.html */
const KINDS = {
  hp: ['History and physical note', '34117-2'],
  consult: ['Consultation note', '11488-4'],
  progress: ['Progress note', '11506-3'],
  procedure: ['Procedure note', '28570-0'],
  discharge: ['Discharge summary', '18842-5'],
} as const;

/** What the hospital wrote about a case that came to it and is over: plain text, as many systems keep it. */
export function* notesOf(demoCase: Case, tenant: Tenant): Generator<DocumentReference> {
  const { plan } = demoCase;
  if (tenant !== 'org_riverside' || plan.status !== 'finished' || plan.psrs === 0) return;
  for (const note of written(demoCase)) yield noteOf(demoCase, tenant, note);
}

function* written(demoCase: Case): Generator<Note> {
  const { plan, team, complaint, end, readings, room, labs } = demoCase;
  const { text, severity } = PRESENTATIONS[plan.type];
  const { physician, specialist, nurse } = team;
  const [first, last] = [readings[0], readings.at(-1)];
  const seen = minutesAfter(first?.at ?? plan.start, 12);
  const results = labs.map(({ line }) => `${line.test} ${line.value}`).join('; ');
  yield {
    kind: 'hp',
    at: seen,
    by: physician,
    text: [
      `Chief complaint: ${complaint}.`,
      `On examination: ${observed(first)}`,
      `Laboratory: ${results === '' ? 'none yet' : results}.`,
      `Assessment: ${text}. Plan: monitor in ${room}, repeat vital signs, tell the team of any change.`,
    ],
  };
  if (severity > 0.5 && specialist !== physician)
    yield {
      kind: 'consult',
      at: minutesAfter(seen, 20),
      by: specialist,
      text: [`Asked to see the patient: ${text}. Agree with the assessment.`, `On examination now: ${observed(last)}`],
    };
  if (plan.type === 'trauma' || plan.type === 'cardiac-arrest')
    yield {
      kind: 'procedure',
      at: minutesAfter(seen, 25),
      by: physician,
      text: [
        'Procedure: second large-bore intravenous access, right forearm, 16 gauge.',
        'Indication: need for volume. Technique: aseptic, first attempt. Complications: none.',
      ],
    };
  if (plan.arrival === 'IN_PATIENT')
    yield {
      kind: 'progress',
      at: minutesAfter(seen, 45),
      by: nurse,
      text: [`Resting in ${room}. Now: ${observed(last)}`],
    };
  yield {
    kind: 'discharge',
    at: minutesAfter(end, 10),
    by: physician,
    text: [
      `Came with: ${complaint}. Treated as: ${text}.`,
      `At the end: ${observed(last)}`,
      isFatal(plan)
        ? 'The patient died in spite of treatment. The family has been told.'
        : severity > 0.5
          ? 'Handed over to the ward for further care.'
          : 'To see the family doctor within a week, and to come back at once if it gets worse.',
    ],
  };
}

function observed(reading: Reading | undefined): string {
  if (!reading) return 'vital signs not taken.';
  const { heartRate, systolic, diastolic, respiratoryRate, oxygenSaturation } = reading;
  const said = [
    heartRate !== undefined && `heart rate ${String(heartRate)}/min`,
    systolic !== undefined &&
      `blood pressure ${String(systolic)}/${diastolic === undefined ? 'palp' : String(diastolic)} mmHg`,
    respiratoryRate !== undefined && `respirations ${String(respiratoryRate)}/min`,
    oxygenSaturation !== undefined && `oxygen saturation ${String(oxygenSaturation)} %`,
  ].filter((each) => each !== false);
  return said.length === 0 ? 'vital signs not taken.' : `${said.join(', ')}.`;
}

function noteOf({ plan }: Case, tenant: Tenant, { kind, at, by, text }: Note): DocumentReference {
  const [name, code] = KINDS[kind];
  const id = `${plan.id}-${kind}`;
  const author = referToClinician(by, tenant);
  const whole = [name, `${personName(plan.person) ?? 'Name unknown'}, case ${plan.id}, ${dateTime(at)}`, '', ...text];
  return {
    resourceType: 'DocumentReference',
    id,
    meta: claim('us-core-documentreference'),
    identifier: [{ use: 'official', system: SYSTEMS.summary, value: `${TENANTS[tenant].clinical}-${id}` }],
    status: 'current',
    docStatus: 'final',
    type: concept(name, loinc(code)),
    category: [CLINICAL_NOTE],
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    date: dateTime(at),
    author: [author],
    description: `${name}, ${PRESENTATIONS[plan.type].text}`,
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          language: 'en-US',
          data: Buffer.from(`${whole.join('\n')}\n`).toString('base64'),
          title: `${name} ${plan.id}.txt`,
          creation: dateTime(at),
        },
      },
    ],
    context: { encounter: [referTo('Encounter', plan.id)], period: { start: dateTime(plan.start), end: dateTime(at) } },
  };
}
