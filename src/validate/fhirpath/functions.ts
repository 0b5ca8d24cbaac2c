import { distinct, isTrue } from './operators.js';
import type { Expression } from './parse.js';
import {
  childrenOf,
  descendantsOf,
  equal,
  isObject,
  of,
  type Collection,
  type Environment,
  type Evaluate,
} from './values.js';

type Function = (args: readonly Evaluate[], expressions: readonly Expression[]) => Evaluate;

/** A function of what stands before it alone. */
const plain =
  (apply: (focus: Collection) => Collection): Function =>
  () =>
    apply;

/** A function that asks its argument of each value. */
const each =
  (apply: (focus: Collection, ask: (value: unknown) => Collection) => Collection): Function =>
  ([argument]) =>
  (focus, environment) =>
    apply(focus, (value) => (argument ? argument([value], environment, value) : []));

/** A function of a text and another value, which is asked of what the whole is asked of. */
const textual =
  (apply: (text: string, value: unknown) => unknown): Function =>
  ([argument, more]) => {
    if (more) throw new SyntaxError('The function is known with one argument here');
    return (focus, environment, self) => {
      const [text] = focus;
      if (typeof text !== 'string') return [];
      const [value] = argument ? argument([self], environment, self) : [];
      const found = apply(text, value);
      return found === undefined ? [] : [found];
    };
  };

/** Resources alone can be told apart by what they are: JSON does not say the type of an element. */
const ofType = (expressions: readonly Expression[]): ((value: unknown) => boolean) => {
  const [type] = expressions;
  if (type?.kind !== 'member' || !/^[A-Z]/.test(type.name)) throw new SyntaxError('The type is not known here');
  return (value) => isObject(value) && value['resourceType'] === type.name;
};

const whole = (text: unknown): number | undefined =>
  typeof text === 'number' ? text : typeof text === 'string' && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;

function withUrl(focus: Collection, url: unknown): Collection {
  const all = focus.flatMap((value) => (isObject(value) ? ((value['extension'] as unknown[] | undefined) ?? []) : []));
  return all.filter((value) => isObject(value) && value['url'] === url);
}

const patterns = new Map<unknown, RegExp | undefined>();

/** A pattern that JavaScript cannot read matches and does not match: nothing is said of the text. */
function patternOf(text: unknown): RegExp | undefined {
  if (!patterns.has(text)) {
    let pattern: RegExp | undefined;
    try {
      pattern = new RegExp(String(text), 's');
    } catch {
      pattern = undefined;
    }
    patterns.set(text, pattern);
  }
  return patterns.get(text);
}

export const functions: Readonly<Record<string, Function>> = {
  exists: ([criteria]) =>
    criteria
      ? (focus, environment) => of(focus.some((value) => isTrue(criteria([value], environment, value))))
      : (focus) => of(focus.length > 0),
  empty: plain((focus) => of(focus.length === 0)),
  not: plain((focus) => (focus.length === 0 ? [] : of(!isTrue(focus)))),
  hasValue: plain((focus) => of(focus.length === 1 && !isObject(focus[0]))),
  count: plain((focus) => [focus.length]),
  first: plain((focus) => focus.slice(0, 1)),
  last: plain((focus) => focus.slice(-1)),
  tail: plain((focus) => focus.slice(1)),
  distinct: plain(distinct),
  isDistinct: plain((focus) => of(distinct(focus).length === focus.length)),
  allTrue: plain((focus) => of(focus.every((value) => value === true))),
  allFalse: plain((focus) => of(focus.every((value) => value === false))),
  anyTrue: plain((focus) => of(focus.some((value) => value === true))),
  anyFalse: plain((focus) => of(focus.some((value) => value === false))),
  children: plain((focus) => focus.flatMap(childrenOf)),
  descendants: plain((focus) => focus.flatMap(descendantsOf)),
  trace: plain((focus) => focus),
  where: each((focus, ask) => focus.filter((value) => isTrue(ask(value)))),
  select: each((focus, ask) => focus.flatMap(ask)),
  all: each((focus, ask) => of(focus.every((value) => isTrue(ask(value))))),
  intersect: ([other]) => {
    if (!other) throw new SyntaxError('intersect takes an argument');
    return (focus, environment, self) => {
      const others = other([self], environment, self);
      return distinct(focus.filter((value) => others.some((each) => equal(each, value))));
    };
  },
  iif: ([criterion, then, otherwise]) => {
    if (!criterion || !then) throw new SyntaxError('iif takes two arguments or three');
    return (focus, environment: Environment, self) =>
      isTrue(criterion(focus, environment, self))
        ? then(focus, environment, self)
        : (otherwise?.(focus, environment, self) ?? []);
  },
  extension:
    ([url]) =>
    (focus, environment, self) =>
      withUrl(focus, url?.([self], environment, self)[0]),
  is: (_, expressions) => {
    const isIt = ofType(expressions);
    return (focus) => (focus.length === 0 ? [] : of(isIt(focus[0])));
  },
  ofType: (_, expressions) => {
    const isIt = ofType(expressions);
    return (focus) => focus.filter(isIt);
  },
  matches: textual((text, pattern) => patternOf(pattern)?.test(text)),
  startsWith: textual((text, start) => text.startsWith(String(start))),
  endsWith: textual((text, end) => text.endsWith(String(end))),
  contains: textual((text, part) => text.includes(String(part))),
  substring: textual((text, start) => (typeof start === 'number' ? text.slice(start) : undefined)),
  length: textual((text) => text.length),
  toInteger: plain(([value]) => [whole(value)].filter((found) => found !== undefined)),
  toString: plain(([value]) => (typeof value === 'string' || typeof value === 'number' ? [String(value)] : [])),
};
