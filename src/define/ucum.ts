import { LRUCache } from 'lru-cache';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const UCUM = 'http://unitsofmeasure.org';

/** A number in base units, beside their dimension, which is a text that equals that of what it can be compared with. */
export interface Canonical {
  readonly value: number;
  readonly unit: string;
}

interface Conversion {
  readonly unit: string;
  readonly toBase: (value: number) => number;
}

/** What is used of the library, which has no types. */
interface Library {
  readonly UcumLhcUtils: {
    getInstance(): {
      readonly uStrParser_: {
        parseString(
          code: string,
          purpose: 'validate',
          suggest: false,
        ): [unit: Unit | null, code: string, said: unknown[]];
      };
      convertToBaseUnits(code: string, value: number): { magnitude?: number };
    };
  };
}

interface Unit {
  readonly magnitude_: number;
  readonly dim_: { readonly dimVec_: readonly number[] | null } | null;
  readonly cnv_: string | null;
  readonly isArbitrary_: boolean;
  readonly moleExp_: number;
  readonly equivalentExp_: number;
}

/** Scales with a zero of their own, on which more is still more: of the others, such as pH, more may be less. */
const scales: ReadonlySet<string> = new Set(['Cel', 'degF', 'degRe']);

const MAX_CODE = 64;
const conversions = new LRUCache<string, Conversion | 'none'>({ max: 1000 });
let library: ReturnType<Library['UcumLhcUtils']['getInstance']> | undefined;

/**
 * Amounts of different units as numbers that can be compared: https://ucum.org/ucum. Undefined for what is no unit of
 * UCUM, and for units that nothing converts to: arbitrary ones ([IU]) and logarithms.
 */
export function canonical(value: number, code: string): Canonical | undefined {
  const conversion = conversionOf(code);
  if (conversion === undefined) return undefined;
  // Factors are products of others: beyond these digits, the same amount differs by unit.
  const base = Number(conversion.toBase(value).toPrecision(14));
  return Number.isFinite(base) ? { value: base, unit: conversion.unit } : undefined;
}

/** Whether it is a unit of UCUM: of those that nothing converts to, too. */
export function isUnit(code: string): boolean {
  return code !== '' && code.length <= MAX_CODE && parsed(loaded(), code) !== undefined;
}

function conversionOf(code: string): Conversion | undefined {
  if (code === '' || code.length > MAX_CODE) return undefined;
  let known = conversions.get(code);
  if (known === undefined) conversions.set(code, (known = lookUp(code) ?? 'none'));
  return known === 'none' ? undefined : known;
}

/** By the library's parser itself: its way in writes what it cannot read to the console, and a client may write anything. */
function parsed({ uStrParser_: parser }: NonNullable<typeof library>, code: string): Unit | undefined {
  try {
    const [unit, read, said] = parser.parseString(code, 'validate', false);
    // A message, or another code, says that a unit was taken for a name or for what looks like one.
    return unit && read === code && said.length === 0 ? unit : undefined;
  } catch {
    return undefined;
  }
}

/** Its table of units is read by who first writes or asks for one, not by who starts a server. */
const loaded = (): NonNullable<typeof library> =>
  (library ??= (require('@lhncbc/ucum-lhc') as Library).UcumLhcUtils.getInstance());

function lookUp(code: string): Conversion | undefined {
  const ucum = loaded();
  const unit = parsed(ucum, code);
  if (!unit || unit.isArbitrary_) return undefined;
  if (unit.cnv_ !== null && !scales.has(unit.cnv_)) return undefined;
  const dimension = [...(unit.dim_?.dimVec_ ?? []), unit.moleExp_, unit.equivalentExp_].join(' ');
  const toBase =
    unit.cnv_ === null
      ? (value: number) => value * unit.magnitude_
      : (value: number) => ucum.convertToBaseUnits(code, value).magnitude ?? NaN;
  return { unit: dimension, toBase };
}
