import type { CodeableConcept, Coding, Observation, ObservationReferenceRange } from '@medplum/fhirtypes';
import type { LabLine } from '../../psr/summary.js';
import { minutesAfter } from './calendar.js';
import { claim, concept, hl7, loinc, quantity, snomed } from './coding.js';
import { categoryOf, type Finding } from './findings.js';
import type { Presentation } from './presentation.js';
import { Random } from './random.js';

export type LabName = keyof typeof table;

interface Measured {
  readonly code: string;
  readonly text: string;
  readonly specimen: string;
  readonly unit: string;
  readonly ucum: string;
  readonly low?: number;
  readonly high: number;
  readonly decimals: number;
}

const measured = (
  code: string,
  text: string,
  unit: string,
  ucum: string,
  [low, high]: readonly [number | undefined, number],
  decimals: number,
  specimen = 'Serum or plasma',
): Measured => ({ code, text, unit, ucum, ...(low !== undefined && { low }), high, decimals, specimen });

/** Answers in words: most of them the first. */
interface Worded {
  readonly code: string;
  readonly text: string;
  readonly specimen: string;
  readonly answers: readonly (readonly [text: string, flag?: 'NEG' | 'POS' | 'A' | undefined, coding?: Coding])[];
}

const table = {
  sodium: measured('2951-2', 'Sodium', 'mmol/L', 'mmol/L', [135, 145], 0),
  potassium: measured('2823-3', 'Potassium', 'mmol/L', 'mmol/L', [3.5, 5.1], 1),
  creatinine: measured('2160-0', 'Creatinine', 'mg/dL', 'mg/dL', [0.6, 1.3], 2),
  glucose: measured('2345-7', 'Glucose', 'mg/dL', 'mg/dL', [70, 110], 0),
  lactate: measured('2524-7', 'Lactate', 'mmol/L', 'mmol/L', [0.5, 2.2], 1),
  troponin: measured('89579-7', 'Troponin I, high sensitivity', 'ng/L', 'ng/L', [undefined, 34], 0),
  hemoglobin: measured('718-7', 'Hemoglobin', 'g/dL', 'g/dL', [12, 17.5], 1, 'Blood'),
  leukocytes: measured('6690-2', 'White blood cells', '10*3/uL', '10*3/uL', [4.5, 11], 1, 'Blood'),
  platelets: measured('777-3', 'Platelets', '10*3/uL', '10*3/uL', [150, 400], 0, 'Blood'),
  inr: measured('6301-6', 'INR', '{INR}', '{INR}', [0.9, 1.2], 1, 'Platelet-poor plasma'),
  dDimer: measured('48065-7', 'D-dimer, FEU', 'ug/mL FEU', 'ug/mL{FEU}', [undefined, 0.5], 2, 'Platelet-poor plasma'),
  ethanol: measured('5643-2', 'Ethanol', 'mg/dL', 'mg/dL', [undefined, 10], 0),
  acetaminophen: measured('3298-7', 'Acetaminophen', 'ug/mL', 'ug/mL', [undefined, 30], 0),
  arterialPh: measured('2744-1', 'Arterial pH', '[pH]', '[pH]', [7.35, 7.45], 2, 'Arterial blood'),
  bloodGroup: {
    code: '882-1',
    text: 'ABO and Rh group',
    specimen: 'Blood',
    answers: [
      ['Blood group O Rh(D) positive', undefined, snomed('278147001')],
      ['Blood group A Rh(D) positive', undefined, snomed('278149003')],
      ['Blood group B Rh(D) positive', undefined, snomed('278150003')],
      ['Blood group O Rh(D) negative', undefined, snomed('278148006')],
    ],
  },
  covid: {
    code: '94500-6',
    text: 'SARS-CoV-2 RNA, respiratory specimen',
    specimen: 'Nasopharyngeal swab',
    answers: [
      ['Not detected', 'NEG', snomed('260415000')],
      ['Detected', 'POS', snomed('260373001')],
    ],
  },
  bloodCulture: {
    code: '600-7',
    text: 'Blood culture',
    specimen: 'Blood',
    answers: [
      ['No growth so far'],
      ['Gram-negative rods in 1 of 2 bottles, identification to follow', 'A'],
      ['Gram-positive cocci in clusters in 2 of 2 bottles, identification to follow', 'A'],
    ],
  },
  urineColor: {
    code: '5778-6',
    text: 'Urine color',
    specimen: 'Urine',
    answers: [['Yellow'], ['Straw'], ['Dark amber'], ['Red', 'A']],
  },
} as const satisfies Record<string, Measured | Worded>;

const LABS: Readonly<Record<LabName, Measured | Worded>> = table;

/** A result, for the FHIR side and for the printed report. */
export interface LabResult {
  readonly finding: Finding;
  readonly line: Omit<LabLine, 'at'>;
}

export function drawLabs({ labs, panel }: Presentation, at: number, person: string, random: Random): LabResult[] {
  const names = [...new Set([...(Object.keys(labs) as LabName[]), ...panel])];
  // A blood group does not change from case to case.
  const source = (name: LabName): Random => (name === 'bloodGroup' ? new Random('blood', person) : random);
  const first = names.map((name, index) => resultOf(name, labs[name], minutesAfter(at, index % 3), source(name)));
  // Lactate and troponin mean something only when they are taken again.
  const again = names
    .filter((name) => labs[name] !== undefined && (name === 'lactate' || name === 'troponin'))
    .map((name) => {
      const [mean, deviation] = labs[name] as readonly [number, number];
      const factor = name === 'lactate' ? 0.6 : 1.7;
      return resultOf(name, [mean * factor, deviation * factor], minutesAfter(at, 95), random);
    });
  return [...first, ...again];
}

function resultOf(
  name: LabName,
  shift: readonly [mean: number, deviation: number] | undefined,
  at: number,
  random: Random,
): LabResult {
  const lab = LABS[name];
  if ('answers' in lab) return wordedResult(lab, at, random);
  const isSpoilt = shift === undefined && new Random('spoilt', name, at).chance(0.02);
  return isSpoilt ? absentResult(lab, at) : measuredResult(lab, shift, at, random);
}

function measuredResult(
  lab: Measured,
  shift: readonly [mean: number, deviation: number] | undefined,
  at: number,
  random: Random,
): LabResult {
  const low = lab.low ?? 0;
  const [mean, deviation] = shift ?? [(low + lab.high) / 2, (lab.high - low) / 5];
  // Some results are bounded below by nature, and a shifted one must stay shifted.
  const drawn = Math.max(random.around(mean, deviation), low * 0.5, shift ? mean * 0.2 : 0);
  const value = Number(drawn.toFixed(lab.decimals));
  const flag = flagOf(value, lab);
  const range: ObservationReferenceRange = {
    ...(lab.low !== undefined && { low: quantity(lab.low, lab.unit, lab.ucum) }),
    high: quantity(lab.high, lab.unit, lab.ucum),
    type: concept('Normal range', hl7('referencerange-meaning', 'normal', 'Normal Range')),
  };
  return {
    finding: findingOf(lab, at, {
      valueQuantity: quantity(value, lab.unit, lab.ucum),
      interpretation: [FLAGS[flag]],
      referenceRange: [range],
    }),
    line: {
      test: lab.text,
      value: value.toFixed(lab.decimals),
      unit: lab.unit.replace('{INR}', '').replace('[pH]', ''),
      referenceRange: lab.low === undefined ? `up to ${String(lab.high)}` : `${String(lab.low)}–${String(lab.high)}`,
      flag,
    },
  };
}

/** A sample that came to the laboratory and could not be measured: an answer without a value says why. */
function absentResult(lab: Measured, at: number): LabResult {
  const text = 'Not measured: specimen unsuitable';
  const dataAbsentReason = concept(text, hl7('data-absent-reason', 'error', 'Error'));
  return { finding: findingOf(lab, at, { dataAbsentReason }), line: { test: lab.text, value: text } };
}

function wordedResult(lab: Worded, at: number, random: Random): LabResult {
  const [text, flag, coding] = random.weighted(lab.answers, (answer) => (answer === lab.answers[0] ? 4 : 1));
  return {
    finding: findingOf(lab, at, {
      ...(coding ? { valueCodeableConcept: concept(text, coding) } : { valueString: text }),
      ...(flag && { interpretation: [FLAGS[flag]] }),
    }),
    line: { test: lab.text, value: text, flag },
  };
}

function findingOf(lab: Measured | Worded, at: number, value: Partial<Observation>): Finding {
  return {
    at,
    by: 'laboratory',
    resource: {
      meta: claim('us-core-observation-lab'),
      category: [categoryOf('laboratory')],
      code: concept(lab.text, loinc(lab.code)),
      specimen: { display: lab.specimen },
      ...value,
    },
  };
}

/** Twice the upper limit, or half the lower, is critical. */
function flagOf(value: number, { low, high }: Measured): keyof typeof FLAGS {
  if (value > high) return value > 2 * high ? 'HH' : 'H';
  if (low !== undefined && value < low) return value < low / 2 ? 'LL' : 'L';
  return 'N';
}

const interpretation = (code: string, display: string): CodeableConcept =>
  concept(display, hl7('v3-ObservationInterpretation', code, display));

const FLAGS = {
  N: interpretation('N', 'Normal'),
  H: interpretation('H', 'High'),
  HH: interpretation('HH', 'Critical high'),
  L: interpretation('L', 'Low'),
  LL: interpretation('LL', 'Critical low'),
  A: interpretation('A', 'Abnormal'),
  POS: interpretation('POS', 'Positive'),
  NEG: interpretation('NEG', 'Negative'),
};
