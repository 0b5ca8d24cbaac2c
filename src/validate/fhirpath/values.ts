import { interval } from '../../define/dates.js';

/** What an expression finds: values of JSON. A primitive that only has extensions stands as its object of these. */
export type Collection = readonly unknown[];

export interface Environment {
  /** The resource that the value stands in, and the one that contains that. */
  readonly resource: unknown;
  readonly root: unknown;
  readonly context: unknown;
}

/** `focus` is what stands before the point, `self` is `$this`. */
export type Evaluate = (focus: Collection, environment: Environment, self: unknown) => Collection;

export const TRUE: Collection = [true];
export const FALSE: Collection = [false];
export const of = (value: boolean): Collection => (value ? TRUE : FALSE);

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The values of a member: of a choice by its bare name too, `value` for `valueQuantity`. */
export function membersOf(value: unknown, name: string): Collection {
  if (!isObject(value)) return [];
  if (value['resourceType'] === name) return [value];
  const own = member(value, name);
  if (own.length > 0) return own;
  for (const key of Object.keys(value))
    if (key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length))) return member(value, key);
  for (const key of Object.keys(value))
    if (key.startsWith(`_${name}`) && /^[A-Z]/.test(key.slice(name.length + 1))) return member(value, key.slice(1));
  return [];
}

function member(value: Readonly<Record<string, unknown>>, name: string): Collection {
  const own = Object.hasOwn(value, name) ? value[name] : undefined;
  const beside = Object.hasOwn(value, `_${name}`) ? value[`_${name}`] : undefined;
  if (!Array.isArray(own)) return own !== undefined && own !== null ? [own] : listed(beside);
  const extensions = Array.isArray(beside) ? (beside as unknown[]) : [];
  return (own as Collection)
    .map((each, index) => each ?? extensions[index])
    .filter((each) => each !== undefined && each !== null);
}

function listed(value: unknown): Collection {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as Collection).filter((each) => each !== null) : [value];
}

/** What lies right below a value. */
export const childrenOf = (value: unknown): Collection =>
  isObject(value) ? Object.keys(value).flatMap((key) => listed(value[key])) : [];

export function descendantsOf(value: unknown): Collection {
  return childrenOf(value).flatMap((each) => [each, ...descendantsOf(each)]);
}

/** A value where a Boolean is expected: one of anything else means that it is there. Undefined where there is none. */
export function truth(values: Collection): boolean | undefined {
  if (values.length === 0) return undefined;
  return values.length > 1 || typeof values[0] !== 'boolean' ? true : values[0];
}

export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => equal(each, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}

/** Whether one comes before the other; undefined where that cannot be told, as of quantities of different units. */
export function before(a: unknown, b: unknown): boolean | undefined {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (isObject(a) && isObject(b)) {
    if (a['code'] !== b['code'] || a['system'] !== b['system'] || a['unit'] !== b['unit']) return undefined;
    return before(a['value'], b['value']);
  }
  if (typeof a !== 'string' || typeof b !== 'string') return undefined;
  const [one, other] = [interval(a), interval(b)];
  if (!one || !other) return a < b;
  // A date without its day is all of its days: one is before another when none of them is the same.
  return one.end <= other.start;
}
