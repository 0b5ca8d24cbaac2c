import { sql, type Fragment, type Slot } from './fragment.js';

/** Where SQLite and PostgreSQL differ in what Portico asks of them. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** The JSON array of the rows that a select of arrays yields; `row` builds one row, `order` sorts them. */
  jsonRows(row: readonly Fragment[], order: Fragment | undefined, from: Fragment): Fragment;
  /** Whether a column's value is among those that one parameter carries. */
  among(column: Fragment, list: Slot): Fragment;
  /** The text as folded by the database: for texts that have no folded column. */
  fold(text: Fragment): Fragment;
  /** A parameter's value as the driver takes it; a list is one value. */
  value(value: unknown): unknown;
}

/** PostgreSQL takes 100 arguments a function call at the most. */
const CHUNK = 90;

function array(builder: 'json_array' | 'json_build_array', row: readonly Fragment[]): Fragment {
  const name = sql.keyword(builder);
  if (row.length <= CHUNK) return sql`${name}(${sql.join(row)})`;
  throw new Error(`a child table has more than ${String(CHUNK)} columns`);
}

export const sqlite: Dialect = {
  name: 'sqlite',
  jsonRows: (row, order, from) =>
    sql`(select json_group_array(${array('json_array', row)}${order ? sql` order by ${order}` : sql``}) ${from})`,
  among: (column, list) => sql`${column} in (select value from json_each(${list}))`,
  fold: (text) => sql`fold(${text})`,
  value: (value) => (typeof value === 'boolean' ? Number(value) : Array.isArray(value) ? JSON.stringify(value) : value),
};

export const postgres: Dialect = {
  name: 'postgres',
  jsonRows: (row, order, from) =>
    sql`(select coalesce(json_agg(${array('json_build_array', row)}${order ? sql` order by ${order}` : sql``}), '[]') ${from})`,
  among: (column, list) => sql`${column} = any(${list})`,
  fold: (text) => sql`lower(regexp_replace(normalize(${text}, NFD), ${sql.literal('[\u0300-\u036f]')}, '', 'g'))`,
  value: (value) => value,
};
