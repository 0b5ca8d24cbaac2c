import type { CodeableConcept, Observation, ObservationComponent, Quantity } from '@medplum/fhirtypes';
import { concept, hl7, loinc, quantity } from './codes.js';

/** What was read off at one time, in the words of the native API. */
export interface VitalSet {
  readonly at: string;
  readonly heart_rate?: number | undefined;
  readonly systolic?: number | undefined;
  readonly diastolic?: number | undefined;
  readonly respiratory_rate?: number | undefined;
  readonly oxygen_saturation?: number | undefined;
  /** Liters a minute. */
  readonly oxygen_flow?: number | undefined;
  readonly temperature?: Measure<'Cel' | 'degF'> | undefined;
  readonly coma_scale?: number | undefined;
  readonly pain?: number | undefined;
  readonly height?: Measure<'cm' | 'in'> | undefined;
  readonly weight?: Measure<'kg' | 'lb'> | undefined;
}

export interface Measure<Unit extends string> {
  readonly value: number;
  readonly unit: Unit;
}

/** An observation without what ties it to its case. */
export type Finding = Pick<Observation, 'code' | 'category' | 'valueQuantity' | 'component' | 'method' | 'meta'>;

/** The units of the native API in UCUM, and what is printed. */
const UNITS = {
  Cel: ['°C', 'Cel'],
  degF: ['°F', '[degF]'],
  cm: ['cm', 'cm'],
  in: ['in', '[in_i]'],
  kg: ['kg', 'kg'],
  lb: ['lb', '[lb_av]'],
} as const;

type Plain = 'heart_rate' | 'respiratory_rate' | 'coma_scale' | 'pain';
type Measured = 'temperature' | 'height' | 'weight';

/** One value, one Observation: its LOINC code, its text and its unit. https://hl7.org/fhir/us/core/STU6.1/StructureDefinition-us-core-vital-signs.html */
const PLAIN: Readonly<Record<Plain, readonly [code: string, text: string, unit: string, ucum: string]>> = {
  heart_rate: ['8867-4', 'Heart rate', 'beats/min', '/min'],
  respiratory_rate: ['9279-1', 'Respiratory rate', 'breaths/min', '/min'],
  coma_scale: ['9269-2', 'Glasgow coma score total', '{score}', '{score}'],
  pain: ['72514-3', 'Pain severity, 0 to 10', '{score}', '{score}'],
};
const MEASURED: Readonly<Record<Measured, readonly [code: string, text: string]>> = {
  temperature: ['8310-5', 'Body temperature'],
  height: ['8302-2', 'Body height'],
  weight: ['29463-7', 'Body weight'],
};
const PRESSURE = { panel: '85354-9', systolic: '8480-6', diastolic: '8462-4' } as const;
const OXYGEN = { saturation: '59408-5', panel: '2708-6', flow: '3151-8' } as const;

const VITAL = concept('Vital Signs', hl7('observation-category', 'vital-signs', 'Vital Signs'));
const EXAM = concept('Exam', hl7('observation-category', 'exam', 'Exam'));
const UNKNOWN: CodeableConcept = concept('Unknown', hl7('data-absent-reason', 'unknown', 'Unknown'));

/** The observations that a set makes; a value that was not read makes none. */
export function findingsOf(set: VitalSet): Finding[] {
  const found: Finding[] = [];
  for (const [name, [code, text, unit, ucum]] of Object.entries(PLAIN) as [Plain, (typeof PLAIN)[Plain]][]) {
    const value = set[name];
    // A coma score is no vital sign of US Core.
    const category = [name === 'coma_scale' ? EXAM : VITAL];
    if (value !== undefined)
      found.push({ category, code: concept(text, loinc(code)), valueQuantity: quantity(value, unit, ucum) });
  }
  for (const [name, [code, text]] of Object.entries(MEASURED) as [Measured, (typeof MEASURED)[Measured]][]) {
    const measure = set[name];
    if (!measure) continue;
    const [unit, ucum] = UNITS[measure.unit];
    found.push({
      category: [VITAL],
      code: concept(text, loinc(code)),
      valueQuantity: quantity(measure.value, unit, ucum),
    });
  }
  if (set.systolic !== undefined || set.diastolic !== undefined) found.push(pressureOf(set));
  if (set.oxygen_saturation !== undefined) found.push(oxygenOf(set.oxygen_saturation, set.oxygen_flow));
  return found;
}

function pressureOf({ systolic, diastolic }: VitalSet): Finding {
  const component = (code: string, text: string, value: number | undefined): ObservationComponent => ({
    code: concept(text, loinc(code)),
    ...(value === undefined ? { dataAbsentReason: UNKNOWN } : { valueQuantity: quantity(value, 'mmHg', 'mm[Hg]') }),
  });
  return {
    category: [VITAL],
    code: concept('Blood pressure', loinc(PRESSURE.panel)),
    component: [
      component(PRESSURE.systolic, 'Systolic blood pressure', systolic),
      component(PRESSURE.diastolic, 'Diastolic blood pressure', diastolic),
    ],
  };
}

const oxygenOf = (saturation: number, flow: number | undefined): Finding => ({
  category: [VITAL],
  code: concept('Oxygen saturation by pulse oximetry', loinc(OXYGEN.saturation), loinc(OXYGEN.panel)),
  valueQuantity: quantity(saturation, '%'),
  ...(flow !== undefined && {
    component: [
      { code: concept('Inhaled oxygen flow rate', loinc(OXYGEN.flow)), valueQuantity: quantity(flow, 'L/min') },
    ],
  }),
});

/** The sets of a case, the oldest first, and the observations that are no part of one. */
export function setsOf(observations: readonly Observation[]): {
  readonly sets: readonly VitalSet[];
  readonly others: readonly Observation[];
} {
  const sets: VitalSet[] = [];
  const others: Observation[] = [];
  for (const observation of observations) {
    const values = valuesOf(observation);
    const at = observation.effectiveDateTime ?? observation.effectiveInstant;
    const names = Object.keys(values);
    if (at === undefined || names.length === 0) {
      others.push(observation);
      continue;
    }
    // Read off twice at the same time: neither is lost.
    const place = sets.findIndex((set) => set.at === at && !names.some((name) => name in set));
    if (place < 0) sets.push({ at, ...values });
    else sets[place] = { ...(sets[place] as VitalSet), ...values };
  }
  return { sets: sets.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)), others };
}

function valuesOf({ status, code, valueQuantity, component }: Observation): Omit<VitalSet, 'at'> {
  if (status === 'entered-in-error' || status === 'cancelled') return {};
  const loincs = new Set((code.coding ?? []).filter(({ system }) => system === 'http://loinc.org').map((c) => c.code));
  if (loincs.has(PRESSURE.panel))
    return defined({
      systolic: partOf(component, PRESSURE.systolic)?.value,
      diastolic: partOf(component, PRESSURE.diastolic)?.value,
    });
  if (valueQuantity?.value === undefined) return {};
  if (loincs.has(OXYGEN.saturation) || loincs.has(OXYGEN.panel))
    return defined({ oxygen_saturation: valueQuantity.value, oxygen_flow: partOf(component, OXYGEN.flow)?.value });
  for (const [name, [known]] of Object.entries(PLAIN)) if (loincs.has(known)) return { [name]: valueQuantity.value };
  for (const [name, [known]] of Object.entries(MEASURED)) {
    const unit = Object.entries(UNITS).find(([, [, ucum]]) => ucum === valueQuantity.code)?.[0];
    if (loincs.has(known) && unit !== undefined) return { [name]: { value: valueQuantity.value, unit } };
  }
  return {};
}

const partOf = (components: Observation['component'], code: string): Quantity | undefined =>
  components?.find((each) => each.code.coding?.some((known) => known.code === code))?.valueQuantity;

const defined = (values: Omit<VitalSet, 'at'>): Omit<VitalSet, 'at'> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
