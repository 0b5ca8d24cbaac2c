import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJson } from '../../src/define/json.js';
import { importItems, type Report } from '../../src/transfer/import.js';
import type { Client } from '../support/client.js';
import { checkColumns, detached, withoutServerMeta } from '../support/describe-resource.js';
import { goldens } from '../support/golden.js';
import { changes, mutate } from '../support/mutate.js';
import { queriesFor } from '../support/queries.js';
import { start, TENANT, type Server } from '../support/server.js';

const RUNS = Number(process.env['PORTICO_TEST_RUNS'] ?? 150);

describe('store: what is accepted is never lost', function () {
  this.timeout(60_000 + RUNS * 200);
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  const save = (text: string): Promise<Report> => {
    const { registry, rows, writer, base, now } = server.portico;
    assert.ok(writer);
    async function* items() {
      yield { origin: 'mutant', text };
    }
    return importItems(items(), { tenant: TENANT, registry, rows, writer, base, now, author: {} });
  };

  it('a changed golden comes back as it was sent and is found by what it shows, or is refused with the paths', async () => {
    /** What each golden was when it was last accepted. */
    const accepted = new Map<string, string>();
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...goldens), changes, fc.nat(1000), async (golden, list, pick) => {
        const text = mutate(JSON.parse(golden.text(server.base)), list);
        const sent = JSON.parse(text);
        const path = `${sent.resourceType}/${sent.id}`;
        const report = await save(text);
        for (const { reason, expression } of report.refused)
          assert.ok(expression?.startsWith(sent.resourceType), `refused without a path: ${reason}`);
        if (report.refused.length === 0) accepted.set(path, text);
        else refusals++;
        const expected = accepted.get(path);
        const answer = await client.get(path);
        if (expected === undefined) {
          assert.equal(answer.status, 404);
          return;
        }
        await checkColumns(server, sent, answer.text);
        const was = JSON.parse(expected);
        assert.deepEqual(
          withoutServerMeta(answer.body, server.base),
          withoutServerMeta(detached(was, answer.body), server.base),
        );
        assert.deepEqual(decimalsOf(answer.text), decimalsOf(expected));
        const resource = server.portico.registry.get(sent.resourceType);
        assert.ok(resource);
        const queries = queriesFor(resource, answer.body, server.base).filter(({ query }) => !isBackwards(query));
        for (let index = 0; index < Math.min(queries.length, 5); index++) {
          const { query } = queries[(pick + index * 7) % queries.length] as (typeof queries)[number];
          const ids = await client.ids(`${sent.resourceType}?_id=${sent.id}&${query}`);
          assert.deepEqual(ids, [sent.id], `${sent.resourceType}?${query} finds it`);
        }
      }),
      { seed: 20240229, numRuns: RUNS },
    );
    assert.ok(refusals < RUNS / 2, `most changes are accepted; ${String(refusals)} were refused`);
  });
});

/** A period that ends before it starts (per-1 forbids it) holds no moment by which it could be found. */
function isBackwards(query: string): boolean {
  const [, after, before] = /=gt(.+)&.*=lt(.+)$/.exec(query) ?? [];
  return after !== undefined && before !== undefined && Date.parse(after) >= Date.parse(before);
}

/** Numbers that JavaScript would write otherwise, by path. */
const decimalsOf = (text: string): Record<string, string> =>
  Object.fromEntries(parseJson(text).literals.filter(([path]) => !path.endsWith('attachment.size')));
