import type BetterSqlite3 from 'better-sqlite3';
import assert from 'node:assert/strict';
import { driver } from '../../src/store/driver.js';
import { openDatabase } from '../../src/store/database.js';
import { describeOn } from '../support/only.js';

/** Another text each time: what a client does who varies a long search. */
const longSearch = (ordinal: number): string =>
  `select a from t where ${Array.from({ length: 400 }, () => '(a = ? and b is not ?)').join(' or ')} limit ${String(ordinal)}`;

describeOn('sqlite', 'store/sqlite: prepared statements', () => {
  type Prepare = (this: BetterSqlite3.Database, sql: string) => BetterSqlite3.Statement;
  const prepare = Reflect.get(driver.prototype, 'prepare') as Prepare;
  let prepared = 0;

  before(() => {
    const counting: Prepare = function (sql) {
      prepared += 1;
      return prepare.call(this, sql);
    };
    Object.assign(driver.prototype, { prepare: counting });
  });
  after(() => {
    Object.assign(driver.prototype, { prepare });
  });

  it('THREAT 73: are kept by their length: hundreds of long ones are not, and a hot one is', async () => {
    const db = await openDatabase('sqlite::memory:');
    const values = Array<string>(800).fill('x');
    const run = async (sql: string): Promise<number> => {
      const before = prepared;
      await db.arrays(sql, values.slice(0, sql.split('?').length - 1));
      return prepared - before;
    };
    try {
      await (await db.knex()).raw('create table t (a text, b text)');
      assert.equal(await run('select a from t'), 1);
      for (let ordinal = 1; ordinal <= 150; ordinal++) {
        assert.equal(await run(longSearch(ordinal)), 1);
        assert.equal(await run('select a from t'), 0);
      }
      assert.equal(await run(longSearch(150)), 0);
      assert.equal(await run(longSearch(1)), 1, 'a million characters have come since');
    } finally {
      await db.close();
    }
  });
});
