import { getAllDataTypes, type InternalTypeSchema } from '@medplum/core';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dist } from '../installed.js';
import type { Vocabulary } from './vocabulary.js';

/** What the published definitions say, prepared by dev/definitions.ts at build time. */
export interface SearchDefinition {
  readonly url: string;
  readonly type: string;
  readonly expression: string;
  readonly target?: readonly string[];
  readonly component?: readonly { readonly definition: string; readonly expression: string }[];
}

export interface TypeDefinition {
  readonly schema: InternalTypeSchema;
  /** Names of the top-level elements, in the order of the specification; a choice as `value[x]`. */
  readonly order: readonly string[];
  /** Paths below the type that belong to its summary. */
  readonly summary: readonly string[];
  /** Paths below the type that must be present. */
  readonly mandatory: readonly string[];
}

/** A profile of a vital sign: https://hl7.org/fhir/R4/observation-vitalsigns.html */
export interface VitalSign {
  readonly url: string;
  /** Of LOINC; what has it is one. */
  readonly code?: string | undefined;
  /** Of UCUM; undefined where the profile does not say what is measured. */
  readonly units?: readonly string[] | undefined;
  /** The value must be there. */
  readonly isMeasured: boolean;
  readonly hasValue: boolean;
  readonly hasMembers: boolean;
  readonly components: readonly { readonly code: string; readonly units: readonly string[] }[];
}

const definitions = new URL('definitions/', dist);

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, definitions), 'utf8'));

const searchDefinitions = new Map<string, Readonly<Record<string, SearchDefinition>>>();

function searchDefinitionsIn(type: string): Readonly<Record<string, SearchDefinition>> {
  let found = searchDefinitions.get(type);
  if (!found) {
    const name = `search/${type}.json`;
    found = existsSync(new URL(name, definitions)) ? (read(name) as Record<string, SearchDefinition>) : {};
    searchDefinitions.set(type, found);
  }
  return found;
}

/** The search parameters that R4 defines for a type, those of every resource among them. */
export function searchDefinitionsOf(type: string): Readonly<Record<string, SearchDefinition>> {
  return { ...searchDefinitionsIn('Resource'), ...searchDefinitionsIn(type) };
}

let compartment: Record<string, string[]> | undefined;

/** The search parameters that put a resource into the Patient compartment (https://hl7.org/fhir/R4/compartmentdefinition-patient.html). */
export function patientCompartment(type: string): readonly string[] {
  compartment ??= read('patient-compartment.json') as Record<string, string[]>;
  return compartment[type] ?? [];
}

const types = new Map<string, TypeDefinition>();

/** The definition of a resource or data type; undefined when R4 has none of that name. */
export function typeDefinition(type: string): TypeDefinition | undefined {
  const known = types.get(type);
  if (known) return known;
  if (!/^[A-Za-z]{2,64}$/.test(type) || !existsSync(new URL(`types/${type}.json`, definitions))) return undefined;
  const definition = read(`types/${type}.json`) as TypeDefinition;
  types.set(type, definition);
  const schemas = getAllDataTypes();
  schemas[type] = revive(definition.schema);
  for (const inner of definition.schema.innerTypes) {
    inner.parentType = definition.schema;
    schemas[inner.name] = revive(inner);
  }
  return definition;
}

let signs: readonly VitalSign[] | undefined;

export const vitalSigns = (): readonly VitalSign[] => (signs ??= read('vital-signs.json') as VitalSign[]);

let valueSets: Record<string, Record<string, readonly string[]>> | undefined;
const codes = new Map<string, ReadonlyMap<string, ReadonlySet<string>> | undefined>();

/** The codes of a value set, by their system; undefined where the definitions do not say them all. */
export function codesOf(valueSet: string): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  const url = valueSet.split('|')[0] as string;
  valueSets ??= read('value-sets.json') as Record<string, Record<string, readonly string[]>>;
  const found = Object.hasOwn(valueSets, url) ? valueSets[url] : undefined;
  if (!codes.has(url))
    codes.set(url, found && new Map(Object.entries(found).map(([system, list]) => [system, new Set(list)])));
  return codes.get(url);
}

let vocabulary: Vocabulary | undefined;

/** The value sets and code systems that are published with R4: what the profiles of a package may be bound to. */
export const publishedVocabulary = (): Vocabulary => (vocabulary ??= read('vocabulary.json') as Vocabulary);

let dataTypes = false;

/** Loads every data type: a resource of any type may hold any of them. */
export function loadDataTypes(): void {
  if (dataTypes) return;
  for (const file of readdirSync(new URL('types/', definitions))) {
    const name = file.replace(/\.json$/, '');
    if (!resourceNames().has(name)) typeDefinition(name);
  }
  dataTypes = true;
}

let names: ReadonlySet<string> | undefined;

/** The resource types of R4. */
export function resourceNames(): ReadonlySet<string> {
  return (names ??= new Set(read('resource-types.json') as string[]));
}

/** JSON has no infinity. */
function revive(schema: InternalTypeSchema): InternalTypeSchema {
  for (const element of Object.values(schema.elements)) {
    if ((element.max as unknown) === 'Infinity') element.max = Infinity;
    for (const slice of element.slicing?.slices ?? []) if ((slice.max as unknown) === 'Infinity') slice.max = Infinity;
  }
  return schema;
}
