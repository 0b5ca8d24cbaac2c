import assert from 'node:assert/strict';
import type { NewCredential } from '../../src/auth/store.js';
import { coded, observation, patient } from '../search/resources.js';
import { Client } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const to = (reference: string): object => ({ subject: { reference } });

describe('rest: history', () => {
  let server: Server;
  let client: Client;
  let clock = Date.UTC(2026, 0, 1);
  /** When each version was written, by `Type/id/version`. */
  const at: Record<string, string> = {};

  const login = async (credential: Partial<NewCredential>, scope?: string): Promise<Client> =>
    Client.login(server.url, await server.credential(credential), scope);

  const put = async (resource: any, by: Client = client): Promise<void> => {
    clock += 1000;
    const { status, body, text } = await by.send('PUT', `${resource.resourceType}/${resource.id}`, resource);
    assert.ok(status < 300, text);
    if (by === client) at[`${body.resourceType}/${body.id}/${body.meta.versionId}`] = body.meta.lastUpdated;
  };
  const remove = async (path: string): Promise<void> => {
    clock += 1000;
    assert.equal((await client.remove(path)).status, 204);
  };

  before(async () => {
    server = await start({ now: () => clock });
    client = await server.client();
    await put(patient('a'));
    await put(patient('b'));
    await put(observation('o', { ...to('Patient/a'), status: 'preliminary' }));
    await put(observation('o', to('Patient/a')));
    await put(observation('gone', to('Patient/a')));
    await remove('Observation/gone');
    await put(observation('moved', to('Patient/a')));
    await put(observation('moved', to('Patient/b')));
    await put(observation('o', { ...to('Patient/a'), status: 'amended' }));
    const other = await server.client(undefined, OTHER_TENANT);
    await put(observation('o', { status: 'unknown' }), other);
    await put(observation('theirs'), other);
  });
  after(() => server.stop());

  /** What a history shows, as `id/version METHOD`. */
  const shown = (body: any): string[] =>
    (body.entry ?? []).map(({ resource, request, response }: any) => {
      const id = resource?.id ?? request.url.split('/')[1];
      return `${String(id)}/${/\d+/.exec(response.etag)![0]} ${String(request.method)}`;
    });
  const historyOf = async (path: string, by = client): Promise<string[]> => {
    const { status, body, text } = await by.get(path);
    assert.equal(status, 200, text);
    return shown(body);
  };

  it('REST 17: of a resource: every version, newest first, with what was asked and answered', async () => {
    const { body } = await client.get('Observation/o/_history');
    assert.equal(body.type, 'history');
    assert.equal(body.total, 3);
    assert.deepEqual(shown(body), ['o/3 PUT', 'o/2 PUT', 'o/1 POST']);
    const [newest, , oldest] = body.entry;
    assert.equal(newest.fullUrl, `${server.base}/Observation/o`);
    assert.equal(newest.resource.status, 'amended');
    assert.equal(oldest.resource.status, 'preliminary');
    assert.equal(newest.request.url, 'Observation/o');
    assert.equal(oldest.request.url, 'Observation');
    assert.deepEqual(newest.response, {
      status: '200 OK',
      etag: 'W/"3"',
      lastModified: at['Observation/o/3'],
    });
    assert.equal(oldest.response.status, '201 Created');
    for (const { resource } of body.entry)
      assert.deepEqual((await client.get(`Observation/o/_history/${resource.meta.versionId}`)).body, resource);
  });

  it('REST 17: a deletion is an entry without a resource', async () => {
    const { body } = await client.get('Observation/gone/_history');
    assert.deepEqual(shown(body), ['gone/2 DELETE', 'gone/1 POST']);
    assert.equal(body.entry[0].resource, undefined);
    assert.equal(body.entry[0].response.status, '204 No Content');
    assert.equal((await client.get('Observation/never/_history')).status, 404);
    for (const query of ['_count=0', '_since=2100-01-01'])
      assert.equal((await client.get(`Observation/never/_history?${query}`)).status, 404);
    assert.equal((await client.get('Observation/o/_history?_since=2100-01-01')).body.total, 0);
  });

  it('REST 17: of a type, and of all types, newest first', async () => {
    const observations = [
      'o/3 PUT',
      'moved/2 PUT',
      'moved/1 POST',
      'gone/2 DELETE',
      'gone/1 POST',
      'o/2 PUT',
      'o/1 POST',
    ];
    assert.deepEqual(await historyOf('Observation/_history'), observations);
    assert.deepEqual(await historyOf('_history'), [...observations, 'b/1 POST', 'a/1 POST']);
    assert.equal((await client.get('_history')).body.total, 9);
  });

  for (const path of ['Observation/o/_history', 'Observation/_history', '_history'])
    it(`REST 17: pages of ${path} are the whole, in order`, async () => {
      const whole = await historyOf(`${path}?_count=100`);
      for (const count of [1, 2, 3]) {
        const found: string[] = [];
        let next: string | undefined = `${path}?_count=${String(count)}`;
        for (let pages = 0; next !== undefined && pages < 20; pages++) {
          const { body }: { body: any } = await client.get(next);
          assert.equal(body.total, whole.length);
          assert.ok(body.entry.length <= count);
          found.push(...shown(body));
          next = body.link.find(({ relation }: any) => relation === 'next')?.url;
          assert.equal(body.link.filter(({ relation }: any) => relation === 'self').length, 1);
        }
        assert.deepEqual(found, whole);
      }
      const counted = await client.get(`${path}?_count=0`);
      assert.equal(counted.body.total, whole.length);
      assert.equal(counted.body.entry, undefined);
    });

  it('REST 17: _since and _at choose versions by time', async () => {
    const [first, second, third] = [1, 2, 3].map((each) => at[`Observation/o/${String(each)}`] as string);
    const of = (query: string): Promise<string[]> => historyOf(`Observation/o/_history?${query}`);
    assert.deepEqual(await of(`_since=${String(second)}`), ['o/3 PUT', 'o/2 PUT']);
    assert.deepEqual(await of(`_since=${String(third)}`), ['o/3 PUT']);
    assert.deepEqual(await of(`_at=${String(first)}`), ['o/1 POST']);
    assert.deepEqual(await of(`_at=${String(second)}`), ['o/2 PUT']);
    assert.deepEqual(await of('_at=2026'), ['o/3 PUT', 'o/2 PUT', 'o/1 POST']);
    assert.deepEqual(await of('_at=2025'), []);
    assert.deepEqual(await of(`_since=${String(second)}&_at=${String(second)}`), ['o/2 PUT']);
    const [zoned] = [new Date(Date.parse(second as string) + 3_600_000).toISOString().replace('Z', '+01:00')];
    assert.deepEqual(await of(`_since=${zoned}`), ['o/3 PUT', 'o/2 PUT']);
  });

  it('REST 17, 32: what a history does not take is refused', async () => {
    for (const query of [
      '_since=x',
      '_at=2026-13',
      '_count=-1',
      '_count=x',
      '_sort=_id',
      'status=final',
      '_since=2026&_since=2026',
    ])
      for (const path of ['Observation/o/_history', 'Observation/_history', '_history'])
        assert.equal((await client.get(`${path}?${query}`)).status, 400, `${path}?${query}`);
    assert.equal((await client.get('Nothing/_history')).status, 404);
    assert.equal((await client.get('AuditEvent/_history')).status, 404);
  });

  it('THREAT 40: a page link is for whom it was given to, and for that history', async () => {
    const { body } = await client.get('Observation/_history?_count=1');
    const link = body.link.find(({ relation }: any) => relation === 'next').url as string;
    const cursor = link.slice(link.indexOf('?'));
    assert.equal((await client.get(link)).status, 200);
    for (const path of ['_history', 'Patient/_history', 'Observation/o/_history', 'Observation'])
      assert.equal((await client.get(`${path}${cursor}`)).status, 400, path);
    const another = await server.client();
    assert.equal((await another.get(link)).status, 400);
  });

  it('THREAT 38: no history shows anything of another organization', async () => {
    const other = await server.client(undefined, OTHER_TENANT);
    assert.deepEqual(await historyOf('_history', other), ['theirs/1 POST', 'o/1 POST']);
    assert.equal((await other.get('Observation/gone/_history')).text, (await other.get('Observation/x/_history')).text);
  });

  it('THREAT 41: a pinned credential sees the history of its patient’s record alone, and of what is still in it', async () => {
    const scopes = ['patient/*.cruds', 'apiv2', 'system/*.rs'];
    for (const scope of scopes) {
      const pinned = await login({ patient: 'a', scopeCeiling: 'apiv2 system/*.cruds' }, scope);
      const own = ['o/3 PUT', 'gone/2 DELETE', 'gone/1 POST', 'o/2 PUT', 'o/1 POST'];
      for (const [path, expected] of [
        ['Observation/_history', own],
        ['_history', [...own, 'a/1 POST']],
        ['Patient/_history', ['a/1 POST']],
      ] as const) {
        assert.deepEqual(await historyOf(path, pinned), expected, scope);
        assert.equal((await pinned.get(path)).body.total, expected.length, scope);
      }
      const unknown = (await pinned.get('Observation/unknown/_history')).text;
      for (const path of ['Observation/moved', 'Patient/b', 'Observation/theirs'])
        for (const query of ['', '?_count=0', '?_since=2020-01-01'])
          assert.equal((await pinned.get(`${path}/_history${query}`)).text, unknown, path);
    }
    const moved = await login({ patient: 'b', scopeCeiling: 'patient/*.rs' });
    assert.deepEqual(
      await historyOf('Observation/moved/_history', moved),
      ['moved/2 PUT'],
      'what was a’s stays hidden',
    );
  });

  it('THREAT 41: a narrow scope sees what it opens, and what is hidden is not counted', async () => {
    const vital = (code: string): object => ({ category: [coded(CATEGORY, code)] });
    await put(observation('v', { ...to('Patient/a'), ...vital('vital-signs') }));
    await put(observation('l', { ...to('Patient/a'), ...vital('laboratory') }));
    await put(observation('relabelled', vital('vital-signs')));
    await put(observation('relabelled', vital('laboratory')));
    const native = await login({ scopeCeiling: 'apiv2' }, 'system/vitals.read');
    assert.deepEqual(await historyOf('Observation/_history', native), ['v/1 POST']);
    assert.equal((await native.get('Observation/_history')).body.total, 1);
    assert.equal((await native.get('Observation/relabelled/_history')).status, 404);
    const granular = await server.client(`system/Observation.rs?category=${CATEGORY}|vital-signs`);
    assert.deepEqual(await historyOf('Observation/_history?_count=1', granular), ['v/1 POST']);
    assert.equal((await granular.get('Observation/_history')).body.total, undefined);
    assert.equal((await granular.get('Observation/l/_history')).status, 404);
    assert.equal((await granular.get('Observation/v/_history')).body.entry.length, 1);
    assert.deepEqual(await historyOf('_history', granular), ['v/1 POST']);
  });

  it('SMART: the history of a resource needs r, that of a type and of all needs s', async () => {
    for (const [letters, instance, type] of [
      ['r', 200, 403],
      ['s', 403, 200],
      ['cud', 403, 403],
    ] as const) {
      const each = await server.client(`system/Observation.${letters}`);
      assert.equal((await each.get('Observation/o/_history')).status, instance, letters);
      assert.equal((await each.get('Observation/_history')).status, type, letters);
      assert.equal((await each.get('_history')).status, type, letters);
      assert.equal((await each.get('Patient/_history')).status, 403, letters);
    }
    const part = await server.client('system/Patient.s system/Observation.r');
    assert.deepEqual(await historyOf('_history', part), ['b/1 POST', 'a/1 POST']);
    assert.deepEqual(server.alarms, []);
  });
});
