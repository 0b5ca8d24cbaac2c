import type { Quantity, Range, Ratio } from '@medplum/fhirtypes';
import { canonical, UCUM } from '../ucum.js';
import { column, globalise, localise, numberAt, searchColumn, textAt, type Element } from './element.js';

type QuantityNames<P extends string> =
  `${P}_value` | `${P}_comparator` | `${P}_unit` | `${P}_unit_system` | `${P}_unit_code`;

type CanonicalNames<P extends string> = `${P}_canonical` | `${P}_canonical_unit`;

export interface QuantityColumns<C extends string> {
  readonly value: C;
  readonly comparator: C;
  readonly unit: C;
  readonly system: C;
  readonly code: C;
  /** The same amount in base units, for searches in any unit: without it, a search in a unit finds that unit alone. */
  readonly canonical?: { readonly value: C; readonly unit: C };
}

export interface QuantityElement<C extends string> extends Element<Quantity, C> {
  readonly quantity: QuantityColumns<C>;
}

/**
 * A Quantity: `<prefix>_value`, `_comparator`, `_unit`, `_unit_system`, `_unit_code`; with `canonical` also
 * `<prefix>_canonical` and `_canonical_unit`, by which it is found in every unit that it converts to.
 */
export function quantity<P extends string>(
  prefix: P,
  options: { readonly canonical: true },
): QuantityElement<QuantityNames<P> | CanonicalNames<P>>;
export function quantity<P extends string>(prefix: P): QuantityElement<QuantityNames<P>>;
export function quantity<P extends string>(
  prefix: P,
  options?: { readonly canonical: true },
): QuantityElement<QuantityNames<P> | CanonicalNames<P>> {
  const name = {
    value: `${prefix}_value`,
    comparator: `${prefix}_comparator`,
    unit: `${prefix}_unit`,
    system: `${prefix}_unit_system`,
    code: `${prefix}_unit_code`,
  } as const;
  const base = options && ({ value: `${prefix}_canonical`, unit: `${prefix}_canonical_unit` } as const);
  return {
    quantity: { ...name, ...(base && { canonical: base }) },
    columns: [
      ...[name.value, name.comparator, name.unit, name.system, name.code].map((each) => column(each)),
      ...(base ? [searchColumn(base.value), searchColumn(base.unit)] : []),
    ],
    reader: (at) => {
      const valueAt = numberAt(at, name.value);
      const comparatorAt = textAt(at, name.comparator);
      const unitAt = textAt(at, name.unit);
      const systemAt = textAt(at, name.system);
      const codeAt = textAt(at, name.code);
      return (row, context) => {
        const value = valueAt(row, context);
        const comparator = comparatorAt(row, context);
        const unit = unitAt(row, context);
        const system = systemAt(row, context);
        const code = codeAt(row, context);
        if ((value ?? comparator ?? unit ?? system ?? code) === undefined) return undefined;
        const read: Quantity = {};
        if (value !== undefined) read.value = value;
        if (comparator !== undefined) read.comparator = comparator as NonNullable<Quantity['comparator']>;
        if (unit !== undefined) read.unit = unit;
        if (system !== undefined) read.system = globalise(system, context);
        if (code !== undefined) read.code = code;
        return read;
      };
    },
    write: (value, into, context) => {
      into[name.value] = value.value ?? null;
      into[name.comparator] = value.comparator ?? null;
      into[name.unit] = value.unit ?? null;
      into[name.system] = value.system === undefined ? null : localise(value.system, context);
      into[name.code] = value.code ?? null;
      if (!base) return;
      const found = canonicalOf(value);
      into[base.value] = found?.value ?? null;
      into[base.unit] = found?.unit ?? null;
    },
  };
}

/** The amount in base units, where the unit is one of UCUM that converts. */
export const canonicalOf = ({ value, system, code }: Pick<Quantity, 'value' | 'system' | 'code'>) =>
  value === undefined || code === undefined || system !== UCUM ? undefined : canonical(value, code);

/** Two quantities as one element: a Range is low and high, a Ratio numerator and denominator. */
function pair<T extends Range | Ratio, P extends string, A extends string, B extends string>(
  prefix: P,
  first: A,
  second: B,
): Element<T, QuantityNames<`${P}_${A}` | `${P}_${B}`>> {
  const one = quantity(`${prefix}_${first}`);
  const two = quantity(`${prefix}_${second}`);
  return {
    columns: [...one.columns, ...two.columns],
    reader: (at) => {
      const oneAt = one.reader(at);
      const twoAt = two.reader(at);
      return (row, context) => {
        const a = oneAt(row, context);
        const b = twoAt(row, context);
        return a || b ? ({ ...(a && { [first]: a }), ...(b && { [second]: b }) } as unknown as T) : undefined;
      };
    },
    write: (value, into, context) => {
      const parts = value as Record<string, Quantity | undefined>;
      if (parts[first]) one.write(parts[first], into, context);
      if (parts[second]) two.write(parts[second], into, context);
    },
  };
}

export const range = <P extends string>(prefix: P) => pair<Range, P, 'low', 'high'>(prefix, 'low', 'high');

export const ratio = <P extends string>(prefix: P) =>
  pair<Ratio, P, 'numerator', 'denominator'>(prefix, 'numerator', 'denominator');
