import type BetterSqlite3 from 'better-sqlite3';
import { LRUCache } from 'lru-cache';
import type { Knex } from 'knex';
import { createRequire } from 'node:module';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { fold } from '../define/fold.js';
import { makeFolder } from '../folder.js';
import { ConfigurationError } from '../outcome.js';
import { sqlite } from '../search/dialect.js';
import type { Database, Row } from './database.js';
import { driver } from './driver.js';
import { GroupCommit } from './group-commit.js';

/** Prepared statements kept at a time, and the characters of their texts: what is prepared takes some thirty times that. */
const STATEMENTS = 1000;
const STATEMENT_CHARACTERS = 1_000_000;

const statementCache = (): LRUCache<string, BetterSqlite3.Statement> =>
  new LRUCache({ max: STATEMENTS, maxSize: STATEMENT_CHARACTERS, sizeCalculation: (_, sql) => sql.length });

/** Bytes of the file that are read in place: the most that SQLite maps. They belong to the system, which takes them back. */
const MAPPED_BYTES = 2 ** 31;

/** Pages of the log that are brought into the file at once: pages that were written often are brought once. */
const CHECKPOINT_PAGES = 4000;

/** Opens a file, or `:memory:`. */
export function openSqlite(file: string): Database {
  const handle = openFile(file);
  // Its default in WAL is NORMAL, which may lose the last commits when the machine stops.
  handle.pragma('synchronous = FULL');
  handle.pragma(`wal_autocheckpoint = ${String(CHECKPOINT_PAGES)}`);
  handle.pragma('busy_timeout = 10000');
  handle.pragma('cache_size = -8000');
  // Rows of a page lie far apart: reading them where the system has them already costs less than copying them.
  handle.pragma(`mmap_size = ${String(MAPPED_BYTES)}`);
  handle.function('fold', { deterministic: true }, (text: unknown) => (typeof text === 'string' ? fold(text) : null));

  const statements = statementCache();
  const prepare = (sql: string): BetterSqlite3.Statement => {
    let statement = statements.get(sql);
    if (!statement) statements.set(sql, (statement = handle.prepare(sql)));
    return statement;
  };
  const arrays = statementCache();
  const prepareArrays = (sql: string): BetterSqlite3.Statement => {
    let statement = arrays.get(sql);
    if (!statement) arrays.set(sql, (statement = handle.prepare(sql).raw()));
    return statement;
  };
  const snapshot = new Snapshot(handle);
  const commits = new GroupCommit(handle, prepare, snapshot);
  let builder: Promise<Knex> | undefined;

  return {
    dialect: sqlite,
    arrays: (sql, bindings) => {
      snapshot.open();
      return prepareArrays(sql).all(...bindings) as unknown[][];
    },
    objects: (sql, bindings) => {
      snapshot.open();
      return prepare(sql).all(...bindings) as Row[];
    },
    commit: (plan) => commits.add(plan),
    knex: () => (builder ??= openKnex(handle, snapshot)),
    foreignChanges: () => snapshot.foreignChanges(),
    close: async () => {
      await commits.drained();
      snapshot.close();
      if (builder) await (await builder).destroy();
      if (handle.open) handle.close();
    },
  };
}

/** Errors: ConfigurationError for what cannot be made, opened or written, and for what is no database. */
function openFile(file: string): BetterSqlite3.Database {
  let handle: BetterSqlite3.Database | undefined;
  try {
    if (file !== ':memory:') makeFile(file);
    handle = new driver(file);
    handle.pragma('journal_mode = WAL');
    return handle;
  } catch (error) {
    handle?.close();
    throw new ConfigurationError('The database cannot be opened', [
      `${file}: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
}

/** For its owner alone, whatever the umask: it holds patients' data. What SQLite puts beside it gets the same mode. */
function makeFile(file: string): void {
  makeFolder(dirname(file));
  closeSync(openSync(file, 'a', 0o600));
}

/** knex on the connection that is already open: a second one to `:memory:` would be another database. */
async function openKnex(handle: BetterSqlite3.Database, snapshot: Snapshot): Promise<Knex> {
  const { default: knex } = await import('knex');
  const Client = createRequire(import.meta.url)('knex/lib/dialects/better-sqlite3/index.js') as new (
    config: unknown,
  ) => { _query(connection: unknown, query: unknown): Promise<unknown> };
  class SharedClient extends Client {
    _driver(): typeof BetterSqlite3 {
      return driver;
    }
    acquireRawConnection(): Promise<BetterSqlite3.Database> {
      return Promise.resolve(handle);
    }
    destroyRawConnection(): Promise<void> {
      return Promise.resolve();
    }
    /** A migration begins a transaction of its own, whoever else reads in this turn. */
    override _query(connection: unknown, query: unknown): Promise<unknown> {
      snapshot.close();
      return super._query(connection, query);
    }
  }
  return knex({
    client: SharedClient as unknown as typeof Knex.Client,
    connection: { filename: handle.name },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
  });
}

/**
 * One read transaction for all reads of a turn of the event loop: opening and closing one costs more than the read of
 * a row. It never lasts longer than the turn, and no request waits in it, so that what another process committed
 * before a request came is seen by it.
 */
class Snapshot {
  #open = false;
  #dataVersion: number | undefined;
  readonly #begin: BetterSqlite3.Statement;
  readonly #end: BetterSqlite3.Statement;
  readonly #version: BetterSqlite3.Statement;

  constructor(private readonly handle: BetterSqlite3.Database) {
    this.#begin = handle.prepare('begin');
    this.#end = handle.prepare('commit');
    this.#version = handle.prepare('pragma data_version').pluck();
  }

  open(): void {
    if (this.#open || this.handle.inTransaction) return;
    this.#begin.run();
    this.#open = true;
    setImmediate(() => this.close());
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#dataVersion = undefined;
    if (this.handle.inTransaction) this.#end.run();
  }

  /** Cannot change while the snapshot is open. */
  foreignChanges(): number {
    this.open();
    return (this.#dataVersion ??= this.#version.get() as number);
  }
}
