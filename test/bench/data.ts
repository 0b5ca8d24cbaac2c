import type BetterSqlite3 from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { driver } from '../../src/store/driver.js';
import { createOrg } from '../../src/auth/orgs.js';
import { readConfig } from '../../src/config.js';
import { openPortico, type Portico } from '../../src/open.js';
import type { RegisteredResource } from '../../src/registry.js';
import { migrate } from '../../src/store/migrate.js';
import { assumeStatistics } from '../../src/store/statistics.js';
import { importItems } from '../../src/transfer/import.js';
import { answer, start } from './processes.js';
import { observations, patient, TENANT } from './templates.js';

/** A database with this many observations. */
export interface Data {
  readonly rows: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Patients with few observations; Patient/p0 has a tenth of all. */
  readonly patients: readonly string[];
  readonly longest: number;
}

const OBSERVATIONS_OF_PATIENT = 500;
const root = new URL('../../', import.meta.url);
const folder = new URL('data/bench/', root);

/** The database of a former run when it is what this run would make, otherwise a new one. */
export async function dataOf(rows: number): Promise<Data> {
  const file = new URL(`observations-${String(rows)}.sqlite`, folder).pathname;
  const stamp = `${file}.stamp`;
  const data = describe(rows, file);
  const current = currentStamp();
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== current) {
    for (const suffix of ['', '-wal', '-shm', '.stamp']) rmSync(`${file}${suffix}`, { force: true });
    mkdirSync(folder, { recursive: true });
    await make(file, data);
    writeFileSync(stamp, current);
  }
  await answer(start('renew', { environment: data.environment }));
  return data;
}

/** The same for a measurement that writes, so that the others find what was made for them. */
export function copyOf(data: Data, name: string): Data {
  const file = new URL(`${name}.sqlite`, folder).pathname;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  const db = new driver((data.environment['PORTICO_DATABASE_URL'] as string).slice('sqlite:'.length));
  db.prepare('vacuum into ?').run(file);
  db.close();
  return { ...data, environment: { ...data.environment, PORTICO_DATABASE_URL: `sqlite:${file}` } };
}

function describe(rows: number, file: string): Data {
  const longest = Math.ceil(rows / 10);
  const count = Math.max(4, Math.round((rows - longest) / OBSERVATIONS_OF_PATIENT));
  return {
    rows,
    longest,
    patients: Array.from({ length: count }, (_, index) => `p${String(index + 1)}`),
    environment: {
      PORTICO_BASE_URL: 'http://bench.example',
      PORTICO_DATABASE_URL: `sqlite:${file}`,
      PORTICO_SECRET: 'a secret for the bench, which opens nothing',
    },
  };
}

/** Changes with whatever decides what the database holds. */
function currentStamp(): string {
  const hash = createHash('sha256');
  for (const each of ['migrations/', 'fhir/', 'test/bench/'])
    for (const name of readdirSync(new URL(each, root)).sort())
      if (each !== 'test/bench/' || /^(data|templates)\.ts$/.test(name))
        if (name.endsWith('.ts')) hash.update(readFileSync(new URL(`${each}${name}`, root)));
  return hash.digest('hex');
}

/** The one write path writes the templates; SQLite copies their rows, because that takes seconds and not hours. */
async function make(file: string, data: Data): Promise<void> {
  const portico = await openPortico(readConfig(data.environment));
  try {
    await migrate(portico.own);
    await createOrg(portico.own, TENANT, 'Bench', Date.now(), {
      plan: 'custom',
      perMinute: 100_000_000,
      burst: 10_000_000,
    });
    await writeTemplates(portico);
    copyAll(file, data, portico);
    await assumeStatistics(portico.own);
  } finally {
    await portico.close();
  }
}

async function writeTemplates({ registry, rows, writer, base, now }: Portico): Promise<void> {
  if (!writer) throw new Error('the database is not written by Portico');
  const items = [patient, ...observations].map((each) => ({ origin: 'template', text: JSON.stringify(each) }));
  const author = { user: 'bench' };
  const report = await importItems(listed(items), { tenant: TENANT, registry, rows, writer, base, now, author });
  if (report.created !== items.length) throw new Error(`the templates were refused: ${JSON.stringify(report)}`);
}

async function* listed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

function copyAll(file: string, { rows, patients }: Data, { registry }: Portico): void {
  const db = new driver(file);
  db.pragma('synchronous = off');
  db.pragma('temp_store = memory');
  const [patientType, observationType] = ['Patient', 'Observation'].map((type) => registry.get(type)) as [
    RegisteredResource,
    RegisteredResource,
  ];
  const few = String(patients.length);
  copy(db, patientType, { count: patients.length + 1, values: { id: `'p' || n`, patient_id: `'p' || n` } });
  // In the order of time, as rows come to be: those of one patient are strewn over the whole table.
  const of = `case when n % 10 = 0 then 'p0' else 'p' || (1 + (n - n / 10 - 1) % ${few}) end`;
  copy(db, observationType, {
    count: rows,
    values: {
      id: `printf('%08x-%04x-4000-8000-%012x', (n * 2654435761) & 4294967295, n & 65535, n)`,
      patient_id: of,
      subject: `'Patient/' || ${of}`,
      effective: `strftime('%Y-%m-%dT%H:%M:00Z', 1577836800 + n * 60, 'unixepoch')`,
      effective_start: '(1577836800 + n * 60) * 1000',
      effective_end: 't.effective_end - t.effective_start + (1577836800 + n * 60) * 1000',
    },
  });
  db.pragma('wal_checkpoint(truncate)');
  db.close();
}

interface Copies {
  readonly count: number;
  /** Columns that differ from the template's, as SQL over `n`. */
  readonly values: Readonly<Record<string, string>> & { readonly id: string };
}

/** Replaces the templates of a type by copies of them, with their children. */
function copy(db: BetterSqlite3.Database, resource: RegisteredResource, { count, values }: Copies): void {
  const table = resource.source.from as string;
  db.exec(`create temp table template as select row_number() over () - 1 as at, t.* from ${table} as t`);
  const { number } = db.prepare('select count(*) as number from template').get() as { number: number };
  const numbers = `with recursive numbers(n) as (values(0) union all select n + 1 from numbers where n < ${String(count - 1)})`;
  const from = `numbers cross join template as t on t.at = n % ${String(number)}`;
  const indices = db
    .prepare(`select name, sql from sqlite_schema where type = 'index' and tbl_name = ? and sql is not null`)
    .all(table) as { name: string; sql: string }[];
  const insert = (into: string, alias: string, changed: Readonly<Record<string, string>>, source: string): void => {
    const columns = (db.pragma(`table_info(${into})`) as { name: string }[]).map(({ name }) => name);
    const names = columns.map((name) => `"${name}"`).join(', ');
    const selected = columns.map((name) => changed[name] ?? `${alias}."${name}"`).join(', ');
    db.exec(`insert into ${into} (${names}) ${numbers} select ${selected} from ${source}`);
  };
  db.transaction(() => {
    for (const { name } of indices) db.exec(`drop index ${name}`);
    db.exec(`delete from ${table}`);
    db.prepare('delete from history where type = ?').run(resource.type);
    insert(table, 't', values, from);
    for (const { table: child, parent } of Object.values(resource.children)) {
      insert(
        child,
        'c',
        { [parent]: values.id },
        `${from} join ${child} as c on c.organization_id = t.organization_id and c.${parent} = t.id`,
      );
      db.exec(`delete from ${child} where ${parent} in (select id from template)`);
    }
    db.prepare(
      `insert into history (organization_id, type, id, version, method, at, patient_id, native_resource)
       select organization_id, ?, id, version, 'POST', updated_at, patient_id, native_resource from ${table}`,
    ).run(resource.type);
    // An index that is built at once is built by sorting.
    for (const { sql } of indices) db.exec(sql);
  })();
  db.exec('drop table template');
}
