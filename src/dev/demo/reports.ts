import type { CodeableConcept, DiagnosticReport, DocumentReference } from '@medplum/fhirtypes';
import { binaryId } from '../../store/blobs.js';
import { dateTime, minutesAfter } from './calendar.js';
import type { Case } from './cases.js';
import { claim, coding, concept, hl7, loinc, referTo, SYSTEMS } from './coding.js';
import { CLINICAL_NOTE } from './documents.js';
import { observationId, observationStatus } from './findings.js';
import { organizationName, TENANTS, type Tenant } from './organizations.js';
import { personName } from './people.js';
import { referToClinician } from './practitioners.js';
import type { PatientType } from './presentation.js';
import { PRESENTATIONS } from './presentations.js';
import { Random } from './random.js';
import { specimensOf } from './specimens.js';

const LABORATORY = concept('Laboratory', hl7('v2-0074', 'LAB', 'Laboratory'));

/** The laboratory's report of a case: all of its results together. */
export function* labReportsOf(demoCase: Case, tenant: Tenant): Generator<DiagnosticReport> {
  const { plan, findings } = demoCase;
  const results = findings.flatMap((finding, index) =>
    finding.by === 'laboratory' ? [{ finding, id: observationId(plan.id, index) }] : [],
  );
  const [first] = results;
  if (!first) return;
  const last = Math.max(...results.map(({ finding }) => finding.at));
  const isPartial = results.some(({ finding, id }) => observationStatus(finding, id) === 'preliminary');
  const laboratory = referTo('Organization', plan.destination, organizationName(plan.destination));
  const id = `${plan.id}-lab`;
  yield {
    ...about(demoCase, tenant, id),
    meta: claim('us-core-diagnosticreport-lab'),
    status: isPartial ? 'partial' : 'final',
    category: [LABORATORY],
    code: concept('Laboratory report', loinc('11502-2')),
    effectiveDateTime: dateTime(first.finding.at),
    issued: dateTime(minutesAfter(last, 30)),
    performer: [laboratory],
    specimen: [...specimensOf(demoCase, tenant)].map((each) =>
      referTo('Specimen', each.id ?? '', each.type?.text ?? ''),
    ),
    result: results.map(({ finding, id: result }) => referTo('Observation', result, finding.resource.code.text ?? '')),
  };
}

interface Study {
  readonly kind: 'imaging' | 'ecg' | 'pathology' | 'cultures';
  readonly of: readonly PatientType[];
  /** https://hl7.org/fhir/us/core/STU6.1/clinical-notes.html */
  readonly category: CodeableConcept;
  readonly profile?: 'us-core-diagnosticreport-lab';
  readonly code: CodeableConcept;
  /** What the document is that has the same text. */
  readonly document: CodeableConcept;
  readonly minutes: number;
  readonly findings: readonly string[];
}

const STUDIES: readonly Study[] = [
  {
    kind: 'imaging',
    of: ['trauma', 'sepsis', 'pulmonary-embolism', 'stroke', 'cardiac-arrest', 'surgical-emergency'],
    category: concept('Radiology', coding('http://loinc.org', 'LP29684-5', 'Radiology')),
    code: concept('Chest X-ray, portable', loinc('30746-2')),
    document: concept('Diagnostic imaging study', loinc('18748-4')),
    minutes: 34,
    findings: [
      'Lungs clear. Heart of normal size. No fracture seen.',
      'Patchy opacity at the right base. No effusion.',
    ],
  },
  {
    kind: 'ecg',
    of: ['stemi', 'cardiac-arrest', 'shock-ecmo', 'toxicology'],
    category: concept('Cardiology', coding('http://loinc.org', 'LP29708-2', 'Cardiology')),
    code: concept('Electrocardiogram, 12 leads', loinc('11524-6')),
    document: concept('Electrocardiogram', loinc('11524-6')),
    minutes: 9,
    findings: ['Sinus rhythm, rate 88. ST elevation in II, III and aVF.', 'Sinus tachycardia. No acute ST change.'],
  },
  {
    kind: 'pathology',
    of: ['surgical-emergency', 'obstetrics'],
    category: concept('Pathology', coding('http://loinc.org', 'LP7839-6', 'Pathology')),
    code: concept('Surgical pathology', loinc('11526-1')),
    document: concept('Pathology study', loinc('11526-1')),
    minutes: 300,
    findings: ['Appendix: acute inflammation through the wall. No malignancy.', 'Placenta: mature, no infarct.'],
  },
  {
    kind: 'cultures',
    of: ['sepsis'],
    category: LABORATORY,
    profile: 'us-core-diagnosticreport-lab',
    code: concept('Laboratory report, cultures', loinc('11502-2')),
    document: concept('Laboratory report', loinc('11502-2')),
    minutes: 1_440,
    findings: [
      'Blood cultures, two sets: no growth after one day.',
      'Blood cultures, two sets: Escherichia coli in both.',
    ],
  },
];

/** Reports that are texts: the hospital keeps each also as a document, of the same bytes. */
export function* studiesOf(demoCase: Case, tenant: Tenant): Generator<DiagnosticReport | DocumentReference> {
  const { plan } = demoCase;
  if (tenant !== 'org_riverside' || plan.status !== 'finished' || plan.psrs === 0) return;
  for (const study of STUDIES) if (study.of.includes(plan.type)) yield* studyOf(demoCase, tenant, study);
}

function* studyOf(demoCase: Case, tenant: Tenant, study: Study): Generator<DiagnosticReport | DocumentReference> {
  const { plan, team, findings } = demoCase;
  const random = new Random(study.kind, plan.id);
  const at = minutesAfter(findings[0]?.at ?? plan.start, study.minutes);
  const id = `${plan.id}-${study.kind}`;
  const author = referToClinician(team.specialist, tenant);
  const words = [
    `${study.code.text ?? ''}, ${personName(plan.person) ?? 'Name unknown'}, case ${plan.id}, ${dateTime(at)}`,
    `Indication: ${PRESENTATIONS[plan.type].text}.`,
    `Findings: ${random.pick(study.findings)}`,
  ];
  const bytes = Buffer.from(`${words.join('\n')}\n`);
  const attachment = { contentType: TEXT, language: 'en-US' as const, title: `${id}.txt`, creation: dateTime(at) };
  yield {
    ...about(demoCase, tenant, id),
    meta: claim(study.profile ?? 'us-core-diagnosticreport-note'),
    status: 'final',
    category: [study.category],
    code: study.code,
    effectiveDateTime: dateTime(at),
    issued: dateTime(minutesAfter(at, 25)),
    performer: [author, referTo('Organization', plan.destination, organizationName(plan.destination))],
    // The curve is on paper: there is no Media to refer to.
    ...(study.kind === 'ecg' && { media: [{ comment: 'Rhythm strip', link: { display: 'Paper strip' } }] }),
    ...(study.kind === 'ecg' && heartRateOf(demoCase)),
    presentedForm: [{ ...attachment, data: bytes.toString('base64') }],
  };
  yield {
    resourceType: 'DocumentReference',
    id: `${id}-doc`,
    meta: claim('us-core-documentreference'),
    identifier: [{ use: 'official', system: SYSTEMS.summary, value: `${TENANTS[tenant].clinical}-${id}` }],
    status: 'current',
    docStatus: 'final',
    type: study.document,
    category: [CLINICAL_NOTE],
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    date: dateTime(minutesAfter(at, 25)),
    author: [author],
    description: study.code.text ?? '',
    content: [{ attachment: { ...attachment, url: `Binary/${binaryId(`DiagnosticReport/${id}`, TEXT, bytes)}` } }],
    context: { encounter: [referTo('Encounter', plan.id)], period: { start: dateTime(at), end: dateTime(at) } },
  };
}

const TEXT = 'text/plain; charset=utf-8';

/** What a study measured beside its text. */
function heartRateOf({ plan, findings }: Case): Pick<DiagnosticReport, 'result'> {
  const index = findings.findIndex(({ resource }) => resource.code.coding?.[0]?.code === '8867-4');
  return index < 0 ? {} : { result: [referTo('Observation', observationId(plan.id, index), 'Heart rate')] };
}

function about({ plan }: Case, tenant: Tenant, id: string) {
  return {
    resourceType: 'DiagnosticReport' as const,
    id,
    identifier: [{ use: 'official' as const, system: SYSTEMS.report, value: `${TENANTS[tenant].clinical}-${id}` }],
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    encounter: referTo('Encounter', plan.id),
  };
}
