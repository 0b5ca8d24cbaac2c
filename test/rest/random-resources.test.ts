import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJson } from '../../src/define/json.js';
import type { Client } from '../support/client.js';
import { checkColumns, detached, withoutServerMeta } from '../support/describe-resource.js';
import { goldens } from '../support/golden.js';
import { changes, mutate } from '../support/mutate.js';
import { disfigured, randomResource } from '../support/random-resource.js';
import { start, type Server } from '../support/server.js';

/** As many as one Bundle takes, and as many Bundles. */
const TOGETHER = 100;
const BUNDLES = 10;

type Literals = readonly (readonly [path: string, text: string])[];

function isJson(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

/** Sizes are the server's to say. */
const numbers = (literals: Literals): Record<string, string> =>
  Object.fromEntries(literals.filter(([path]) => !path.endsWith('attachment.size')));

describe('rest: resources that nobody thought of', function () {
  this.timeout(120_000);
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  /** The text of a resource, whatever its id. */
  function resources(types: readonly string[]): fc.Arbitrary<string> {
    const changed = fc
      .tuple(fc.constantFrom(...goldens), changes)
      .map(([golden, list]) => mutate(JSON.parse(golden.text(server.base)) as object, list));
    const random = fc
      .constantFrom(...types)
      .chain(randomResource)
      .map((each) => JSON.stringify(each));
    const plain = fc.oneof(changed, random);
    const strange = fc.tuple(plain, fc.nat(5000), fc.nat(5000)).map(([text, at, pick]) => disfigured(text, at, pick));
    return fc.oneof(plain, strange);
  }

  /** The entries of the answer, and the numbers in it that JavaScript would write otherwise. */
  async function batch(entries: readonly string[]): Promise<{ entries: any[]; literals: Literals }> {
    const { status, body, text } = await client.send(
      'POST',
      '',
      `{"resourceType":"Bundle","type":"batch","entry":[${entries.join(',')}]}`,
    );
    assert.equal(status, 200, text.slice(0, 500));
    return { entries: body.entry, literals: parseJson(text).literals };
  }

  it('REST 21, 56: a thousand random and changed resources are refused, or kept as they were sent', async () => {
    const types = server.portico.registry
      .all()
      .filter(({ write }) => write?.update)
      .map(({ type }) => type);
    const counts = { kept: 0, refused: 0 };
    let number = 0;
    const own = new RegExp(`"id":"(?:${goldens.map(({ name }) => name).join('|')})"`);
    await fc.assert(
      fc.asyncProperty(fc.array(resources(types), { minLength: TOGETHER, maxLength: TOGETHER }), async (texts) => {
        const all = texts.map((text) => {
          const type = /"resourceType":"(\w+)"/.exec(text)?.[1] ?? 'Patient';
          const path = `${type}/random-${String(++number)}`;
          const id = `"id":"random-${String(number)}"`;
          const body = own.test(text) ? text.replace(own, id) : text.replace('{', `{${id},`);
          return { path, text: body };
        });
        const sent = all.filter(({ text }) => isJson(text));
        // What is no JSON for us would be the fault of the whole Bundle.
        for (const { path, text } of all.filter((each) => !sent.includes(each))) {
          const { status } = await client.send('PUT', path, text);
          assert.ok(status >= 400 && status < 500, `${String(status)} ${text}`);
          assert.equal((await client.get(path)).status, 404);
          counts.refused++;
        }
        const { entries: written } = await batch(
          sent.map(({ path, text }) => `{"resource":${text},"request":{"method":"PUT","url":"${path}"}}`),
        );
        const { entries: read, literals } = await batch(
          sent.map(({ path }) => `{"request":{"method":"GET","url":"${path}"}}`),
        );
        for (const [index, { text }] of sent.entries()) {
          const status = Number(written[index].response.status.slice(0, 3));
          const found = read[index];
          if (status !== 201) {
            assert.ok(status >= 400 && status < 500, `${String(status)} ${text}`);
            assert.ok(written[index].response.outcome.issue.length > 0);
            assert.match(found.response.status as string, /^404/, `half stored: ${text}`);
            counts.refused++;
            continue;
          }
          assert.match(found.response.status as string, /^200/, text);
          await checkColumns(server, found.resource, (await client.get(sent[index]!.path)).text);
          const shown = withoutServerMeta(found.resource, server.base);
          const asSent = detached(parseJson(text).value, found.resource);
          assert.deepEqual(shown, withoutServerMeta(asSent, server.base), text);
          const here = `entry.${String(index)}.resource.`;
          const own = literals.flatMap(([at, each]) =>
            at.startsWith(here) ? [[at.slice(here.length), each] as const] : [],
          );
          assert.deepEqual(numbers(own), numbers(parseJson(text).literals), text);
          counts.kept++;
        }
      }),
      { seed: 20261125, numRuns: BUNDLES, endOnFailure: true },
    );
    assert.equal(counts.kept + counts.refused, TOGETHER * BUNDLES);
    assert.ok(counts.kept > 200 && counts.refused > 200, JSON.stringify(counts));
    assert.equal(({} as any).x, undefined);
    assert.deepEqual(server.alarms, []);
  });
});
