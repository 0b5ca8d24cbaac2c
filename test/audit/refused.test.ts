import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { createLog } from '../../src/log.js';
import { strangerRules } from '../../src/limits/rules.js';
import { Strangers } from '../../src/limits/strangers.js';
import { Client, requestToken } from '../support/client.js';
import { asserting, assertion, backend, basic, forgive, jwksOf, makeClientKey, post } from '../support/oauth.js';
import { loggedIn } from '../support/pages.js';
import { start, TENANT, type Server } from '../support/server.js';
import { bearer, person, post as postJson } from '../support/users.js';

type Row = Record<string, any>;

describe('audit: who was refused', () => {
  let server: Server;
  let clock = Date.now();
  let written = '';

  before(async () => {
    const output = { write: (line: string) => (written += line), flush: () => undefined, flushSync: () => undefined };
    server = await start({
      now: () => clock,
      env: { PORTICO_TRUSTED_HOPS: '1' },
      log: createLog('warn', output),
    });
    await server.save([{ resourceType: 'Patient', id: 'a' }]);
  });
  after(() => server.stop());
  beforeEach(async () => {
    clock += 3_600_000;
    await forgive(server);
    await (await server.portico.own.knex())('audit').delete();
  });

  const rows = async (): Promise<Row[]> => {
    await server.portico.trail.flush();
    const knex = await server.portico.own.knex();
    return (await knex('audit').orderBy('at').orderBy('sequence').select('*')) as Row[];
  };
  const from = (ip: string): Record<string, string> => ({ 'x-forwarded-for': ip });
  const ask = (token: string, ip: string, path = 'Patient/a') =>
    fetch(`${server.base}/${path}`, { headers: { ...from(ip), ...bearer(token) } });

  it('THREAT 81: a stranger’s request is recorded as nobody’s, with the type and nothing else of what was asked', async () => {
    assert.equal((await ask('nonsense', '203.0.113.1')).status, 401);
    assert.equal((await fetch(`${server.base}/Observation?code=x`)).status, 401);
    assert.equal((await fetch(`${server.url}/api/v1/patient-channels/c1`)).status, 401);
    const found = await rows();
    assert.deepEqual(
      found.map((row) => [row['organization_id'], row['interaction'], row['type'], row['entity'], row['status']]),
      [
        ['', 'read', 'Patient', null, 401],
        ['', 'search-type', 'Observation', null, 401],
        ['', 'patient-channel', 'Encounter', null, 401],
      ],
    );
  });

  it('THREAT 11, 81: a token that opens nothing any more is recorded as its credential’s, and shows no patient', async () => {
    const credential = await server.credential({ scopeCeiling: 'system/*.rs' });
    const client = await Client.login(server.url, credential);
    await revokeCredential(server.portico.own, TENANT, credential.id, clock);
    assert.equal((await client.get('Patient/a')).status, 401);
    assert.equal((await requestToken(server.url, credential)).status, 401);
    const expiring = await server.client();
    clock += 36_000_000;
    assert.equal((await expiring.get('Patient')).status, 401);
    const [, read, token, , search] = await rows();
    assert.deepEqual(
      [read!['organization_id'], read!['credential_id'], read!['entity'], read!['status'], read!['patient_id']],
      [TENANT, credential.id, 'Patient/a', 401, null],
    );
    assert.deepEqual([token!['organization_id'], token!['credential_id']], [TENANT, credential.id]);
    assert.deepEqual([search!['organization_id'], search!['interaction']], [TENANT, 'search-type']);
  });

  it('THREAT 60, 81: a wrong proof of a known client is in the log of that client, of an unknown one in nobody’s', async () => {
    const { id } = await server.credential({});
    const key = await makeClientKey('ES384');
    const service = await backend(server, { jwks: jwksOf(key) });
    const url = `${server.url}/oauth/token`;
    const wrong = { grant_type: 'client_credentials' };
    assert.equal((await post(url, wrong, basic({ id, secret: 'wrong' }))).status, 401);
    assert.equal((await post(url, asserting(await assertion(server, service, key, { life: -60 })))).status, 401);
    assert.equal((await post(url, wrong, basic({ id: 'nobody', secret: 'wrong' }))).status, 401);
    const token = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    const guess = `${token.secret.slice(0, -1)}~`.replace('~', token.secret.endsWith('0') ? '1' : '0');
    const channel = await fetch(`${server.url}/api/v1/patient-channels/c1`, { headers: { 'x-api-key': guess } });
    assert.equal(channel.status, 401);
    const found = (await rows()).map((row) => [row['organization_id'], row['credential_id'], row['credential_kind']]);
    assert.deepEqual(found, [
      [TENANT, id, 'client'],
      [TENANT, service, 'backend'],
      ['', null, null],
      [TENANT, token.id, 'org'],
    ]);
  });

  it('a session that has ended, and a service that may not act for somebody, are recorded as theirs', async () => {
    const { email, id } = await person(server);
    const { accessToken } = (await postJson(server, '/login', { email, password: 'correct horse battery' })).body;
    const client = await server.client();
    assert.equal((await client.get('Patient/a', { headers: { 'x-on-behalf-of': id } })).status, 401);
    clock += 900_000;
    assert.equal((await ask(accessToken as string, '203.0.113.1')).status, 401);
    assert.equal((await postJson(server, '/logout', {}, bearer(accessToken as string))).status, 401);
    const [, , acting, read, logout] = await rows();
    assert.deepEqual([acting!['organization_id'], acting!['credential_kind']], [TENANT, 'client']);
    assert.deepEqual([read!['user_id'], logout!['user_id'], logout!['interaction']], [id, id, 'logout']);
  });

  it('THREAT 81: pages and launches that are refused are in the trail, as those of whoever is known', async () => {
    const clinician = await loggedIn(server, { roles: ['clinician'] });
    const credential = await server.credential({ scopeCeiling: 'system/*.rs' });
    const client = await Client.login(server.url, credential);
    await revokeCredential(server.portico.own, TENANT, credential.id, clock);
    await rows();
    await (await server.portico.own.knex())('audit').delete();
    assert.equal((await clinician.get('/manager/users')).status, 403);
    assert.equal((await clinician.send('/portal/account/password', { csrf: 'forged' })).status, 403);
    assert.equal((await clinician.get('/portal/nowhere')).status, 404);
    await clinician.get('/portal/account');
    const passwords = {
      current: 'not mine, as it is',
      password: 'another good password',
      again: 'another good password',
    };
    assert.equal((await clinician.send('/portal/account/password', passwords)).status, 400);
    for (const token of [client.token, 'nonsense']) {
      const answer = await fetch(`${server.url}/oauth/launch`, { method: 'POST', headers: bearer(token) });
      assert.equal(answer.status, 401);
    }
    const found = await rows();
    assert.deepEqual(
      found.map((row) => [row['interaction'], row['action'], row['status'], row['organization_id']]),
      [
        ['page', 'R', 403, TENANT],
        ['page', 'E', 403, TENANT],
        ['page', 'R', 404, TENANT],
        ['password-check', 'E', 401, TENANT],
        ['launch', 'E', 401, TENANT],
        ['launch', 'E', 401, ''],
      ],
    );
    assert.deepEqual(new Set(found.slice(0, 4).map((row) => row['user_id'])).size, 1);
    assert.ok(found[0]?.['user_id']);
  });

  it('THREAT 10, 81: strangers cannot fill the trail; where their events end, one says so, and the operator is told', async () => {
    const most = strangerRules.network.failures;
    for (let index = 0; index < most + 20; index++) await ask(`nonsense-${String(index)}`, '203.0.113.7');
    for (let index = 0; index < 20; index++)
      await fetch(`${server.url}/oauth/token`, { method: 'POST', headers: from('203.0.113.7') });
    const found = await rows();
    assert.equal(found.length, most + 1);
    assert.deepEqual([found.at(-1)!['interaction'], found.at(-1)!['status']], ['unrecorded', 429]);
    assert.match(written, /refused requests are no longer recorded one by one/);
    // Another network, and whoever is known, are recorded as before.
    await ask('nonsense', '198.51.100.1');
    const client = await server.client();
    await client.get('Patient/a');
    assert.equal((await rows()).length, most + 4);
    clock += 901_000;
    await ask('nonsense', '203.0.113.7');
    assert.equal((await rows()).length, most + 5);
  });

  it('THREAT 10, 81: whoever has a dead token cannot fill the log of its credential either', async () => {
    const credential = await server.credential({});
    const client = await Client.login(server.url, credential);
    await revokeCredential(server.portico.own, TENANT, credential.id, clock);
    for (let index = 0; index < strangerRules.credential.failures + 20; index++)
      await ask(client.token, `198.51.100.${String(index)}`);
    const found = (await rows()).filter((row) => row['status'] !== 200);
    assert.equal(found.length, strangerRules.credential.failures + 1);
    assert.ok(found.every((row) => row['credential_id'] === credential.id));
  });
});

describe('limits/strangers', () => {
  it('THREAT 10: bounds a range of addresses, everybody together, and its own memory', () => {
    let clock = 0;
    const strangers = new Strangers(() => clock);
    const kept = (ips: readonly string[]): number => ips.filter((ip) => strangers.judge(ip) === 'kept').length;
    const range = Array.from({ length: 1000 }, (_, index) => `203.0.113.${String(index % 250)}`);
    assert.equal(kept(range), strangerRules.wideNetwork.failures);
    const ranges = Array.from({ length: 100_000 }, (_, index) => `2001:db8:${index.toString(16)}::1`);
    assert.equal(kept(ranges), strangerRules.everybody.failures - strangerRules.wideNetwork.failures);
    assert.equal(strangers.judge('192.0.2.1'), 'dropped');
    assert.equal(strangers.judge('192.0.2.1', 'known'), 'kept');
    clock += 900_000;
    assert.equal(strangers.judge('192.0.2.1'), 'kept');
  });
});
