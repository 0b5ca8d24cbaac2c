/**
 * An element is a two-way view: it reads a FHIR value from the columns of a row and writes it back to them. Both
 * directions stand in one place, so a resource's `toFhir` and `fromFhir` cannot drift apart.
 */
export type Scalar = string | number | boolean | null;

/** A row as an element sees it: columns by name, the rows of a child table under the child's name. */
export type RowLike = Readonly<Record<string, unknown>>;

/** A row being written. */
export interface DraftRow {
  [column: string]: Scalar | DraftRow[];
}

/** What rendering may know besides the row: the public FHIR base URL, without a slash at its end. */
export interface Context {
  readonly base: string;
}

export interface ColumnUse {
  readonly name: string;
  /** What the column holds when the element is absent. */
  readonly absent: Scalar;
}

export interface Element<T, out C extends string = string> {
  readonly columns: readonly ColumnUse[];
  /** The columns of child tables that it uses, by the child's name. */
  readonly children?: Readonly<Record<string, readonly ColumnUse[]>>;
  read(this: void, row: RowLike, context: Context): T | undefined;
  write(this: void, value: T, into: DraftRow, context: Context): void;
  /** Never set: carries the names of the columns to the type checker. */
  readonly uses?: C;
}

export const column = (name: string, absent: Scalar = null): ColumnUse => ({ name, absent });

/** Own artefacts (code systems, extensions) are stored relative to the base, so that rows survive a change of address. */
export const localise = (uri: string, { base }: Context): string =>
  uri.startsWith(`${base}/`) ? uri.slice(base.length + 1) : uri;

export const globalise = (uri: string, { base }: Context): string => (uri.includes(':') ? uri : `${base}/${uri}`);

/** The value of a text column, NULL being absent. */
export function textOf(row: RowLike, name: string): string | undefined {
  const value = row[name];
  return typeof value === 'string' ? value : undefined;
}

/** The value of a numeric column, NULL being absent. */
export function numberOf(row: RowLike, name: string): number | undefined {
  const value = row[name];
  return typeof value === 'number' ? value : undefined;
}
