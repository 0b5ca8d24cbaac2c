/**
 * An element is a two-way view: it reads a FHIR value from the columns of a row and writes it back to them. Both
 * directions stand in one place, so a resource's `toFhir` and `fromFhir` cannot drift apart.
 */
export type Scalar = string | number | boolean | null;

/** A row being read: the values of its columns and, after them, the rows of its child tables. */
export type Values = readonly unknown[];

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
  /** Searches use it, reading does not. */
  readonly searchOnly?: true;
}

/** Where the columns and children of a row stand among its values. */
export interface Places {
  column(name: string): number;
  child(name: string): { readonly index: number; readonly places: Places };
}

export type Reader<T> = (row: Values, context: Context) => T | undefined;

export interface Element<T, out C extends string = string> {
  readonly columns: readonly ColumnUse[];
  /** The columns of child tables that it uses, by the child's name. */
  readonly children?: Readonly<Record<string, readonly ColumnUse[]>>;
  /** Reading, for rows whose columns stand at these places: names are looked up once, not once a row. */
  reader(this: void, at: Places): Reader<T>;
  write(this: void, value: T, into: DraftRow, context: Context): void;
  /** Of an `extension` element: those that have columns. */
  readonly extensions?: readonly ExtensionShape[];
  /** Never set: carries the names of the columns to the type checker. */
  readonly uses?: C;
}

/** An extension as its declaration says it. */
export interface ExtensionShape {
  readonly url: string;
  readonly repeats: boolean;
  /** Of a simple one, the member of its value: `valueCode`. */
  readonly value?: string;
  /** Of a complex one. */
  readonly parts: readonly ExtensionShape[];
}

export const column = (name: string, absent: Scalar = null): ColumnUse => ({ name, absent });

/** A column that is written for searches and never read back. */
export const searchColumn = (name: string, absent: Scalar = null): ColumnUse => ({ name, absent, searchOnly: true });

/** Own artefacts (code systems, extensions) are stored relative to the base, so that rows survive a change of address. */
export const localise = (uri: string, { base }: Context): string =>
  uri.startsWith(`${base}/`) ? uri.slice(base.length + 1) : uri;

export const globalise = (uri: string, { base }: Context): string => (uri.includes(':') ? uri : `${base}/${uri}`);

/** Reads a text column, NULL being absent. */
export function textAt(at: Places, name: string): Reader<string> {
  const index = at.column(name);
  return (row) => {
    const value = row[index];
    return typeof value === 'string' ? value : undefined;
  };
}

/** Reads a numeric column, NULL being absent. */
export function numberAt(at: Places, name: string): Reader<number> {
  const index = at.column(name);
  return (row) => {
    const value = row[index];
    return typeof value === 'number' ? value : undefined;
  };
}
