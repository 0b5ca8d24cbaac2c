import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportAll } from '../../src/transfer/export.js';
import { importItems } from '../../src/transfer/import.js';
import { readItems } from '../../src/transfer/sources.js';
import { withoutServerMeta } from '../support/describe-resource.js';
import { goldens } from '../support/golden.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

describe('transfer/export', () => {
  let server: Server;
  let folder: string;
  let counts: Record<string, number>;

  before(async () => {
    server = await start();
    folder = await mkdtemp(join(tmpdir(), 'portico-'));
    await server.save(goldens.map((each) => JSON.parse(each.text(server.base)) as object));
    await server.save([{ resourceType: 'Patient', id: 'of-the-other', gender: 'other' }], OTHER_TENANT);
    counts = await run(TENANT, join(folder, 'out'));
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const run = (tenant: string, to: string): Promise<Record<string, number>> => {
    const { registry, rows, own, base } = server.portico;
    return exportAll({ tenant, registry, rows, own, base, folder: to });
  };
  const lines = async (type: string): Promise<any[]> =>
    (await readFile(join(folder, 'out', `${type}.ndjson`), 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('writes everything of the organization, and nothing of another', async () => {
    const client = await server.client();
    for (const { type, write } of server.portico.registry.all()) {
      if (!write) continue;
      const exported = await lines(type);
      const { body } = await client.get(`${type}?_summary=count`);
      assert.equal(exported.length, body.total, type);
      assert.equal(counts[type], body.total);
    }
    assert.ok(!(await readFile(join(folder, 'out', 'Patient.ndjson'), 'utf8')).includes('of-the-other'));
    const other = await run(OTHER_TENANT, join(folder, 'other'));
    assert.deepEqual(
      Object.entries(other).filter(([, count]) => count > 0),
      [['Patient', 1]],
    );
  });

  it('what it writes is read back as the same resources, bytes included', async () => {
    const target = await start({ env: { PORTICO_BASE_URL: new URL(server.base).origin } });
    try {
      const { registry, rows, writer, base, now } = target.portico;
      assert.ok(writer);
      assert.equal(base, server.base);
      const options = { tenant: TENANT, registry, rows, writer, base, now, author: {} };
      const report = await importItems(readItems(join(folder, 'out')), options);
      assert.deepEqual(report.refused, []);
      await exportAll({ tenant: TENANT, registry, rows, own: target.portico.own, base, folder: join(folder, 'again') });
      for (const type of [...registry.types.filter((each) => registry.get(each)?.write), 'Binary']) {
        const [one, two] = await Promise.all(
          ['out', 'again'].map(async (name) =>
            (await readFile(join(folder, name, `${type}.ndjson`), 'utf8'))
              .split('\n')
              .filter((line) => line !== '')
              .map((line) => withoutServerMeta(JSON.parse(line), base)),
          ),
        );
        assert.deepEqual(two, one, type);
      }
    } finally {
      await target.stop();
    }
  });

  it('reads a page at a time, by key: more rows are not more memory', async () => {
    const many = Array.from({ length: 1050 }, (_, index) => ({
      resourceType: 'Patient',
      id: `p${String(index).padStart(5, '0')}`,
      gender: 'unknown',
    }));
    await server.save(many);
    const { rows } = server.portico;
    const sizes: number[] = [];
    const counted = new Proxy(rows, {
      get: (target, name) =>
        name === 'find'
          ? async (...asked: Parameters<typeof rows.find>) => {
              const page = await target.find(...asked);
              sizes.push(page.entries.length);
              return page;
            }
          : Reflect.get(target, name, target),
    });
    const { registry, own, base } = server.portico;
    await exportAll({ tenant: TENANT, registry, rows: counted, own, base, folder: join(folder, 'out') });
    const ids = (await lines('Patient')).map((each) => each.id as string);
    assert.equal(new Set(ids).size, ids.length, 'none twice');
    for (const { id } of many) assert.ok(ids.includes(id), `${id} is there`);
    assert.ok(Math.max(...sizes) <= 200, 'a page is small');
  });

  it('fails, and says so, where it cannot write', async () => {
    await writeFile(join(folder, 'file'), '');
    await assert.rejects(run(TENANT, join(folder, 'file')));
    await assert.rejects(run(TENANT, join(folder, 'file', 'below')));
  });
});
