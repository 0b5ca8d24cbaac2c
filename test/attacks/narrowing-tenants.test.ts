import assert from 'node:assert/strict';
import { issueAccessToken, type AuthOptions } from '../../src/auth/issue.js';
import { Keys } from '../../src/auth/keys.js';
import { createCredential } from '../../src/auth/store.js';
import { createUser } from '../../src/auth/users.js';
import { observation } from '../search/resources.js';
import { Client } from '../support/client.js';
import { remove } from '../support/remove.js';
import { OTHER_TENANT, TENANT, type Server } from '../support/server.js';
import { startRecords, to } from './records.js';

describe('attacks/narrowing: organizations', () => {
  let server: Server;
  let all: Client;

  before(async () => {
    server = await startRecords();
    all = await server.client();
  });
  after(() => server.stop());

  it('THREAT 38, 40: nothing of one organization answers another: id, version, tag, cursor, cache', async () => {
    const theirs = await server.client(undefined, OTHER_TENANT);
    const unknown = (await theirs.get('Observation/unknown')).text;
    for (let round = 0; round < 2; round += 1)
      for (const id of ['a1', 'b1', 'gone', 'both']) {
        assert.equal((await all.get(`Observation/${id}`)).status, id === 'gone' ? 410 : 200);
        for (const path of [`Observation/${id}`, `Observation/${id}/_history/1`])
          for (const headers of [
            {},
            { 'if-none-match': 'W/"1"' },
            { 'if-none-match': '*' },
            { 'x-organization-id': OTHER_TENANT },
          ]) {
            const answer = await theirs.get(path, { headers: headers });
            assert.deepEqual([answer.status, answer.text], [404, unknown], path);
          }
      }
    // The same id and version in both: each sees its own, also when the other's is in the cache.
    for (const [client, family] of [
      [all, 'Hidden'],
      [theirs, undefined],
      [all, 'Hidden'],
    ] as const) {
      const { status, body } = await client.get('Patient/b');
      assert.deepEqual([status, body.name?.[0].family], [200, family]);
    }
    const { body } = await all.get('Observation?_count=1');
    const next = body.link.find((each: any) => each.relation === 'next').url as string;
    for (const [client, status] of [
      [all, 200],
      [theirs, 400],
      [await server.client(), 400],
    ] as const)
      assert.equal((await client.get(next)).status, status);
    for (const query of ['_include=*', '_total=accurate', '_summary=count', '_count=0'])
      assert.equal((await theirs.get(`Observation?${query}`)).body.total, 1, query);
    assert.equal((await theirs.get('Patient?family=Hidden&_summary=count')).body.total, 0);
  });

  it('THREAT 38: an id of another organization takes as long as one that nobody has', async function () {
    this.timeout(60_000);
    // A difference that is one is there every time, whatever else the machine does.
    this.retries(3);
    const theirs = await server.client(undefined, OTHER_TENANT);
    const times = { a1: [] as number[], unknown: [] as number[] };
    for (let count = 0; count < 400; count += 1)
      for (const id of count % 2 === 0 ? (['a1', 'unknown'] as const) : (['unknown', 'a1'] as const)) {
        const began = performance.now();
        await theirs.get(`Observation/${id}`);
        times[id].push(performance.now() - began);
      }
    const quick = (of: number[]): number => of.sort((x, y) => x - y)[of.length / 4]!;
    const [foreign, unknown] = [quick(times.a1), quick(times.unknown)];
    assert.ok(Math.abs(foreign - unknown) < 0.2 * unknown, `${foreign.toFixed(3)} and ${unknown.toFixed(3)} ms`);
  });

  it('THREAT 39: X-Organization-ID is one value that agrees, or nothing is answered', async () => {
    const ask = async (value: string): Promise<number> =>
      (await all.get('Patient/a', { headers: { 'x-organization-id': value } })).status;
    assert.equal(await ask(TENANT), 200);
    for (const value of [OTHER_TENANT, 'nobody', TENANT.toUpperCase()]) assert.equal(await ask(value), 403, value);
    for (const value of [`${TENANT},${OTHER_TENANT}`, `${TENANT}, ${TENANT}`, ''])
      assert.equal(await ask(value), 400, value);
    const bodies = await Promise.all(
      [OTHER_TENANT, 'nobody'].map((value) => all.get('Patient/a', { headers: { 'x-organization-id': value } })),
    );
    assert.equal(bodies[0]!.text, bodies[1]!.text, 'whether there is such an organization is not told');
  });

  it('VITALEDGE 2: an id of another organization is not there, whatever the header says', async () => {
    const ids = ['Observation/a1', 'Encounter/b-visit', 'DocumentReference/b-doc', 'Communication/to-b'];
    const theirs = await server.client('system/*.rs', OTHER_TENANT);
    const ask = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await theirs.get(path, { headers })).status;
    for (const path of [...ids, `${ids[0]!}/_history/1`]) {
      assert.equal((await all.get(path)).status, 200, path);
      assert.equal(await ask(path, {}), 404, path);
      assert.equal(await ask(path, { 'x-organization-id': OTHER_TENANT }), 404, path);
      assert.equal(await ask(path, { 'x-organization-id': TENANT }), 403, path);
      assert.equal(await ask(path, { 'x-organization-id': `${OTHER_TENANT},${TENANT}` }), 400, path);
    }
    const channel = (organization: string) =>
      fetch(`${server.url}/api/v1/patient-channels/b-visit`, {
        headers: { authorization: `Bearer ${theirs.token}`, 'x-organization-id': organization },
      });
    assert.deepEqual([(await channel(OTHER_TENANT)).status, (await channel(TENANT)).status], [404, 403]);
  });

  it('THREAT 40: a page link belongs to one user and one patient, also among those of one app', async () => {
    const { own, secret, now, config, base } = server.portico;
    const app = await createCredential(
      own,
      { tenant: TENANT, kind: 'app', name: 'app', scopeCeiling: 'patient/*.rs' },
      now(),
    );
    const keys = new Keys(own, secret, now);
    await keys.load();
    const options = { keys, issuer: config.baseUrl, audience: base, now } as AuthOptions;
    const user = async (patientId: string, grant: string): Promise<Client> => {
      const details = { email: `${patientId}@portico.example`, name: 'x', password: 'a long password' };
      const roles = { roles: ['patient'] as const, canManageKeys: false, fhirUser: `Patient/${patientId}` };
      const id = (await createUser(own, { tenant: TENANT, ...details, ...roles }, now()))!;
      const times = { created_at: now(), expires_at: now() + 1e9 };
      const row = { id: grant, org: TENANT, credential_id: app.id, user_id: id, scope: 'patient/*.rs' };
      await (await own.knex())('auth_grant').insert({ ...row, ...times, patient: patientId });
      const holder = { tenant: TENANT, kind: 'app', clientId: app.id, credential: { id: app.id, epoch: 1 } };
      const { token } = await issueAccessToken(
        options,
        { ...holder, user: { id, epoch: 1 }, grant, patient: patientId },
        'patient/*.rs',
        900,
      );
      return new Client(server.url, token);
    };
    await server.save([observation('b2', { subject: to('Patient/b'), performer: [to('Practitioner/doc')] })]);
    const [a, b] = [await user('a', 'grant-a'), await user('b', 'grant-b')];
    const { body } = await b.get('Observation?performer=Practitioner/doc&_count=1&_total=accurate');
    assert.equal(body.total, 2);
    const next = body.link.find((each: any) => each.relation === 'next').url as string;
    assert.equal((await b.get(next)).status, 200);
    assert.equal((await a.get(next)).status, 400, 'it would say what was asked, and how many there are');
    await remove(server, 'Observation', 'b2');
  });

  it('raised no alarm', () => {
    assert.deepEqual(server.alarms, []);
  });
});
