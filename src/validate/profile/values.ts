import { resourceNames } from '../definitions.js';
import { equal, isObject, membersOf } from '../fhirpath/values.js';
import { modelOf } from '../model.js';
import { isPrimitive } from '../primitives.js';

/** A value of a resource, where it stands. */
export interface Value {
  readonly value: unknown;
  /** What is beside a primitive, or in its place: its extensions. */
  readonly beside: unknown;
  readonly path: string;
  /** Of a choice, which it is; undefined where the definition says it. */
  readonly type: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

/** The values of an element, `value[x]` for a choice. */
export function valuesAt({ value, beside, path }: Value, name: string): Value[] {
  const object = isObject(value) ? value : beside;
  if (!isObject(object)) return [];
  if (!name.endsWith('[x]')) return listed(object, name, path, undefined);
  const stem = name.slice(0, -3);
  for (const key of Object.keys(object)) {
    const bare = key.startsWith('_') ? key.slice(1) : key;
    const type = bare.startsWith(stem) ? typeNamed(bare.slice(stem.length)) : undefined;
    if (type !== undefined) return listed(object, bare, path, type);
  }
  return [];
}

function typeNamed(suffix: string): string | undefined {
  if (!/^[A-Z]/.test(suffix)) return undefined;
  const primitive = suffix.charAt(0).toLowerCase() + suffix.slice(1);
  if (isPrimitive(primitive)) return primitive;
  return modelOf(suffix) ? suffix : undefined;
}

function listed(object: Members, name: string, path: string, type: string | undefined): Value[] {
  const own = Object.hasOwn(object, name) ? object[name] : undefined;
  const beside = Object.hasOwn(object, `_${name}`) ? object[`_${name}`] : undefined;
  const at = `${path}.${name}`;
  if (!Array.isArray(own) && !Array.isArray(beside))
    return own === undefined && beside === undefined ? [] : [{ value: own, beside, path: at, type }];
  const [values, extensions] = [own, beside].map((each) => (Array.isArray(each) ? (each as unknown[]) : []));
  const length = Math.max(values?.length ?? 0, extensions?.length ?? 0);
  return Array.from({ length }, (_, index) => ({
    ...{ value: values?.[index] ?? undefined, beside: extensions?.[index] ?? undefined },
    ...{ path: `${at}[${String(index)}]`, type },
  }));
}

/** Whether a value has all that a pattern has: https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_ */
export function meets(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((each) => value.some((own) => meets(own, each)));
  if (!isObject(pattern)) return equal(value, pattern);
  return isObject(value) && Object.keys(pattern).every((key) => meets(value[key], pattern[key]));
}

const literal = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[^/]+)?$/;

/** What a reference leads to, as far as that can be told here: what is contained, or else its type alone. */
export function resolved(reference: unknown, root: unknown): Members | undefined {
  const [text] = membersOf(reference, 'reference');
  if (typeof text !== 'string') {
    const [type] = membersOf(reference, 'type');
    return typeof type === 'string' && resourceNames().has(type) ? { resourceType: type } : undefined;
  }
  if (text === '#') return isObject(root) ? root : undefined;
  if (text.startsWith('#')) {
    const all = membersOf(root, 'contained');
    return all.filter(isObject).find(({ id }) => id === text.slice(1));
  }
  const type = literal.exec(text)?.[1] ?? /^([A-Z][A-Za-z]+)\?/.exec(text)?.[1] ?? '';
  return resourceNames().has(type) ? { resourceType: type } : undefined;
}
