import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { itOn } from '../support/only.js';
import type { Row } from './table.js';

describe('the bench', function () {
  this.timeout(60_000);

  // Its data is its own, on SQLite.
  itOn('sqlite', 'says of each figure what it is, what it must reach, and whether it does', async () => {
    const main = fileURLToPath(new URL('main.ts', import.meta.url));
    const only = 'Patient|search|_has|POST Observation|token|page|memory|export|webhooks';
    const { stdout } = await promisify(execFile)(process.execPath, [
      ...['--import', 'tsx', main, '--quick', '--json', '--only', only],
    ]);
    const rows = JSON.parse(stdout) as Row[];
    for (const { name, value, bar, stretch, met, ...rest } of rows) {
      assert.deepEqual(rest, {});
      if (bar !== '') for (const limit of [bar, stretch]) assert.match(limit, /^(>=|<=) [\d.]+$/, name);
      if (value === null) continue;
      assert.ok(value > 0, `${name} is ${String(value)}`);
      if (bar === '') continue;
      const limit = Number(bar.slice(3));
      if (value !== limit) assert.equal(met, bar.startsWith('>=') ? value > limit : value < limit, name);
    }
    const names = rows.map(({ name }) => name);
    for (const name of [
      'row read: req/s',
      'from the cache',
      '20, cold: CPU',
      'p99',
      'token by secret',
      'ES384',
      'POST Observation',
      'chained',
      '_has',
      '90 %',
      'memory',
      'speed',
    ])
      assert.ok(
        names.some((each) => each.includes(name)),
        `no row is about ${name}`,
      );
  });
});
