import type {
  CodeableConcept,
  Coding,
  Extension,
  Identifier,
  Quantity,
  Reference,
  Resource,
  ResourceType,
} from '@medplum/fhirtypes';

/** Displays are given only where the code system publishes exactly these words; the words for readers are in `text`. */
export const coding = (system: string, code: string, display?: string): Coding => ({
  system,
  code,
  ...(display !== undefined && { display }),
});

export const concept = (text: string, ...codings: readonly Coding[]): CodeableConcept => ({
  ...(codings.length > 0 && { coding: [...codings] }),
  text,
});

export const loinc = (code: string): Coding => coding('http://loinc.org', code);
export const snomed = (code: string): Coding => coding('http://snomed.info/sct', code);
export const hl7 = (system: string, code: string, display?: string): Coding =>
  coding(`http://terminology.hl7.org/CodeSystem/${system}`, code, display);

/** https://ucum.org; the unit is what is printed, the code what is computed with. */
export const quantity = (value: number, unit: string, code = unit): Quantity => ({
  value,
  unit,
  system: 'http://unitsofmeasure.org',
  code,
});

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition/';
export const usCore = (name: string): string => `${US_CORE}${name}`;
export const claim = (...profiles: readonly string[]): { profile: string[] } => ({ profile: profiles.map(usCore) });

export const absent = (reason: string): Extension => ({
  url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
  valueCode: reason,
});

export const referTo = <const K extends ResourceType>(
  type: K,
  id: string,
  display?: string,
): Reference<Extract<Resource, { resourceType: K }>> => ({
  reference: `${type}/${id}`,
  ...(display !== undefined && { display }),
});

/** Code systems of the facade itself: their URLs begin with the base of the server. */
export interface LocalCodes {
  readonly base: string;
  code(system: string, code: string, display: string): Coding;
}

export const localCodes = (base: string): LocalCodes => ({
  base,
  code: (system, code, display) => coding(`${base}/CodeSystem/${system}`, code, display),
});

/**
 * A National Provider Identifier that nobody has: real ones begin with 1 so far. The last digit is Luhn's, of the number
 * with 80840 before it.
 */
export function npi(index: number): Identifier {
  const digits = String(290_000_000 + index * 7_919);
  const sum = Array.from(digits, Number)
    .reverse()
    .reduce((total, digit, place) => {
      const value = digit * (place % 2 === 0 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 24);
  return {
    use: 'official',
    system: 'http://hl7.org/fhir/sid/us-npi',
    value: `${digits}${String((10 - (sum % 10)) % 10)}`,
  };
}

/** Identifier systems: UUIDs as OIDs (X.667), which need no registration and name nobody. */
export const SYSTEMS = {
  riversideRecord: 'urn:oid:2.25.218437709302341178412096340586247911324',
  valleyRecord: 'urn:oid:2.25.103962214985503217640028471395627405182',
  riversideVisit: 'urn:oid:2.25.331502874190663241987530016248895127443',
  valleyRun: 'urn:oid:2.25.260017735948820113746559204318870936215',
  staff: 'urn:oid:2.25.174880362219507733104826655091437268901',
  organization: 'urn:oid:2.25.292611840537716429065338120974453816077',
  location: 'urn:oid:2.25.118530274936401175620938457712034958671',
  role: 'urn:oid:2.25.227419360815502937466120845539017724386',
  specimen: 'urn:oid:2.25.309174825563019248837105562940731186254',
  accession: 'urn:oid:2.25.161827390455728301946650217384905521763',
  report: 'urn:oid:2.25.284490173652908817345521096473380215947',
  summary: 'urn:oid:2.25.145208993617482300571684293370615529318',
} as const;
