/** An identifier by what a channel says of it; without a name, whatever it is called. */
export interface Match {
  readonly category: string;
  readonly name?: string;
}

/** Which identifiers of a channel an organization files by, and the systems of their values in FHIR. */
export interface Rules {
  readonly mrn: readonly Match[];
  readonly mrnSystem: string;
  readonly csn: readonly Match[];
  readonly csnSystem: string;
}

export type Kind = 'mrn' | 'csn';

/** What an identifier is for the organization; undefined where it is none of those that it files by. */
export function kindOf(
  { mrn, csn }: Rules,
  identifier: { readonly name: string; readonly category: string },
): Kind | undefined {
  const isOne = (matches: readonly Match[]): boolean =>
    matches.some(
      ({ category, name }) =>
        same(category, identifier.category) && (name === undefined || same(name, identifier.name)),
    );
  if (isOne(mrn)) return 'mrn';
  return isOne(csn) ? 'csn' : undefined;
}

const same = (one: string, other: string): boolean => one.trim().toLowerCase() === other.trim().toLowerCase();
