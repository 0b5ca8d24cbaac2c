import type { Database } from './database.js';

/** Columns of few values: an equality on them leaves many rows. */
const coarse =
  /^(active|gender|deceased|status|doc_status|use|level|preferred|country_fold|state_fold|language|language_code|content_type|format_code|class_code|category_code|medium_code|priority|native_resource|setting_code|facility_code|status_reason_code|canonical_unit|value_canonical_unit)$/;

/** What is assumed of every table: rows, tenants, and how many rows share a value. */
const ROWS = 1_000_000;
const OF_TENANT = 250_000;
const OF_VALUE = 200;

/**
 * Tells SQLite's planner what the schema knows: an organization has very many rows, a category many, a patient few.
 * Without statistics SQLite takes every equality for equally telling, and reads a whole tenant to find one patient's
 * identifier. These are assumptions and not measurements, so that a plan is the same on every installation and on an
 * empty database. (https://www.sqlite.org/fileformat2.html#stat1tab) PostgreSQL gathers its own.
 */
export async function assumeStatistics(db: Database): Promise<void> {
  if (db.dialect.name !== 'sqlite') return;
  const knex = await db.knex();
  await knex.raw('pragma analysis_limit = 1');
  // Makes the table, which cannot be made by hand.
  await knex.raw('analyze');
  await knex.raw('delete from sqlite_stat1');
  for (const { table, index, columns } of await indices(db))
    await knex.raw('insert into sqlite_stat1 (tbl, idx, stat) values (?, ?, ?)', [table, index, estimate(columns)]);
  await knex.raw('analyze sqlite_schema');
}

/**
 * After many rows were written at once PostgreSQL plans for the few that were there before, until its own analysis comes
 * a minute later: a chained search may take seconds then. SQLite's assumptions hold for any number.
 */
export async function gatherStatistics(db: Database): Promise<void> {
  if (db.dialect.name === 'postgres') await (await db.knex()).raw('analyze');
}

interface Index {
  readonly table: string;
  readonly index: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

async function indices(db: Database): Promise<Index[]> {
  const rows = await db.objects(
    `select t.name as "table", i.name as "index", i."unique" as "unique", t.sql like '%without rowid%' as clustered, i.origin as origin,
      (select group_concat(c.name) from (select name from pragma_index_info(i.name) order by seqno) as c) as columns
      from sqlite_schema as t join pragma_index_list(t.name) as i where t.type = 'table'`,
    [],
  );
  return rows.map((row) => ({
    table: String(row['table']),
    // The primary key of a clustered table goes by the table's name.
    index: row['clustered'] && row['origin'] === 'pk' ? String(row['table']) : String(row['index']),
    columns: String(row['columns']).split(','),
    unique: Boolean(row['unique']),
  }));
}

/** Rows in all, then rows for each longer prefix of the columns. */
function estimate(columns: readonly string[]): string {
  const counts = [ROWS];
  for (const [index, column] of columns.entries()) {
    const before = counts.at(-1) as number;
    if (index === 0) counts.push(column === 'organization_id' || column === 'org' ? OF_TENANT : OF_VALUE);
    else if (column === 'id' || column === 'version') counts.push(1);
    else
      counts.push(
        Math.max(
          1,
          Math.min(before, coarse.test(column) ? Math.ceil(before / 5) : Math.min(OF_VALUE, Math.ceil(before / 20))),
        ),
      );
  }
  return counts.join(' ');
}
