import { evalFhirPathTyped, toTypedValue } from '@medplum/core';
import { loadDataTypes } from './definitions.js';
import { compile, type Compiled } from './fhirpath/compile.js';
import type { Constraint } from './model.js';

/** Where a value stands, for what an invariant says of its resource. */
export interface Scope {
  readonly resource: unknown;
  readonly root: unknown;
}

const compiled = new Map<string, Compiled | undefined>();

/** Whether an invariant holds of a value: what cannot be evaluated refuses nobody. */
export const holds = (
  constraint: Pick<Constraint, 'expression'>,
  value: unknown,
  type: string,
  scope: Scope,
): boolean => judged(constraint, value, type, scope) !== false;

/**
 * Whether it holds; undefined where it cannot be evaluated. An expression is compiled once; what that cannot do, the
 * library is asked.
 */
export function judged(
  { expression }: Pick<Constraint, 'expression'>,
  value: unknown,
  type: string,
  scope: Scope,
): boolean | undefined {
  let ask = compiled.get(expression);
  if (ask === undefined && !compiled.has(expression)) compiled.set(expression, (ask = compile(expression)));
  const found = ask ? ask(value, scope) : byLibrary(expression, value, type, scope);
  return found && found.length === 1 && found[0] === true;
}

function byLibrary(expression: string, value: unknown, type: string, { resource, root }: Scope): unknown[] | undefined {
  loadDataTypes();
  const context = { type, value };
  const variables = {
    '%context': context,
    '%resource': toTypedValue(resource),
    '%rootResource': toTypedValue(root),
    '%ucum': toTypedValue('http://unitsofmeasure.org'),
  };
  try {
    return evalFhirPathTyped(expression, [context], variables).map((each): unknown => each.value);
  } catch {
    return undefined;
  }
}
