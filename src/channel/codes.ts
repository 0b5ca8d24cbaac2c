import type { CodeableConcept, Coding, Extension, Quantity } from '@medplum/fhirtypes';

/** The words of a patient channel and their codes: one table for both directions (docs/decisions/0017). */

/** What a case is about, and its code in Portico's own system. */
export const PATIENT_TYPES = {
  'Behavioral Health': 'behavioral',
  'Cardiac Arrest': 'cardiac-arrest',
  General: 'general',
  Obstetrics: 'obstetrics',
  'Pulmonary Embolism': 'pulmonary-embolism',
  Sepsis: 'sepsis',
  'Shock/ECMO': 'shock',
  STEMI: 'stemi',
  Stroke: 'stroke',
  'Surgical Emergency': 'surgical',
  'Toxicology/Overdose': 'toxicology',
  Trauma: 'trauma',
  ESF6: 'esf6',
} as const;

interface Arrival {
  readonly text: string;
  /** Of v3-ActCode: the class of the encounter. */
  readonly code: string;
  readonly display: string;
}

export const ARRIVALS = {
  INBOUND_EMS: { text: 'Inbound EMS', code: 'FLD', display: 'field' },
  ED_PATIENT: { text: 'ED patient', code: 'EMER', display: 'emergency' },
  IN_PATIENT: { text: 'Inpatient', code: 'IMP', display: 'inpatient encounter' },
} as const satisfies Record<string, Arrival>;

/** In the order of the form; a summary lists those that are not set too. */
export const EVENTS = {
  'first-contact': 'First contact',
  'at-patient': 'At patient',
  'ems-scene-departure': 'EMS scene departure',
  eta: 'ETA',
  'ed-arrival': 'ED arrival',
  'door-time': 'Door time',
  'last-known-well': 'Last known well',
  'stop-time': 'Stop time',
} as const;

/** By table 0203 of HL7 v2; what has no code there is told by the system of its value. */
export const CATEGORIES = { MRN: 'MR', CSN: 'VN', WRISTBAND: undefined, OTHER: undefined } as const;
export type Category = keyof typeof CATEGORIES;

/** A summary of a case: the type of its DocumentReference. */
export const SUMMARY_TYPE = 'http://loinc.org|67796-3';

export const coding = (system: string, code: string, display?: string): Coding => ({
  system,
  code,
  ...(display !== undefined && { display }),
});

/** Displays are given only where the code system publishes exactly these words. */
export const concept = (text: string, ...codings: readonly Coding[]): CodeableConcept => ({
  ...(codings.length > 0 && { coding: [...codings] }),
  text,
});

export const loinc = (code: string): Coding => coding('http://loinc.org', code);
export const hl7 = (system: string, code: string, display?: string): Coding =>
  coding(`http://terminology.hl7.org/CodeSystem/${system}`, code, display);

export const quantity = (value: number, unit: string, code = unit): Quantity => ({
  value,
  unit,
  system: 'http://unitsofmeasure.org',
  code,
});

/** Extensions of Portico's own, whose URLs begin with the base of the server. */
export const extensionUrl = (base: string, name: string): string => `${base}/StructureDefinition/${name}`;

export function named(extensions: readonly Extension[] | undefined, name: string): Extension[] {
  return (extensions ?? []).filter(({ url }) => url.endsWith(`/StructureDefinition/${name}`));
}

export const part = (extension: Extension | undefined, url: string): Extension | undefined =>
  extension?.extension?.find((each) => each.url === url);
