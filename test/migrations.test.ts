import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../src/store/database.js';
import { migrate, pending, rollback } from '../src/store/migrate.js';
import { bareDatabase, dialect, type FreshDatabase } from './support/database.js';
import { itOn } from './support/only.js';

const names = [
  '001_portico',
  '002_organization',
  '003_practitioner',
  '004_patient',
  '005_encounter',
  '006_observation',
  '007_document_reference',
  '008_communication',
  '009_authorization',
  '010_audit',
  '011_portal',
  '012_launch',
  '013_writes',
  '014_location',
  '015_practitioner_role',
  '016_specimen',
  '017_diagnostic_report',
  '018_provenance',
  '019_jobs',
  '020_pulsara',
  '021_webhooks',
  '022_subscription',
  '023_search',
];

describe(`migrations on ${dialect}`, () => {
  let folder: string;
  let database: FreshDatabase;
  let db: Database;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portico-test-'));
    database = await bareDatabase(folder);
    db = await openDatabase(database.url);
  });
  after(async () => {
    await db.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  /** Every table, column and index, without the record of migrations. */
  async function schema(): Promise<string[]> {
    const text =
      dialect === 'sqlite'
        ? `select type || ' ' || name || ' ' || coalesce(sql, '') from sqlite_master where name not like 'knex%' and name not like 'sqlite%'`
        : `select table_name || '.' || column_name || ' ' || data_type || ' ' || coalesce(collation_name, '') || ' ' || is_nullable
            from information_schema.columns where table_schema = 'public' and table_name not like 'knex%'
            union all select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'knex%'`;
    return (await db.arrays(text, [])).map(([line]) => String(line)).sort();
  }

  it('has all of them pending on an empty database', async () => assert.deepEqual(await pending(db), names));

  it('goes up, takes all of it back, and goes up to the same schema again', async () => {
    assert.deepEqual(await migrate(db), names);
    assert.deepEqual(await pending(db), []);
    const first = await schema();
    assert.ok(first.length > 100, 'the schema has tables and indices');
    assert.deepEqual(await rollback(db), [...names].reverse());
    assert.deepEqual(await schema(), []);
    assert.deepEqual(await pending(db), names);
    assert.deepEqual(await migrate(db), names);
    assert.deepEqual(await schema(), first);
  });

  it('does nothing when there is nothing to do', async () => {
    const before = await schema();
    assert.deepEqual(await migrate(db), []);
    assert.deepEqual(await schema(), before);
  });

  it('runs whoever reads at the same time', async () => {
    const over = new AbortController();
    const reading = (async () => {
      for (let turn = 0; !over.signal.aborted; turn++) {
        await db.arrays('select 1', []);
        if (turn % 2 === 0) await new Promise(setImmediate);
      }
    })();
    try {
      assert.deepEqual(await rollback(db), [...names].reverse());
      assert.deepEqual(await migrate(db), names);
    } finally {
      over.abort();
      await reading;
    }
  });

  it('has the tenant first in the key of every clinical table and in every index of one', async () => {
    const text =
      dialect === 'sqlite'
        ? `select t.name, i.name, (select c.name from pragma_index_info(i.name) as c where c.seqno = 0)
            from sqlite_master as t join pragma_index_list(t.name) as i
            where t.type = 'table' and exists (select 1 from pragma_table_info(t.name) where name = 'organization_id')`
        : `select t.relname, i.relname, a.attname from pg_index as x join pg_class as t on t.oid = x.indrelid
            join pg_class as i on i.oid = x.indexrelid join pg_attribute as a on a.attrelid = t.oid and a.attnum = x.indkey[0]
            where exists (select 1 from pg_attribute as o where o.attrelid = t.oid and o.attname = 'organization_id')`;
    const rows = await db.arrays(text, []);
    assert.ok(rows.length > 80, String(rows.length));
    // Trigrams have no order that could begin with anything.
    const others = rows
      .filter(([, index, column]) => column !== 'organization_id' && !String(index).endsWith('_trigrams'))
      .map(([table]) => table);
    // The outbox is Portico's own queue: its workers go through it in the order of time. A chain of the audit trail
    // belongs to a process.
    assert.deepEqual([...new Set(others)].sort(), ['audit', 'outbox']);
  });

  itOn('sqlite', 'tells SQLite what to assume of every index, and leaves PostgreSQL to gather its own', async () => {
    const missing = await db.arrays(
      `select i.name from sqlite_master as t join pragma_index_list(t.name) as i
        where t.type = 'table' and t.name not like 'sqlite%'
        and not exists (select 1 from sqlite_stat1 as s where s.tbl = t.name and s.idx in (i.name, t.name))`,
      [],
    );
    assert.deepEqual(missing, []);
    const plan = await db.arrays(
      `explain query plan select id from observation where organization_id = 'o' and patient_id = 'p' and category_code = 'x'`,
      [],
    );
    assert.match(JSON.stringify(plan), /patient_id=\?/);
  });

  it('refuses a database of a newer Portico, and says what it does not know', async () => {
    const knex = await db.knex();
    await knex('knex_migrations').insert({ name: '999_tomorrow', batch: 9, migration_time: new Date() });
    for (const refuses of [pending, migrate, rollback])
      await assert.rejects(() => refuses(db), /belongs to a newer Portico[^]*999_tomorrow/);
    await knex('knex_migrations').where('name', '999_tomorrow').delete();
    assert.deepEqual(await pending(db), []);
  });
});
