import { evalFhirPathTyped, parseFhirPath, toTypedValue, type TypedValue } from '@medplum/core';
import { interval, periodInterval } from '../define/dates.js';
import { localise } from '../define/elements/element.js';
import { canonicalOf } from '../define/elements/quantities.js';
import { relative } from '../define/elements/references.js';
import { fold } from '../define/fold.js';
import { leafOf } from '../define/params.js';
import type { DeclaredParam } from '../registry.js';
import { typeDefinition } from '../validate/definitions.js';

/**
 * The values that a resource has for a search parameter, by the parameter's published FHIRPath expression, in the
 * columns of the overflow index. What the columns of a row yield and what its resource yields are compared with it.
 */
export type IndexedValue = Readonly<Record<string, string | number>>;

type Members = Readonly<Record<string, unknown>>;

export interface ValueContext {
  readonly base: string;
}

/** The values, and for a reference its identifiers under `<name>:identifier`. */
export function searchValues(
  resource: object,
  declared: DeclaredParam,
  context: ValueContext,
): Map<string, IndexedValue[]> {
  const { name, definition } = declared;
  const values = new Map<string, IndexedValue[]>();
  const found = evaluate(definition.expression, [toTypedValue(resource)]);
  if (definition.type === 'composite') {
    values.set(
      name,
      found.flatMap((each) => compositeValues(each, declared, context)),
    );
    return values;
  }
  values.set(
    name,
    found.flatMap((each) => valuesOf(definition.type, each, context)),
  );
  if (definition.type === 'reference') {
    const identified = found.map(({ value }) => (value as Members | undefined)?.['identifier']).filter(Boolean);
    values.set(
      `${name}:identifier`,
      identified.flatMap((each) => tokens({ type: 'Identifier', value: each }, context)),
    );
  }
  return values;
}

/** The same values have the same key. */
export const keyOf = (value: IndexedValue): string => JSON.stringify(Object.entries(value).sort());

const parsed = new Map<string, ReturnType<typeof parseFhirPath>>();

function evaluate(expression: string, input: TypedValue[]): TypedValue[] {
  let atom = parsed.get(expression);
  if (!atom) parsed.set(expression, (atom = parseFhirPath(expression)));
  const found = evalFhirPathTyped(atom, input);
  // The library's `as()` lets every type pass.
  const type = /\.as\((\w+)\)$/.exec(expression)?.[1];
  return type === undefined ? found : found.filter((each) => each.type === type);
}

function valuesOf(type: string, typed: TypedValue, context: ValueContext): IndexedValue[] {
  switch (type) {
    case 'token':
      return tokens(typed, context);
    case 'string':
      return texts(typed).map((text) => ({ text: fold(text), exact: text }));
    case 'reference':
      return references(typed, context);
    case 'quantity':
      return quantities(typed, context);
    case 'uri':
      return [{ uri: localise(String(typed.value), context) }];
    case 'date':
      return dates(typed);
    default:
      return [];
  }
}

function tokens({ type, value }: TypedValue, context: ValueContext): IndexedValue[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [{ code: String(value) }];
  const members = value as Members;
  if (
    type === 'CodeableConcept' ||
    Array.isArray(members['coding']) ||
    (members['text'] !== undefined && members['code'] === undefined)
  ) {
    const concept = value as { coding?: object[]; text?: string };
    const text = concept.text === undefined ? [] : [{ text: fold(concept.text) }];
    return [...(concept.coding ?? []).flatMap((each) => tokens({ type: 'Coding', value: each }, context)), ...text];
  }
  if (type === 'Identifier') return identifiers(members, context);
  if (type === 'ContactPoint')
    return [drop({ code: members['value'] as string | undefined, system: members['use'] as string | undefined })];
  const { system, code, display } = value as { system?: string; code?: string; display?: string };
  if (code === undefined && display === undefined) return [];
  return [drop({ code, system: system && localise(system, context), text: display && fold(display) })];
}

function identifiers(
  {
    system,
    value,
    type,
  }: { system?: string; value?: string; type?: { coding?: { system?: string; code?: string }[]; text?: string } },
  context: ValueContext,
): IndexedValue[] {
  const base = { code: value, system: system && localise(system, context), text: type?.text && fold(type.text) };
  const codings = type?.coding ?? [];
  if (codings.length === 0) return [drop(base)];
  return codings.map((each) =>
    drop({ ...base, system_2: each.system && localise(each.system, context), code_2: each.code }),
  );
}

/** The strings of a name or an address are its parts (https://hl7.org/fhir/R4/search.html#string). */
function texts({ value }: TypedValue): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  const parts = value as Record<string, unknown>;
  const names = [
    'family',
    'given',
    'prefix',
    'suffix',
    'text',
    'line',
    'city',
    'district',
    'state',
    'postalCode',
    'country',
  ];
  return names.flatMap((name) => parts[name]).filter((part): part is string => typeof part === 'string');
}

function references({ value }: TypedValue, context: ValueContext): IndexedValue[] {
  const reference = typeof value === 'string' ? value : (value as { reference?: string } | undefined)?.reference;
  return reference === undefined || reference.startsWith('#') ? [] : [{ reference: relative(reference, context.base) }];
}

function quantities({ value }: TypedValue, context: ValueContext): IndexedValue[] {
  const {
    value: number,
    unit,
    system,
    code,
  } = value as { value?: number; unit?: string; system?: string; code?: string };
  if (number === undefined) return [];
  const { value: inBase, unit: base } = canonicalOf(value as Parameters<typeof canonicalOf>[0]) ?? {};
  return [
    drop({
      ...{ number, unit, unit_system: system && localise(system, context), unit_code: code },
      ...{ canonical: inBase, canonical_unit: base },
    }),
  ];
}

function dates({ type, value }: TypedValue): IndexedValue[] {
  const { start, end } = (value ?? {}) as { start?: string; end?: string };
  const range =
    typeof value === 'string'
      ? interval(value)
      : type === 'Period' || start || end
        ? periodInterval(start, end)
        : undefined;
  return range ? [{ start_at: range.start, end_at: range.end }] : [];
}

/** Every pair of what the two components yield in one place; the second's token goes to the columns of its own. */
function compositeValues(place: TypedValue, declared: DeclaredParam, context: ValueContext): IndexedValue[] {
  const leaf = leafOf(declared.param);
  if (leaf.kind !== 'composite') return [];
  const sides = (declared.definition.component ?? []).map(({ expression }, index) => {
    const kind = leaf.parts[index]?.kind ?? 'token';
    return evaluate(expression, [place]).flatMap((each) => valuesOf(kind, each, context));
  });
  const [first = [], second = []] = sides;
  return first.flatMap((one) => second.map((other) => ({ ...one, ...asSecond(other) })));
}

function asSecond({ code, system, ...rest }: IndexedValue): IndexedValue {
  return drop({ ...rest, code_2: code, system_2: system });
}

function drop(value: Readonly<Record<string, string | number | undefined>>): IndexedValue {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined && each !== ''),
  ) as IndexedValue;
}

/** FHIRPath needs the definitions of the types that it walks through. */
export function loadPathTypes(type: string): void {
  typeDefinition(type);
  for (const each of pathTypes) typeDefinition(each);
}

const pathTypes = [
  'Address',
  'Annotation',
  'Attachment',
  'CodeableConcept',
  'Coding',
  'ContactPoint',
  'Extension',
  'HumanName',
  'Identifier',
  'Meta',
  'Period',
  'Quantity',
  'Range',
  'Ratio',
  'Reference',
  'SampledData',
  'Timing',
] as const;
