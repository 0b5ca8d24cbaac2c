import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSource, type Fault } from '../../src/dev/check-source.js';
import { loadRegistry, type Registry } from '../../src/registry.js';
import { openDatabase, type Database } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { bareDatabase, type FreshDatabase } from '../support/database.js';

describe('check-source', () => {
  let folder: string;
  let database: FreshDatabase;
  let registry: Registry;

  const withDatabase = async <T>(work: (db: Database) => Promise<T>): Promise<T> => {
    const db = await openDatabase(database.url);
    try {
      return await work(db);
    } finally {
      await db.close();
    }
  };
  // On a connection of its own, as the command has one: SQLite explains a statement that it prepared before as it was.
  const check = (): Promise<Fault[]> => withDatabase((db) => checkSource(db, registry));
  const change = (...statements: string[]): Promise<void> =>
    withDatabase(async (db) => {
      const knex = await db.knex();
      for (const statement of statements) await knex.raw(statement);
    });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portico-test-'));
    database = await bareDatabase(folder);
    registry = await loadRegistry();
    await withDatabase((db) => migrate(db));
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  it('has nothing to say about the schema that the migrations make', async () => assert.deepEqual(await check(), []));

  it('names each search that a dropped index leaves unserved, and no other', async () => {
    await change('drop index patient_identifier_value');
    const faults = await check();
    assert.deepEqual(
      faults.map(({ type, kind }) => [type, kind]),
      [['Patient', 'unindexed']],
    );
    assert.match(faults[0]!.text, /^search identifier: no index serves /);
    await change(
      'create index patient_identifier_value on patient_identifier (organization_id, value, system, parent_id)',
    );
    assert.deepEqual(await check(), []);
  });

  it('names a column that is not there, of a row and of a child, for every type at once', async () => {
    await change(
      'alter table patient rename column gender to gender_of',
      'alter table practitioner_name rename column family to surname',
    );
    const missing = (await check()).filter(({ kind }) => kind === 'missing');
    assert.deepEqual(missing, [
      { type: 'Patient', kind: 'missing', text: 'patient has no column gender' },
      { type: 'Practitioner', kind: 'missing', text: 'practitioner_name has no column family' },
    ]);
    await change(
      'alter table patient rename column gender_of to gender',
      'alter table practitioner_name rename column surname to family',
    );
    assert.deepEqual(await check(), []);
  });

  it('names a table that is not there', async () => {
    await change('alter table encounter rename to visit');
    const faults = await check();
    assert.ok(faults.some(({ type, text }) => type === 'Encounter' && text === 'there is no table encounter'));
    await change('alter table visit rename to encounter');
  });
});
