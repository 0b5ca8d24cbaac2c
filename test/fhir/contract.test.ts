import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { goldens } from '../support/golden.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

describe('fhir: what holds for every declaration', () => {
  let server: Server;
  let client: Client;
  const ids = new Map<string, string>();

  before(async () => {
    server = await start();
    client = await server.client();
    const all = goldens.map((each) => JSON.parse(each.text(server.base)));
    await server.save(all);
    await server.save([{ resourceType: 'Patient', id: 'stranger', active: true }]);
    for (const { resourceType, id } of all) if (!ids.has(resourceType)) ids.set(resourceType, id as string);
    ids.set('Patient', 'patient-full');
  });
  after(() => server.stop());

  /** What the server writes itself, and what only a scope of its name opens, has tests of its own. */
  const types = (): readonly string[] =>
    server.portico.registry
      .all()
      .filter(({ write, named }) => write && !named)
      .map(({ type }) => type);

  it('has a golden resource of every type', () => {
    for (const type of types()) assert.ok(ids.has(type), type);
  });

  it('SMART: every scope letter opens what it says on every type, in the words of v1 and v2', async () => {
    const scopes: [scope: (type: string) => string, read: boolean, search: boolean][] = [
      [(type) => `system/${type}.r`, true, false],
      [(type) => `system/${type}.s`, false, true],
      [(type) => `system/${type}.rs`, true, true],
      [(type) => `system/${type}.cud`, false, false],
      [(type) => `system/${type}.cruds`, true, true],
      [(type) => `system/${type}.read`, true, true],
      [(type) => `system/${type}.write`, false, false],
      [(type) => `system/${type}.*`, true, true],
      [() => 'system/*.r', true, false],
      [() => 'system/*.s', false, true],
      [(type) => (type === 'Patient' ? 'system/Encounter.cruds' : 'system/Patient.cruds'), false, false],
    ];
    for (const type of types())
      for (const [scopeOf, read, search] of scopes) {
        const each = await server.client(scopeOf(type));
        const path = `${type}/${String(ids.get(type))}`;
        const label = `${scopeOf(type)} on ${type}`;
        assert.equal((await each.get(path)).status, read ? 200 : 403, label);
        assert.equal((await each.get(`${path}/_history/1`)).status, read ? 200 : 403, label);
        assert.equal((await each.get(type)).status, search ? 200 : 403, label);
        assert.equal((await each.postSearch(type, {})).status, search ? 200 : 403, label);
      }
  });

  it('THREAT 38: no type shows anything of another tenant', async () => {
    const other = await server.client(undefined, OTHER_TENANT);
    for (const type of types()) {
      const unknown = (await other.get(`${type}/nobody`)).text;
      for (const each of goldens.map((golden) => JSON.parse(golden.text(server.base)))) {
        if (each.resourceType !== type) continue;
        for (const path of [`${type}/${String(each.id)}`, `${type}/${String(each.id)}/_history/1`]) {
          const answer = await other.get(path, { headers: { 'if-none-match': '*' } });
          assert.equal(answer.status, 404, path);
          assert.equal(answer.text, unknown, path);
        }
      }
      const { body } = await other.get(`${type}?_total=accurate`);
      assert.equal(body.total, 0, type);
      assert.equal(body.entry, undefined);
      assert.equal((await other.get(`${type}?_id=${String(ids.get(type))}&_summary=count`)).body.total, 0);
    }
  });

  it('THREAT 41: no type with patient data shows a patient anything of another', async () => {
    const stranger = await server.portal('stranger');
    for (const type of types()) {
      const shared = server.portico.registry.get(type)?.patient === 'shared';
      const unknown = (await stranger.get(`${type}/nobody`)).text;
      const path = `${type}/${String(ids.get(type))}`;
      for (const each of [path, `${path}/_history/1`]) {
        const answer = await stranger.get(each);
        assert.equal(answer.status, shared ? 200 : 404, each);
        if (!shared) assert.equal(answer.text, unknown, each);
      }
      const found = await stranger.ids(`${type}?_count=500`);
      if (!shared) assert.deepEqual(found, type === 'Patient' ? ['stranger'] : [], type);
      else assert.deepEqual(found.sort(), (await client.ids(`${type}?_count=500`)).sort());
      if (!shared)
        assert.equal((await stranger.get(`${type}?_id=${String(ids.get(type))}&_summary=count`)).body.total, 0);
    }
  });
});
