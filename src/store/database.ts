import type { Knex } from 'knex';
import type { Dialect } from '../search/dialect.js';
import type { Compiled } from '../search/compile.js';
import { Slot } from '../search/fragment.js';
import { ConfigurationError } from '../outcome.js';
import { GuardError, type Plan, type PlannedStatement } from './plan.js';

export type Row = Record<string, unknown>;

/** A database: SQLite in this process, or PostgreSQL. Reading on SQLite answers at once; await serves both. */
export interface Database {
  readonly dialect: Dialect;
  /** Rows as arrays, in the order of the selected columns. */
  arrays(sql: string, bindings: readonly unknown[]): unknown[][] | Promise<unknown[][]>;
  /** Rows as objects. */
  objects(sql: string, bindings: readonly unknown[]): Row[] | Promise<Row[]>;
  /** Runs a plan in one transaction and answers when it is on disk. */
  commit(plan: Plan): Promise<void>;
  /**
   * Builds statements, migrates, and runs what is rare. Loaded when it is first asked for: that keeps the start short.
   * Never open a knex transaction on SQLite: statements of other requests would fall into it.
   */
  knex(): Promise<Knex>;
  /** Changes whenever another process wrote to the database; undefined where that is not known. */
  foreignChanges(): number | undefined;
  close(): Promise<void>;
}

/** Opens `sqlite:<file>`, `sqlite::memory:` or `postgres://...`. */
export async function openDatabase(url: string): Promise<Database> {
  if (url.startsWith('sqlite:')) return (await import('./sqlite.js')).openSqlite(url.slice('sqlite:'.length));
  if (/^postgres(ql)?:\/\//.test(url)) return (await import('./postgres.js')).openPostgres(url);
  throw new ConfigurationError('The database cannot be opened', [
    'the URL must start with sqlite: or postgres://, for example sqlite:data/portico.sqlite',
  ]);
}

/** Runs statements in one transaction. False, and nothing written, where a guard of one of them fails. */
export async function committed(db: Database, statements: readonly PlannedStatement[]): Promise<boolean> {
  try {
    await db.commit({ statements });
    return true;
  } catch (error) {
    if (error instanceof GuardError) return false;
    throw error;
  }
}

/** A statement that is built by knex once per database and then run with named values. */
export interface Statement<P extends Record<string, unknown>> {
  all(db: Database, values: P): Promise<Row[]>;
  first(db: Database, values: P): Promise<Row | undefined>;
  /** As part of a plan. */
  plan(db: Database, values: P, rows?: number): Promise<PlannedStatement>;
  /** For many at once. */
  planner(db: Database): Promise<(values: P, rows?: number) => PlannedStatement>;
}

/** @example const orgById = statement<{ id: string }>((knex, $) => knex('org').where('id', $('id')).select('*')); */
export function statement<P extends Record<string, unknown>>(
  build: (knex: Knex, $: (name: keyof P & string) => Knex.Value) => Knex.QueryBuilder,
): Statement<P> {
  const compiled = new WeakMap<Database, { sql: string; bind: (values: P) => unknown[] }>();
  const prepare = async (db: Database) => {
    const known = compiled.get(db);
    if (known) return known;
    const names: (keyof P & string)[] = [];
    const slot = (name: keyof P & string): Knex.Value => new Slot(names.push(name) - 1) as unknown as Knex.Value;
    const made = built(build(await db.knex(), slot));
    const bind = (values: P): unknown[] =>
      made.bindings.map((each) => db.dialect.value(each instanceof Slot ? values[names[each.index] as string] : each));
    const prepared = { sql: made.sql, bind };
    compiled.set(db, prepared);
    return prepared;
  };
  const planner: Statement<P>['planner'] = async (db) => {
    const { sql, bind } = await prepare(db);
    return (values, rows) => ({ sql, bindings: bind(values), ...(rows !== undefined && { rows }) });
  };
  return {
    all: async (db, values) => {
      const { sql, bind } = await prepare(db);
      return db.objects(sql, bind(values));
    },
    first: async (db, values) => {
      const { sql, bind } = compiled.get(db) ?? (await prepare(db));
      return (await db.objects(sql, bind(values)))[0];
    },
    plan: async (db, values, rows) => (await planner(db))(values, rows),
    planner,
  };
}

function built(query: Knex.QueryBuilder): Compiled {
  const made = query.toSQL().toNative();
  return { sql: made.sql, bindings: made.bindings as unknown as Compiled['bindings'] };
}
