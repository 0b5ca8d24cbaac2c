import { before, equal, FALSE, of, truth, TRUE, type Collection, type Evaluate } from './values.js';

/** Two sides, each asked when its turn comes. */
type Operator = (left: Evaluate, right: Evaluate) => Evaluate;

const logical =
  (decide: (left: boolean | undefined, right: () => boolean | undefined) => boolean | undefined): Operator =>
  (left, right) =>
  (focus, environment, self) => {
    const found = decide(truth(left(focus, environment, self)), () => truth(right(focus, environment, self)));
    return found === undefined ? [] : of(found);
  };

const both =
  (decide: (left: Collection, right: Collection) => Collection): Operator =>
  (left, right) =>
  (focus, environment, self) =>
    decide(left(focus, environment, self), right(focus, environment, self));

/** Nothing is compared with nothing. */
const single = (decide: (left: unknown, right: unknown) => boolean | undefined): Operator =>
  both((left, right) => {
    if (left.length === 0 || right.length === 0) return [];
    const found = decide(left[0], right[0]);
    return found === undefined ? [] : of(found);
  });

const not = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value);

const equals = (left: Collection, right: Collection): boolean =>
  left.length === right.length && left.every((each, index) => equal(each, right[index]));

/** Where it cannot be told which is more, neither is said to be: an invariant must not refuse what may be right. */
const known = (found: boolean | undefined, otherwise: boolean): boolean => found ?? otherwise;

export const operators: Readonly<Record<string, Operator>> = {
  and: logical((left, right) => {
    if (left === false) return false;
    const other = right();
    return other === false ? false : left === undefined || other === undefined ? undefined : true;
  }),
  or: logical((left, right) => {
    if (left === true) return true;
    const other = right();
    return other === true ? true : left === undefined || other === undefined ? undefined : false;
  }),
  xor: logical((left, right) => {
    const other = right();
    return left === undefined || other === undefined ? undefined : left !== other;
  }),
  implies: logical((left, right) => {
    if (left === false) return true;
    const other = right();
    return other === true ? true : left === undefined ? undefined : other;
  }),
  '=': both((left, right) => (left.length === 0 || right.length === 0 ? [] : of(equals(left, right)))),
  '!=': both((left, right) => (left.length === 0 || right.length === 0 ? [] : of(!equals(left, right)))),
  '<': single((left, right) => known(before(left, right), true)),
  '>': single((left, right) => known(before(right, left), true)),
  '<=': single((left, right) => known(not(before(right, left)), true)),
  '>=': single((left, right) => known(not(before(left, right)), true)),
  in: both((left, right) => (left.length === 0 ? [] : of(right.some((each) => equal(each, left[0]))))),
  contains: both((left, right) => (right.length === 0 ? [] : of(left.some((each) => equal(each, right[0]))))),
  '|': both((left, right) => distinct([...left, ...right])),
  '&': both((left, right) => [`${text(left)}${text(right)}`]),
  '+': both(([left], [right]) => (typeof left === 'number' && typeof right === 'number' ? [left + right] : [])),
  '-': both(([left], [right]) => (typeof left === 'number' && typeof right === 'number' ? [left - right] : [])),
};

const text = (values: Collection): string => (values.length === 0 ? '' : String(values[0]));

export function distinct(values: Collection): Collection {
  return values.filter((each, index) => values.findIndex((other) => equal(each, other)) === index);
}

export const isTrue = (values: Collection): boolean => values === TRUE || (values !== FALSE && truth(values) === true);
