import type { CodeableConcept, Observation } from '@medplum/fhirtypes';
import { concept, hl7, loinc, quantity } from '../channel/codes.js';
import { findingsOf, type VitalSet } from '../channel/vital-signs.js';
import type { Channel, Lab } from './channel.js';
import { idOf, type Place } from './place.js';

const LABORATORY = concept('Laboratory', hl7('observation-category', 'laboratory', 'Laboratory'));
const SOCIAL = concept('Social History', hl7('observation-category', 'social-history', 'Social History'));

/** What was found: vital signs, laboratory results, and an age without a birth date. */
export function toObservations(
  place: Place,
  channel: Channel,
  ids: { readonly encounter: string; readonly patient: string },
): Observation[] {
  const { vitals, labs, height, weight } = channel;
  const at = channel.timeline.find(({ event }) => event === 'first-contact')?.at ?? channel.startedAt;
  const size: VitalSet[] = (height ?? weight) && at !== undefined ? [{ at, height, weight }] : [];
  const found: Found[] = [
    ...[...vitals, ...size].flatMap((set) =>
      findingsOf(set).map((finding) => ({ ...finding, status: 'final' as const, effectiveDateTime: set.at })),
    ),
    ...labs.map(laboratory),
    ...ageOf(channel, at),
  ];
  const seen = new Map<string, number>();
  return found.map((each) => {
    // What is read off at one time is known by its time and its code; a second one of both has a number.
    const key = JSON.stringify([each.effectiveDateTime ?? '', each.code]);
    const ordinal = seen.get(key) ?? 0;
    seen.set(key, ordinal + 1);
    return {
      resourceType: 'Observation',
      id: idOf(place, 'observation', channel.id, key, String(ordinal)),
      ...each,
      subject: { reference: `Patient/${ids.patient}` },
      encounter: { reference: `Encounter/${ids.encounter}` },
    };
  });
}

type Found = Omit<Observation, 'resourceType' | 'id' | 'subject' | 'encounter'>;

/** Where there is no birth date: nothing else may be made of it. */
function ageOf({ age, ageUnit = 'years', birthDate }: Channel, at: string | undefined): Found[] {
  const units = new Map([
    ['years', 'a'],
    ['months', 'mo'],
    ['weeks', 'wk'],
    ['days', 'd'],
  ]);
  const code = units.get(ageUnit.endsWith('s') ? ageUnit : `${ageUnit}s`);
  if (age === undefined || age < 0 || birthDate !== undefined || code === undefined) return [];
  return [
    {
      status: 'final',
      category: [SOCIAL],
      code: concept('Age', loinc('30525-0')),
      valueQuantity: quantity(age, ageUnit, code),
      ...(at !== undefined && { effectiveDateTime: at }),
    },
  ];
}

/** https://hl7.org/fhir/R4/valueset-observation-interpretation.html */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['N', 'Normal'],
  ['H', 'High'],
  ['HH', 'Critical high'],
  ['L', 'Low'],
  ['LL', 'Critical low'],
  ['A', 'Abnormal'],
  ['AA', 'Critical abnormal'],
  ['POS', 'Positive'],
  ['NEG', 'Negative'],
]);

/** The test has the laboratory's words and no code: Pulsara has none, and ours would be a guess. */
function laboratory({ at, test, value, unit, range, flag }: Lab): Found {
  const display = FLAGS.get(flag?.toUpperCase() ?? '');
  const interpretation: CodeableConcept | undefined =
    flag === undefined
      ? undefined
      : display === undefined
        ? concept(flag)
        : concept(display, hl7('v3-ObservationInterpretation', flag.toUpperCase(), display));
  return {
    status: 'final',
    category: [LABORATORY],
    code: concept(test),
    ...valueOf(value, unit),
    ...(at !== undefined && { effectiveDateTime: at }),
    ...(interpretation && { interpretation: [interpretation] }),
    ...(range !== undefined && { referenceRange: [{ text: range }] }),
  };
}

/** A unit has its words alone: which code of UCUM was meant is not for us to guess. */
function valueOf(value: string, unit: string | undefined): Pick<Observation, 'valueQuantity' | 'valueString'> {
  const [, comparator, digits] = /^(<=|>=|<|>)?\s*(-?\d{1,12}(?:\.\d{1,6})?)$/.exec(value) ?? [];
  if (digits === undefined) return { valueString: unit === undefined ? value : `${value} ${unit}` };
  return {
    valueQuantity: {
      value: Number(digits),
      ...(comparator !== undefined && { comparator: comparator as '<' }),
      ...(unit !== undefined && { unit }),
    },
  };
}
