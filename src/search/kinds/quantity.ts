import { localise } from '../../define/elements/element.js';
import type { Prefix, QuantityParam } from '../../define/params.js';
import { canonical, UCUM } from '../../define/ucum.js';
import { all, FALSE, sql, type Fragment, type Slot } from '../fragment.js';
import { prefixed } from './date.js';
import { splitAt, unescape, unreadable, type Kind } from './kind.js';

const decimal = /^[+-]?\d{1,30}(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Numbers with a unit, by their implied precision: https://hl7.org/fhir/R4/search.html#quantity */
export const quantity: Kind<QuantityParam> = {
  parse(param, text, _modifier, context) {
    const parts = splitAt(text, '|').map(unescape);
    const [prefix, number] = prefixed(parts[0] as string);
    const match = decimal.exec(number);
    if (!match || (parts.length !== 1 && parts.length !== 3))
      throw unreadable(context.name, '[prefix][number] or [prefix][number]|[system]|[code] is expected');
    const value = Number(number);
    if (!Number.isFinite(value)) throw unreadable(context.name, 'the number is too large');
    const implied = precision(match[1], match[2]);
    const margin = prefix === 'ap' ? Math.max(Math.abs(value) / 10, implied) : implied;
    const [, system = '', code = ''] = parts;
    if (system !== '' && code === '') throw unreadable(context.name, 'a system is of no use without a code');
    const unit = code === '' ? 'any' : system === '' ? 'unit' : 'coded';
    const numbers = isRanged(prefix) ? [decimalOf(value - margin), decimalOf(value + margin)] : [value];
    const converted = system === UCUM && param.columns.canonical ? inBaseUnits(numbers, code) : undefined;
    if (converted) return { shape: `${prefix} canonical`, bindings: converted };
    return {
      shape: `${prefix} ${unit}`,
      bindings: [...numbers, ...(unit === 'coded' ? [localise(system, context), code] : unit === 'unit' ? [code] : [])],
    };
  },

  match(param, alias, { shape, slots }) {
    const [prefix, unit] = shape.split(' ') as [Prefix, 'any' | 'unit' | 'coded' | 'canonical'];
    const column = (name: string): Fragment => sql.column(alias, name);
    const [first, second] = slots.slice(isRanged(prefix) ? 2 : 1) as [Slot, Slot];
    const { canonical } = param.columns;
    if (unit === 'canonical')
      return canonical
        ? all([sql`${column(canonical.unit)} = ${first}`, compare(prefix, column(canonical.value), slots)])
        : FALSE;
    const inUnit: Fragment[] =
      unit === 'any'
        ? []
        : unit === 'unit'
          ? [sql`(${column(param.columns.code)} = ${first} or ${column(param.columns.unit)} = ${first})`]
          : [sql`${column(param.columns.code)} = ${second}`, sql`${column(param.columns.system)} = ${first}`];
    return all([compare(prefix, column(param.columns.value), slots), ...inUnit]);
  },

  present: (param, alias) => sql`${sql.column(alias, param.columns.value)} is not null`,
};

const isRanged = (prefix: Prefix): boolean => prefix === 'eq' || prefix === 'ne' || prefix === 'ap';

/** The numbers in base units, and which these are; undefined where they are in no unit that converts. */
function inBaseUnits(numbers: readonly number[], code: string): (number | string)[] | undefined {
  const found = numbers.map((each) => canonical(each, code));
  const [unit] = found.map((each) => each?.unit);
  const values = found.map((each) => each?.value).filter((each) => each !== undefined);
  return unit === undefined || values.length < numbers.length ? undefined : [...values, unit];
}

function compare(prefix: Prefix, value: Fragment, slots: readonly Slot[]): Fragment {
  const [lo, hi] = slots as [Slot, Slot];
  switch (prefix) {
    case 'eq':
    case 'ap':
      return sql`(${value} >= ${lo} and ${value} < ${hi})`;
    case 'ne':
      return sql`(${value} < ${lo} or ${value} >= ${hi})`;
    case 'gt':
    case 'sa':
      return sql`${value} > ${lo}`;
    case 'lt':
    case 'eb':
      return sql`${value} < ${lo}`;
    case 'ge':
      return sql`${value} >= ${lo}`;
    case 'le':
      return sql`${value} <= ${lo}`;
  }
}

/** 5.4 - 0.05 is 5.3500000000000005 in binary, which 5.35 is below. */
const decimalOf = (number: number): number => Number(number.toPrecision(15));

/**
 * Half a unit of the last digit: 5.4 is 5.35 to 5.45. In exponent form at least one decimal is implied, which is what
 * the specification's examples say: 1e2 is 95 to 105, 5.40e-3 is 0.005395 to 0.005405.
 */
function precision(decimals: string | undefined, exponent: string | undefined): number {
  const digits = decimals?.length ?? 0;
  return exponent === undefined ? 0.5 * 10 ** -digits : 0.5 * 10 ** (Number(exponent) - Math.max(1, digits));
}
