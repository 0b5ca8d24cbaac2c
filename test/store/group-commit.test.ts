import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../../src/store/database.js';
import { GuardError, type Plan } from '../../src/store/plan.js';

/** SQLite alone groups commits: PostgreSQL does it itself (commit_delay), a transaction a plan. */
describe('store/sqlite: group commit', () => {
  let folder: string;
  let file: string;
  let db: Database;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portico-'));
    file = join(folder, 'x.sqlite');
    db = await openDatabase(`sqlite:${file}`);
    for (const sql of [
      'create table parent (id integer primary key)',
      'create table child (id integer primary key, parent integer references parent (id) deferrable initially deferred)',
    ])
      await db.commit({ statements: [{ sql, bindings: [] }] });
  });
  afterEach(async () => {
    await db.close();
    await rm(folder, { recursive: true });
  });

  const insert = (id: number, parent: number | null = null): Plan => ({
    statements: [{ sql: 'insert into child (id, parent) values (?, ?)', bindings: [id, parent], rows: 1 }],
  });
  const stored = async (): Promise<unknown[]> =>
    (await db.arrays('select id from child order by id', [])).map(([id]) => id);

  /** A frame of the log that says how large the database is after it ends a transaction (https://sqlite.org/fileformat2.html#walformat). */
  async function transactions(): Promise<number> {
    const log = await readFile(`${file}-wal`);
    const page = log.readUInt32BE(8);
    let count = 0;
    for (let at = 32; at + 24 + page <= log.length; at += 24 + page) if (log.readUInt32BE(at + 4) > 0) count++;
    return count;
  }

  it('plans of one turn share a transaction', async () => {
    const before = await transactions();
    await Promise.all([1, 2, 3, 4, 5].map((id) => db.commit(insert(id))));
    assert.equal((await transactions()) - before, 1);
    assert.deepEqual(await stored(), [1, 2, 3, 4, 5]);
    await db.commit(insert(6));
    await db.commit(insert(7));
    assert.equal((await transactions()) - before, 3);
  });

  it('syncs unless nobody in the turn waits for that, and the next sync takes all that came before', async () => {
    // https://sqlite.org/pragma.html#pragma_synchronous: NORMAL and FULL.
    const synchronous = async (): Promise<unknown> => (await db.arrays('pragma synchronous', []))[0]?.[0];
    const unsynced = (id: number): Plan => ({ ...insert(id), unsynced: true });
    await db.commit(unsynced(1));
    assert.equal(await synchronous(), 1);
    await Promise.all([db.commit(unsynced(2)), db.commit(insert(3))]);
    assert.equal(await synchronous(), 2);
    await Promise.all([db.commit(unsynced(4)), db.commit(unsynced(5))]);
    assert.equal(await synchronous(), 1);
    await db.commit(insert(6));
    assert.equal(await synchronous(), 2);
  });

  it('one that fails is undone whole, and does no harm to the others', async () => {
    const half: Plan = { statements: [...insert(2).statements, ...insert(1).statements] };
    const wrong: Plan = {
      statements: [...insert(3).statements, { sql: 'insert into nowhere values (1)', bindings: [] }],
    };
    const results = await Promise.allSettled([insert(1), half, wrong, insert(4)].map((each) => db.commit(each)));
    assert.deepEqual(
      results.map((each) => each.status),
      ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
    );
    assert.ok(results[1]?.status === 'rejected' && results[1].reason instanceof GuardError);
    assert.ok(results[2]?.status === 'rejected' && !(results[2].reason instanceof GuardError));
    assert.deepEqual(await stored(), [1, 4]);
  });

  it('a statement that changes another number of rows than it must is a lost race', async () => {
    const update: Plan = {
      statements: [{ sql: 'update child set parent = null where id = 9', bindings: [], rows: 1 }],
    };
    await assert.rejects(db.commit(update), GuardError);
  });

  it('when COMMIT fails, all of the turn fail and nothing is there', async () => {
    const results = await Promise.allSettled([insert(1), insert(2, 404), insert(3)].map((each) => db.commit(each)));
    assert.deepEqual(
      results.map((each) => each.status),
      ['rejected', 'rejected', 'rejected'],
    );
    assert.deepEqual(await stored(), []);
    await db.commit(insert(5));
    assert.deepEqual(await stored(), [5], 'and the next turn goes on');
  });

  it('what was asked for before closing is written', async () => {
    const writing = db.commit(insert(1));
    await db.close();
    await writing;
    db = await openDatabase(`sqlite:${file}`);
    assert.deepEqual(await stored(), [1]);
  });
});
