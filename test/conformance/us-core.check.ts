import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../src/define/json.js';
import { demoResources } from '../../src/dev/demo/index.js';
import { importItems } from '../../src/transfer/import.js';
import { readItems, type Item } from '../../src/transfer/sources.js';
import { loadProfiles } from '../../src/validate/packages.js';
import { isValid, validate, type Profiles } from '../../src/validate/structure.js';
import { fromXml } from '../../src/xml/from-xml.js';
import { toXml } from '../../src/xml/to-xml.js';
import type { Client } from '../support/client.js';
import { checkRoundTrip } from '../support/describe-resource.js';
import { start, TENANT, type Server } from '../support/server.js';

const PACKAGE = '../shared/data/packages/hl7.fhir.us.core-6.1.0.tgz';
const REQUIREMENTS = '../shared/data/requirements/req-uscore610-server.tsv';
const EXAMPLES = 140;

/** The lines that a server SHALL or SHALL NOT. */
const demandedLines = (): number[] =>
  readFileSync(REQUIREMENTS, 'utf8')
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([, word = '']) => word.startsWith('SHALL'))
    .map(([id]) => Number(id));

const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);

/** The lines that a test proves, by its title. */
function provenLines(): Set<number> {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  const titles = files.flatMap((file) => [
    ...readFileSync(join('test', file), 'utf8').matchAll(/\bit\(\s*[`'"]USCORE ([\d, ]+):/g),
  ]);
  return new Set(titles.flatMap(([, text = '']) => numbers(text)));
}

/** The lines that docs/us-core.md names as not so. */
const exceptedLines = (): Set<number> =>
  new Set(
    readFileSync('docs/us-core.md', 'utf8')
      .split('\n')
      .flatMap((line) => numbers(/^\| ([\d, ]+)\|/.exec(line)?.[1] ?? '')),
  );

/** The examples of the served types, as they stand in the package; those of its searchset come one by one. */
async function examples(served: (type: string) => boolean): Promise<any[]> {
  const found = new Map<string, any>();
  const add = (resource: any): void => {
    const key = `${resource.resourceType}/${resource.id}`;
    if (served(resource.resourceType)) found.set(key, resource);
  };
  for await (const { origin, text } of readItems(PACKAGE)) {
    if (!origin.includes('/example/')) continue;
    const resource = JSON.parse(text);
    if (resource.resourceType !== 'Bundle') add(resource);
  }
  return [...found.values()];
}

async function* onlyExamples(): AsyncGenerator<Item> {
  for await (const item of readItems(PACKAGE)) if (item.origin.includes('/example/')) yield item;
}

if (!existsSync(PACKAGE)) {
  process.stderr.write(`\n*** SKIPPED: ${PACKAGE} is not there, so nothing of US Core was checked. ***\n\n`);
} else {
  describe('USCORE: the list of requirements', () => {
    it('has no SHALL that neither a test proves nor docs/us-core.md names as not so', () => {
      const [proven, excepted, demanded] = [provenLines(), exceptedLines(), demandedLines()];
      assert.deepEqual(
        demanded.filter((id) => !proven.has(id) && !excepted.has(id)),
        [],
      );
      assert.deepEqual(
        [...proven, ...excepted].filter((id) => !demanded.includes(id) || (proven.has(id) && excepted.has(id))),
        [],
        'and neither says more',
      );
      process.stdout.write(`US Core 6.1.0: ${String(proven.size)} lines proved, ${String(excepted.size)} named\n`);
    });
  });

  describe('USCORE: the examples of US Core 6.1.0', function () {
    this.timeout(120_000);
    let server: Server;
    let client: Client;
    let profiles: Profiles;
    let all: any[];

    before(async () => {
      server = await start();
      client = await server.client();
      profiles = await loadProfiles([PACKAGE], readItems);
      all = await examples((type) => server.portico.registry.get(type)?.write !== undefined);
    });
    after(() => server.stop());

    const options = () => {
      const { registry, rows, writer, base, now } = server.portico;
      assert.ok(writer);
      return { tenant: TENANT, registry, rows, writer, base, now, profiles, author: { user: 'test' } };
    };

    it('all of the served types import, with the profiles that they claim enforced', async () => {
      const report = await importItems(onlyExamples(), options());
      assert.deepEqual(report.refused, []);
      assert.equal(all.length, EXAMPLES);
      process.stdout.write(`US Core 6.1.0: ${String(all.length)} examples imported\n`);
    });

    it('each is served as it came, and found by every value that it shows', async () => {
      for (const example of all) await checkRoundTrip(server, client, example);
      process.stdout.write(`US Core 6.1.0: ${String(all.length)} examples came back element for element\n`);
    });

    it('each example of the package, whatever its type, is the same through XML, decimals as they are written', async () => {
      let count = 0;
      for await (const { origin, text } of onlyExamples()) {
        const xml = toXml(text);
        const back = fromXml(xml, 1_000_000);
        const said = (json: string): object => ({ ...parseJson(json), literals: new Map(parseJson(json).literals) });
        assert.deepEqual(said(back), said(text), origin);
        assert.equal(toXml(back), xml, origin);
        count++;
      }
      process.stdout.write(`US Core 6.1.0: ${String(count)} examples are the same through XML\n`);
      assert.ok(count > EXAMPLES);
    });

    it('a second import changes nothing', async () => {
      const { created, updated, refused } = await importItems(onlyExamples(), options());
      assert.deepEqual({ created, updated, refused }, { created: 0, updated: 0, refused: [] });
    });

    it('what is served and claims a profile of US Core conforms to it', async () => {
      let claims = 0;
      for (const example of all) {
        const { body } = await client.get(`${example.resourceType}/${example.id}`);
        claims += claimsOf(body, profiles);
        assertConforms(body, profiles);
      }
      process.stdout.write(`US Core 6.1.0: ${String(claims)} claims of served examples hold\n`);
      assert.ok(claims > 100);
    });

    it('what the demo makes and serves conforms to the profiles that it claims', async () => {
      let count = 0;
      let claims = 0;
      const seen = new Map<string, number>();
      for await (const { resource } of demoResources(server.base)) {
        // The first of each kind, and then a share of them: 12,000 observations are made by one and the same code.
        const code = (resource as any).code?.coding?.[0]?.code ?? '';
        const kind = `${resource.resourceType} ${String(code)}`;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        if ((seen.get(kind) as number) > 20 && count % 25 !== 0) {
          count++;
          continue;
        }
        count++;
        claims += claimsOf(resource, profiles);
        assertConforms(resource, profiles);
      }
      process.stdout.write(`US Core 6.1.0: ${String(claims)} claims of the demo's resources hold\n`);
      assert.ok(claims > 500);
    });
  });
}

const claimsOf = (resource: any, profiles: Profiles): number =>
  (resource.meta?.profile ?? []).filter((url: string) => profiles.has(url)).length;

function assertConforms(resource: any, profiles: Profiles): void {
  const unknown = (resource.meta?.profile ?? []).filter(
    (url: string) => url.startsWith('http://hl7.org/fhir/us/core/') && !profiles.has(url.split('|')[0] as string),
  );
  assert.deepEqual(unknown, [], `${resource.resourceType}/${resource.id} claims what is no profile`);
  const issues = validate(resource, profiles);
  assert.ok(isValid(issues), `${resource.resourceType}/${resource.id}: ${JSON.stringify(issues.slice(0, 3))}`);
}
