/**
 * Translates between the codes that a database stores and those of FHIR. The same table serves search and `toFhir`,
 * so searching and translating cannot drift apart. Pairs and not an object: object keys would turn a stored `2`
 * into `'2'`, and the comparison would then depend on the column's affinity.
 *
 * @example const genders = codes([[1, 'male'], [2, 'female'], [9, 'unknown']]);
 */
export interface Codes<T extends string = string> {
  readonly pairs: readonly (readonly [stored: string | number, code: T])[];
  toFhir(stored: unknown): T | undefined;
  /** Every stored value that stands for the code. */
  toStored(code: string): readonly (string | number)[];
}

export function codes<const T extends string>(
  pairs: readonly (readonly [stored: string | number, code: T])[],
): Codes<T> {
  const byStored = new Map(pairs);
  return {
    pairs,
    toFhir: (stored) => (typeof stored === 'string' || typeof stored === 'number' ? byStored.get(stored) : undefined),
    toStored: (code) => pairs.filter(([, fhir]) => fhir === code).map(([stored]) => stored),
  };
}
