import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';

/** A postgres URL whose user may create databases; without it the suite runs on SQLite in memory. */
const admin = process.env['PORTICO_TEST_DATABASE_URL'];

export const dialect = admin === undefined ? 'sqlite' : 'postgres';

/** A run of the suite shares its tests out, and one of them runs mocha itself: only who began drops what all made. */
const isPart = process.env['PORTICO_TEST_RUN'] !== undefined;
/** What the databases of this run of the suite are called: its processes inherit it. */
const run = (process.env['PORTICO_TEST_RUN'] ??= `portico_${String(process.pid)}`);

export interface FreshDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty, migrated database of its own for each server that a test starts. */
export async function freshDatabase(): Promise<FreshDatabase> {
  if (admin === undefined) return { url: 'sqlite::memory:', drop: () => Promise.resolve() };
  const name = await (next ?? copyTemplate(admin));
  next = copyTemplate(admin);
  // Whoever awaits it is told; until then nobody does.
  next.catch(() => undefined);
  return { url: urlOf(admin, name), drop: () => dropLater(admin, name) };
}

/** Made while the tests of the one before run. */
let next: Promise<string> | undefined;

async function copyTemplate(url: string): Promise<string> {
  template ??= makeTemplate(url);
  const name = `${run}_${String(process.pid)}_${String(++count)}`;
  await administer(url, [`create database ${name} template ${await template}`]);
  return name;
}

/** The next tests need not wait for it: what is still there at the end is dropped then. */
function dropLater(url: string, name: string): Promise<void> {
  administer(url, [`drop database if exists ${name} with (force)`]).catch(() => undefined);
  return Promise.resolve();
}

/** A database without a table, which other processes can open too: for commands and migrations. */
export async function bareDatabase(folder: string): Promise<FreshDatabase> {
  const name = `${run}_${String(process.pid)}_bare_${String(++count)}`;
  if (admin === undefined) return { url: `sqlite:${join(folder, `${name}.sqlite`)}`, drop: () => Promise.resolve() };
  await administer(admin, [`create database ${name}`]);
  return { url: urlOf(admin, name), drop: () => dropLater(admin, name) };
}

let count = 0;
let template: Promise<string> | undefined;

/** Copying a migrated database takes a tenth of migrating one. */
async function makeTemplate(url: string): Promise<string> {
  const name = `${run}_${String(process.pid)}_template`;
  // A locale whose order is not that of bytes: searches must not lean on the database's own.
  const locale = `locale_provider icu icu_locale 'en-US' encoding 'UTF8'`;
  await administer(url, [`create database ${name} template template0 ${locale}`]);
  const db = await openDatabase(urlOf(url, name));
  await migrate(db);
  await db.close();
  return name;
}

/** Nothing of this run is left behind. */
export async function dropAll(): Promise<void> {
  if (admin === undefined || isPart) return;
  const found = await administer(admin, [`select datname from pg_database where datname like '${run}\\_%'`]);
  await administer(
    admin,
    found.map(({ datname }) => `drop database if exists ${String(datname)} with (force)`),
  );
}

/** The rows of the last statement. */
async function administer(url: string, statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const sql of statements) rows = (await client.query<Record<string, unknown>>(sql)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

function urlOf(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
