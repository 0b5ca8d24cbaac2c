import { combiningCharacters } from '../define/fold.js';
import { sql, type Fragment, type Slot } from './fragment.js';

/** The rows of one child of a row. */
export interface ChildRows {
  readonly columns: readonly Fragment[];
  readonly from: Fragment;
  /** Whether the row has any. */
  readonly present: (select: Fragment) => Fragment;
}

/** Where SQLite and PostgreSQL differ in what Portico asks of them. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /**
   * The select list of rows with the rows of their children, each child a JSON array of arrays in any order, or NULL;
   * `decode` turns what the driver answers into one array of the columns and, after them, the children.
   */
  rows(columns: readonly Fragment[], children: readonly ChildRows[]): Fragment;
  decode(row: readonly unknown[]): unknown[];
  /** Whether a column's value is among those that one parameter carries. */
  among(column: Fragment, list: Slot): Fragment;
  /** `Type/id` as the columns of a pair have it. */
  pairOf(literal: Slot): { readonly type: Fragment; readonly id: Fragment };
  /** Whether a pair of columns is among the `Type/id` that one parameter carries. */
  amongPairs(type: Fragment, id: Fragment, list: Slot): Fragment;
  /** The pairs of an id and a version that one parameter, a JSON array of arrays, carries. */
  pairs(list: Slot): { readonly from: Fragment; readonly id: Fragment; readonly version: Fragment };
  /** A column to sort by, which is not to be read in the order of an index. */
  readonly sorted: (column: Fragment) => Fragment;
  /** Whether a text holds another one, which is a constant of a declaration. */
  holds(text: Fragment, part: string): Fragment;
  /** The text as folded by the database: for texts that have no folded column. */
  fold(text: Fragment): Fragment;
  /** A parameter's value as the driver takes it; a list is one value. */
  value(value: unknown): unknown;
}

export const sqlite: Dialect = {
  name: 'sqlite',
  // One text a row: for many columns that are mostly NULL, it is cheaper than crossing into JavaScript one by one.
  rows: (columns, children) => {
    const groups = children.map((each) =>
      // `json`: what comes out of a subquery is a text like any other, though older SQLites remember what it was.
      each.present(sql`json((select json_group_array(json_array(${sql.join(each.columns)})) ${each.from}))`),
    );
    return sql`json_array(${sql.join([...columns, ...groups])})`;
  },
  decode: ([text]) => JSON.parse(text as string) as unknown[],
  among: (column, list) => sql`${column} in (select value from json_each(${list}))`,
  pairOf: (literal) => ({
    type: sql`substr(${literal}, 1, instr(${literal}, '/') - 1)`,
    id: sql`substr(${literal}, instr(${literal}, '/') + 1)`,
  }),
  amongPairs: (type, id, list) => {
    const parts = sql`substr(value, 1, instr(value, '/') - 1), substr(value, instr(value, '/') + 1)`;
    return sql`(${type}, ${id}) in (select ${parts} from json_each(${list}))`;
  },
  pairs: (list) => ({
    from: sql`json_each(${list}) as p`,
    id: sql`p.value ->> 0`,
    version: sql`p.value ->> 1`,
  }),
  sorted: (column) => sql`+${column}`,
  holds: (text, part) => sql`instr(${text}, ${sql.literal(part)}) > 0`,
  fold: (text) => sql`fold(${text})`,
  value: (value) => (typeof value === 'boolean' ? Number(value) : Array.isArray(value) ? JSON.stringify(value) : value),
};

export const postgres: Dialect = {
  name: 'postgres',
  rows: (columns, children) => {
    const groups = children.map((each) =>
      each.present(sql`(select json_agg(json_build_array(${sql.join(each.columns)})) ${each.from})`),
    );
    return sql.join([...columns, ...groups]);
  },
  decode: (row) => [...row],
  among: (column, list) => sql`${column} = any(${list})`,
  pairOf: (literal) => ({
    type: sql`split_part(${literal}, '/', 1)`,
    id: sql`split_part(${literal}, '/', 2)`,
  }),
  amongPairs: (type, id, list) => {
    const parts = sql`split_part(value, '/', 1), split_part(value, '/', 2)`;
    return sql`(${type}, ${id}) in (select ${parts} from unnest(${list}::text[]) as listed (value))`;
  },
  pairs: (list) => ({
    from: sql`jsonb_array_elements(${list}::jsonb) as p (value)`,
    id: sql`(p.value ->> 0)`,
    version: sql`(p.value ->> 1)::int`,
  }),
  sorted: (column) => column,
  holds: (text, part) => sql`strpos(${text}, ${sql.literal(part)}) > 0`,
  fold: (text) => {
    const marks = sql.literal(`[${combiningCharacters()}]`);
    return sql`translate(lower(regexp_replace(normalize(${text}, NFD), ${marks}, '', 'g')), 'ς', 'σ')`;
  },
  value: (value) => value,
};
