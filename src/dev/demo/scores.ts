import type { Observation } from '@medplum/fhirtypes';
import { dateTime, minutesAfter } from './calendar.js';
import { claim, concept, loinc, type LocalCodes } from './coding.js';
import { categoryOf, type Finding } from './findings.js';
import type { Side } from './organizations.js';
import type { PatientType } from './presentation.js';
import type { Random } from './random.js';

/** An assessment, for the FHIR side and for the printed report. */
export interface ScoreResult {
  readonly finding: Finding;
  readonly score: string;
  readonly value: string;
}

export interface Moments {
  readonly first: number;
  readonly arrival: number;
  readonly lastKnownWell?: number | undefined;
}

/** What is asked and ticked in a case of this type. Codes that LOINC does not have, or not for certain, are local. */
export function score(type: PatientType, moments: Moments, by: Side, codes: LocalCodes, random: Random): ScoreResult[] {
  const local = (code: string, text: string) => concept(text, codes.code('channel-observation', code, text));
  const survey = (
    at: number,
    code: Observation['code'],
    value: number,
    outOf: number,
    from: Side = by,
  ): ScoreResult => ({
    finding: {
      at,
      by: from,
      resource: {
        meta: claim('us-core-observation-screening-assessment'),
        category: [categoryOf('survey')],
        code,
        valueInteger: value,
      },
    },
    score: code.text ?? '',
    value: `${String(value)} of ${String(outOf)}`,
  });
  const tick = (code: string, text: string, minutes: number): ScoreResult => {
    const isDone = random.chance(0.8);
    const resource = {
      meta: claim('us-core-simple-observation'),
      category: [categoryOf('procedure')],
      code: local(code, text),
      valueBoolean: isDone,
    };
    const finding = { at: minutesAfter(moments.arrival, minutes), by: 'hospital' as const, resource };
    return { finding, score: text, value: isDone ? 'Yes' : 'No' };
  };
  const started = minutesAfter(moments.first, 2);
  switch (type) {
    case 'stroke': {
      const severity = random.whole(3, 21);
      const now = minutesAfter(moments.arrival, 6);
      return [
        ...onset(moments, by, local('last-known-well', 'Last known well')),
        survey(started, local('lams', 'Los Angeles Motor Scale'), Math.min(5, Math.ceil(severity / 4)), 5),
        survey(now, concept('NIH Stroke Scale, total', loinc('72089-6')), severity, 42, 'hospital'),
        tick('ct-complete', 'CT complete', 18),
      ];
    }
    case 'stemi':
    case 'cardiac-arrest':
      return [electrocardiogram(started, type, by, random), tick('cath-lab-ready', 'Cath lab ready', 11)];
    case 'trauma':
      return [tick('ct-complete', 'CT complete', 25)];
    case 'sepsis':
      return [survey(started, local('qsofa', 'qSOFA'), random.whole(1, 3), 3)];
    case 'behavioral':
      return [orientation(started, by, random)];
    default:
      return [];
  }
}

function onset({ lastKnownWell }: Moments, by: Side, code: Observation['code']): ScoreResult[] {
  if (lastKnownWell === undefined) return [];
  const began = minutesAfter(lastKnownWell, 25);
  const asked = (at: number, code: Observation['code'], when: number): ScoreResult => ({
    finding: { at, by, resource: { category: [categoryOf('survey')], code, valueDateTime: dateTime(when) } },
    score: code.text ?? '',
    value: dateTime(when).slice(0, 16).replace('T', ' '),
  });
  return [
    asked(minutesAfter(lastKnownWell, 60), code, lastKnownWell),
    asked(minutesAfter(lastKnownWell, 60), concept('Symptom onset', loinc('11368-8')), began),
  ];
}

const TRACINGS: Readonly<Record<'stemi' | 'cardiac-arrest', readonly string[]>> = {
  stemi: [
    'Sinus tachycardia, ST elevation in II, III and aVF with reciprocal depression in I and aVL',
    'Sinus rhythm, ST elevation in V1 to V4',
  ],
  'cardiac-arrest': [
    'After return of pulse: sinus tachycardia, widespread ST depression',
    'Junctional rhythm, rate 52',
  ],
};

function electrocardiogram(at: number, type: 'stemi' | 'cardiac-arrest', by: Side, random: Random): ScoreResult {
  const text = random.pick(TRACINGS[type]);
  const resource = {
    meta: claim('us-core-observation-clinical-result'),
    category: [categoryOf('procedure')],
    code: concept('12-lead ECG', loinc('8601-7')),
    valueString: text,
  };
  return { finding: { at, by, resource }, score: '12-lead ECG', value: text };
}

function orientation(at: number, by: Side, random: Random): ScoreResult {
  const text = random.pick([
    'Alert, oriented to person, place and time',
    'Alert, not sure of the date',
    'Drowsy, answers when spoken to',
  ]);
  const resource = {
    meta: claim('us-core-simple-observation'),
    category: [
      concept('Cognitive status', {
        system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category',
        code: 'cognitive-status',
        display: 'Cognitive Status',
      }),
    ],
    code: concept('Cognitive function', loinc('11332-4')),
    valueString: text,
  };
  return { finding: { at, by, resource }, score: 'Cognitive function', value: text };
}
