import type { Knex } from 'knex';
import { createHash } from 'node:crypto';
import pg from 'pg';
import { postgres } from '../search/dialect.js';
import type { Database, Row } from './database.js';
import { GuardError, unmet, type Plan } from './plan.js';

/** Statements that are prepared on the server, by name; beyond them, and when they are long, they are sent as text. */
const PREPARED = 500;
const PREPARED_CHARACTERS = 4000;
/** The key exists; or another transaction was in the way, and the server chose this one to give up. */
const LOST_THE_RACE: ReadonlySet<string | undefined> = new Set(['23505', '40001', '40P01']);

/** A request waits no longer for one statement: whoever asks for too much must not keep a connection from the others. */
const STATEMENT_MILLISECONDS = 30_000;

/** 64-bit integers are times, sizes and versions here: all of them below 2^53. */
const types = {
  getTypeParser: (oid: Parameters<typeof pg.types.getTypeParser>[0], format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? Number : (pg.types.getTypeParser(oid, format) as (value: string) => unknown),
};

export function openPostgres(url: string): Database {
  const pool = new pg.Pool({ connectionString: url, max: 10, types, statement_timeout: STATEMENT_MILLISECONDS });
  // A connection that breaks while idle is replaced; the next query tells what is wrong.
  pool.on('error', () => undefined);
  const names = new Map<string, string>();
  const nameOf = (sql: string): string | undefined => {
    const known = names.get(sql);
    if (known !== undefined || names.size >= PREPARED || sql.length > PREPARED_CHARACTERS) return known;
    const name = createHash('sha1').update(sql).digest('base64url');
    names.set(sql, name);
    return name;
  };
  const config = (text: string, values: readonly unknown[]): pg.QueryConfig => {
    const name = nameOf(text);
    return { text, values: [...values], ...(name !== undefined && { name }) };
  };
  let builder: Promise<Knex> | undefined;

  return {
    dialect: postgres,
    arrays: async (sql, bindings) => (await pool.query<unknown[]>({ ...config(sql, bindings), rowMode: 'array' })).rows,
    objects: async (sql, bindings) => (await pool.query<Row>(config(sql, bindings))).rows,
    commit: (plan) => commit(pool, plan, config),
    knex: () => (builder ??= openKnex(url)),
    foreignChanges: () => undefined,
    close: async () => {
      if (builder) await (await builder).destroy();
      await pool.end();
    },
  };
}

async function openKnex(url: string): Promise<Knex> {
  const { default: knex } = await import('knex');
  return knex({
    client: 'pg',
    connection: { connectionString: url, types } as Knex.PgConnectionConfig,
    pool: { min: 0, max: 4 },
  });
}

async function commit(
  pool: pg.Pool,
  plan: Plan,
  config: (text: string, values: readonly unknown[]) => pg.QueryConfig,
): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    for (const planned of plan.statements) {
      const { rowCount } = await client.query(config(planned.sql, planned.bindings));
      if (planned.rows !== undefined && rowCount !== planned.rows) throw unmet(planned, rowCount);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch((failure: unknown) => {
      broken = failure as Error;
    });
    if (error instanceof pg.DatabaseError && LOST_THE_RACE.has(error.code))
      throw new GuardError('another transaction was faster', { cause: error });
    throw error;
  } finally {
    client.release(broken);
  }
}
