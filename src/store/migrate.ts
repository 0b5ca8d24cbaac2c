import type { Knex } from 'knex';
import { readdir } from 'node:fs/promises';
import { code } from '../installed.js';
import { ConfigurationError } from '../outcome.js';
import type { Database } from './database.js';
import { assumeStatistics } from './statistics.js';

const folder = new URL('migrations/', code);

/** The migrations in migrations/, by name without extension: the same from source and from the build. */
async function files(): Promise<Map<string, URL>> {
  const names = (await readdir(folder)).filter((name) => /^\d{3}_\w+\.[jt]s$/.test(name)).sort();
  return new Map(names.map((name) => [name.replace(/\.[jt]s$/, ''), new URL(name, folder)]));
}

async function migrationSource(): Promise<Knex.MigrationSource<string>> {
  const found = await files();
  return {
    getMigrations: () => Promise.resolve([...found.keys()]),
    getMigrationName: (name) => name,
    getMigration: async (name) => (await import((found.get(name) as URL).href)) as Knex.Migration,
  };
}

const prepare = async (db: Database): Promise<[knex: Knex, source: Knex.MigrationSource<string>]> => [
  await db.knex(),
  await migrationSource(),
];

/** Brings the schema up to date and names the migrations that ran. Errors: ConfigurationError for a newer one. */
export async function migrate(db: Database): Promise<string[]> {
  if ((await pending(db)).length === 0) return [];
  const [knex, source] = await prepare(db);
  const [, ran] = (await knex.migrate.latest({ migrationSource: source })) as [number, string[]];
  if (ran.length > 0) await assumeStatistics(db);
  return ran;
}

/** Takes back the last batch of migrations. Errors: ConfigurationError for those of a newer release. */
export async function rollback(db: Database): Promise<string[]> {
  await pending(db);
  const [knex, source] = await prepare(db);
  const [, ran] = (await knex.migrate.rollback({ migrationSource: source })) as [number, string[]];
  return ran;
}

/** The migrations that have not run yet. Errors: ConfigurationError for a database of a newer release. */
export async function pending(db: Database): Promise<string[]> {
  const all = [...(await files()).keys()];
  const table =
    db.dialect.name === 'sqlite'
      ? `select name from sqlite_master where type = 'table' and name = 'knex_migrations'`
      : `select tablename from pg_tables where schemaname = any(current_schemas(false)) and tablename = 'knex_migrations'`;
  if ((await db.arrays(table, [])).length === 0) return all;
  const done = new Set((await db.arrays('select name from knex_migrations', [])).map(([name]) => name));
  const unknown = [...done].filter((name) => !all.includes(String(name)));
  if (unknown.length > 0)
    throw new ConfigurationError('The database belongs to a newer Portico', [`it has ${unknown.join(', ')}`]);
  return all.filter((name) => !done.has(name));
}
