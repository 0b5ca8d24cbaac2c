import { join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';

/** A postgres URL whose user may create databases; without it the suite runs on SQLite in memory. */
const admin = process.env['PORTICO_TEST_DATABASE_URL'];

export const dialect = admin === undefined ? 'sqlite' : 'postgres';

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
  const name = `portico_${String(process.pid)}_${String(++count)}`;
  await administer(url, `create database ${name} template ${await template}`);
  return name;
}

/** The next tests need not wait for it: mocha's last hook does. */
const dropped: Promise<void>[] = [];

function dropLater(url: string, name: string): Promise<void> {
  const drop = administer(url, `drop database if exists ${name} with (force)`);
  drop.catch(() => undefined);
  dropped.push(drop);
  return Promise.resolve();
}

/** A database without a table, which other processes can open too: for commands and migrations. */
export async function bareDatabase(folder: string): Promise<FreshDatabase> {
  const name = `portico_${String(process.pid)}_bare_${String(++count)}`;
  if (admin === undefined) return { url: `sqlite:${join(folder, `${name}.sqlite`)}`, drop: () => Promise.resolve() };
  await administer(admin, `create database ${name}`);
  return { url: urlOf(admin, name), drop: () => administer(admin, `drop database ${name} with (force)`) };
}

let count = 0;
let template: Promise<string> | undefined;

/** Copying a migrated database takes a tenth of migrating one. */
async function makeTemplate(url: string): Promise<string> {
  const name = `portico_${String(process.pid)}_template`;
  await administer(url, `drop database if exists ${name}`);
  // A locale whose order is not that of bytes: searches must not lean on the database's own.
  await administer(
    url,
    `create database ${name} template template0 locale_provider icu icu_locale 'en-US' encoding 'UTF8'`,
  );
  const db = await openDatabase(urlOf(url, name));
  await migrate(db);
  await db.close();
  return name;
}

/** Mocha's last hook: nothing is left behind. */
export async function dropTemplate(): Promise<void> {
  if (admin === undefined) return;
  if (next) await dropLater(admin, await next);
  await Promise.all(dropped);
  if (template) await administer(admin, `drop database if exists ${await template} with (force)`);
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function urlOf(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
