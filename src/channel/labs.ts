import type { Observation, ObservationReferenceRange } from '@medplum/fhirtypes';

/** A laboratory result, or a score, in the words of the native API. */
export interface Result {
  readonly at: string | null;
  readonly test: string;
  readonly value: string;
  readonly unit: string | null;
  readonly reference_range: string | null;
  readonly flag: string | null;
}

export const isLab = ({ category }: Observation): boolean =>
  (category ?? []).some(({ coding }) => coding?.some(({ code }) => code === 'laboratory'));

export function resultOf(observation: Observation): Result {
  const { code, effectiveDateTime, effectiveInstant, interpretation, referenceRange, valueQuantity } = observation;
  return {
    at: effectiveDateTime ?? effectiveInstant ?? null,
    test: code.text ?? code.coding?.[0]?.display ?? code.coding?.[0]?.code ?? 'Observation',
    value: valueOf(observation),
    unit: valueQuantity?.unit ?? null,
    reference_range: rangeOf(referenceRange?.[0]),
    flag: interpretation?.[0]?.coding?.[0]?.code ?? null,
  };
}

function valueOf(observation: Observation): string {
  const { valueQuantity, valueCodeableConcept: concept, valueString, dataAbsentReason } = observation;
  const { valueInteger, valueBoolean, valueDateTime, valueTime } = observation;
  if (valueQuantity?.value !== undefined) return `${valueQuantity.comparator ?? ''}${String(valueQuantity.value)}`;
  if (concept) return concept.text ?? concept.coding?.[0]?.display ?? concept.coding?.[0]?.code ?? '';
  if (valueBoolean !== undefined) return valueBoolean ? 'Yes' : 'No';
  if (valueInteger !== undefined) return String(valueInteger);
  return valueString ?? valueDateTime ?? valueTime ?? dataAbsentReason?.text ?? 'No value';
}

function rangeOf(range: ObservationReferenceRange | undefined): string | null {
  const [low, high] = [range?.low?.value, range?.high?.value];
  if (range?.text !== undefined) return range.text;
  if (low !== undefined && high !== undefined) return `${String(low)}–${String(high)}`;
  if (high !== undefined) return `up to ${String(high)}`;
  return low === undefined ? null : `from ${String(low)}`;
}
