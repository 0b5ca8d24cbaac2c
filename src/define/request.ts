/** A search as data: what the query string means, before any SQL. */
export type Value = string | number | boolean;

/** One value of a criterion. Its shape decides the SQL, its bindings fill it; equal shapes share a compiled statement. */
export interface Operand {
  readonly shape: string;
  /** A list is one value: shape `among` looks a column up in it. */
  readonly bindings: readonly (Value | readonly Value[])[];
  /** The two sides of a composite, whose bindings follow each other. */
  readonly parts?: readonly [Operand, Operand];
}

/** What a row must meet. */
export type Criterion = Test | Hop | OneOf;

/** A search parameter of the row itself. */
export interface Test {
  readonly param: string;
  /** `missing`, `not` and the like; a target type of a reference is already part of the operand. */
  readonly modifier?: string;
  /** Any of them may match. */
  readonly any: readonly Operand[];
}

/**
 * Another row must be there: the one that this row refers to (a chain), or one that refers to it (`_has`). It is seen
 * through the narrowing of its own type, so that nothing can be asked of a row that is hidden.
 */
export interface Hop {
  /** Which of the two holds the reference. */
  readonly holder: 'here' | 'there';
  /** The reference parameter, of the type of the holder. */
  readonly via: string;
  /** The type of the other row. */
  readonly type: string;
  readonly narrowing: Narrowing;
  /** What the other row must meet. */
  readonly criterion: Criterion;
}

/** Any of them may hold. */
export interface OneOf {
  readonly oneOf: readonly Criterion[];
}

export interface SortKey {
  readonly param: string;
  readonly descending: boolean;
}

export interface Include {
  readonly source: string;
  /** A search parameter of the source. */
  readonly param: string;
  readonly target?: string;
  /** Also of what was included. */
  readonly iterate?: boolean;
}

export type Summary = 'true' | 'text' | 'data' | 'count' | 'false';

export interface SearchRequest {
  readonly type: string;
  readonly criteria: readonly Criterion[];
  readonly sort: readonly SortKey[];
  /** Of each value of a token parameter, only so many: those that come first in the default order. */
  readonly first?: { readonly of: string; readonly most: number };
  /** Matches a page; 0 asks for the total only. */
  readonly count: number;
  readonly total: 'none' | 'accurate';
  readonly summary: Summary;
  readonly elements: readonly string[];
  readonly include: readonly Include[];
  readonly revInclude: readonly Include[];
  /** The parameters as used, in the order of the request: what the self link says. */
  readonly used: readonly (readonly [name: string, value: string])[];
  /** Parameters that lenient handling left out. */
  readonly ignored: readonly string[];
}

/**
 * Where a page begins: a row, by its sort values and its id, and in which direction to go on from it. Without a row
 * it is the end of all matches.
 */
export interface Position {
  readonly direction: 'after' | 'before';
  readonly row?: { readonly keys: readonly (Value | null)[]; readonly id: Value };
}

declare const made: unique symbol;

/**
 * What one credential may see of one resource type. The row functions require it, and only access/narrow.ts makes
 * one, so that no row can be read without it. `made` exists for the type checker alone: nobody else can write one down.
 */
export interface Narrowing {
  readonly [made]: true;
  /** The tenant: `organization_id` of every row. */
  readonly tenant: string;
  /** The only patient whose rows are visible. */
  readonly patient?: string;
  /** One of these must hold of the row; none means no such limit. */
  readonly where: readonly Alternative[];
}

/** What one scope opens of a type. */
export interface Alternative {
  /** Only rows that come from this resource of the native system. */
  readonly native?: string;
  /** Only rows that this search finds. */
  readonly search?: SearchRequest;
}
