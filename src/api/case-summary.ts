import type { Communication, Observation, Patient } from '@medplum/fhirtypes';
import { channelOf } from '../channel/channel.js';
import { ARRIVALS, EVENTS } from '../channel/codes.js';
import { isLab, resultOf } from '../channel/labs.js';
import { setsOf, type Measure, type VitalSet } from '../channel/vital-signs.js';
import type { CaseSummary } from '../psr/summary.js';
import type { Case } from './case.js';

/** What the summary says of itself. */
type About = Pick<CaseSummary, 'organization' | 'generatedAt' | 'version'>;

/** A case as its PSR prints it: from the FHIR resources alone. */
export function caseSummary(
  { encounter, patient }: Case,
  observations: readonly Observation[],
  messages: readonly Communication[],
  about: About,
): CaseSummary {
  const channel = channelOf('', encounter, patient, observations);
  const { sets, others } = setsOf(observations);
  const stamps = new Map(channel.timeline.map(({ event, at }) => [event, at]));
  const stopped = channel.status === 'stopped';
  const arrival = ARRIVALS[channel.method_of_arrival as keyof typeof ARRIVALS] as { text: string } | undefined;
  const results = others
    .filter(({ status }) => status !== 'entered-in-error')
    .map((each) => [each, resultOf(each)] as const);
  const timed = <T>(list: readonly T[], at: (each: T) => string): T[] =>
    [...list].sort((a, b) => Date.parse(at(a)) - Date.parse(at(b)));
  return {
    ...about,
    caseId: channel.id,
    status: stopped ? 'Stopped' : 'Active',
    preliminary: !stopped,
    patient: personOf(patient, channel, sets),
    patientType: channel.patient_type ?? undefined,
    chiefComplaint: channel.chief_complaint ?? undefined,
    acuity: channel.acuity?.label,
    methodOfArrival: arrival?.text,
    origin: encounter.hospitalization?.origin?.display,
    destination: channel.destination ?? undefined,
    unit: channel.unit ?? undefined,
    room: channel.room ?? undefined,
    eta: stamps.get('eta'),
    timeline: Object.entries(EVENTS).map(([event, label]) => ({ label, at: stamps.get(event) })),
    vitals: sets.filter(hasVitals).map(printed),
    labs: timed(
      results
        .filter(([each]) => isLab(each))
        .map(([, { at, unit, reference_range: range, flag, ...rest }]) => ({
          ...{ ...rest, at: at ?? about.generatedAt, unit: unit ?? undefined },
          ...{ referenceRange: range ?? undefined, flag: flag ?? undefined },
        })),
      ({ at }) => at,
    ),
    scores: timed(
      results
        .filter(([each]) => !isLab(each))
        .map(([, { at, test, value, unit }]) => ({
          at: at ?? about.generatedAt,
          score: test,
          value: [value, unit ?? ''].join(' ').trim(),
        })),
      ({ at }) => at,
    ),
    messages: timed(messages.flatMap(messageOf), ({ at }) => at),
  };
}

function personOf(
  patient: Patient | undefined,
  { first_name: first, last_name: last, age, age_unit: unit, identifiers }: ReturnType<typeof channelOf>,
  sets: readonly VitalSet[],
): CaseSummary['patient'] {
  const name = [last, first].filter((each) => each !== null).join(', ');
  const { gender } = patient ?? {};
  return {
    name: name === '' ? undefined : name,
    birthDate: patient?.birthDate,
    age: age === null ? undefined : `${String(age)} ${unit ?? 'years'}`,
    sex: gender === undefined || gender === 'unknown' ? undefined : gender.charAt(0).toUpperCase() + gender.slice(1),
    mrn: identifiers.find(({ category }) => category === 'MRN')?.value,
    heightCentimeters: metric(sets.findLast(({ height }) => height)?.height),
    weightKilograms: metric(sets.findLast(({ weight }) => weight)?.weight),
  };
}

const FACTORS = { cm: 1, in: 2.54, kg: 1, lb: 0.45359237 } as const;

const metric = (measure: Measure<'cm' | 'in' | 'kg' | 'lb'> | undefined): number | undefined =>
  measure && Math.round(measure.value * FACTORS[measure.unit] * 100) / 100;

const hasVitals = ({ at: _at, height: _height, weight: _weight, ...values }: VitalSet): boolean =>
  Object.keys(values).length > 0;

function printed(set: VitalSet): CaseSummary['vitals'][number] {
  const { temperature } = set;
  const celsius =
    temperature?.unit === 'degF' ? Math.round(((temperature.value - 32) / 1.8) * 10) / 10 : temperature?.value;
  return {
    at: set.at,
    heartRate: set.heart_rate,
    systolic: set.systolic,
    diastolic: set.diastolic,
    respiratoryRate: set.respiratory_rate,
    oxygenSaturation: set.oxygen_saturation,
    oxygenLitersPerMinute: set.oxygen_flow,
    temperatureCelsius: celsius,
    comaScale: set.coma_scale,
    pain: set.pain,
  };
}

function messageOf({ status, sent, sender, payload }: Communication): CaseSummary['messages'][number][] {
  const text = (payload ?? []).map(({ contentString }) => contentString).filter((each) => each !== undefined);
  if (status === 'entered-in-error' || sent === undefined || text.length === 0) return [];
  return [{ at: sent, sender: sender?.display ?? 'Unknown', text: text.join('\n') }];
}
