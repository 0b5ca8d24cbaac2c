import assert from 'node:assert/strict';
import { createOrg } from '../../src/auth/orgs.js';
import { rotateSecret } from '../../src/auth/rotate-credential.js';
import { listCredentials, revokeCredential } from '../../src/auth/store.js';
import { Client, type Answer } from '../support/client.js';
import { asserting, assertion, backend, basic, jwksOf, makeClientKey, post } from '../support/oauth.js';
import { start, TENANT, type Server } from '../support/server.js';

const cc = { grant_type: 'client_credentials' };

function refused(answer: Answer, status: number, error: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.deepEqual(Object.keys(answer.body), ['error', 'error_description']);
  assert.equal(answer.body.error, error);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.equal(answer.headers.get('pragma'), 'no-cache');
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
}

describe('auth/token', () => {
  let server: Server;
  let url: string;
  let now = Date.now();
  let client: { id: string; secret: string };

  before(async () => {
    server = await start({ now: () => now });
    url = `${server.url}/oauth/token`;
    client = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
  });
  after(() => server.stop());

  const inBody = (each: { id: string; secret: string }) => ({ client_id: each.id, client_secret: each.secret });

  it('ELATION 1: by Basic and in the body, no scope is apiv2, for ten hours, at the token URL and all its aliases', async () => {
    for (const path of ['/oauth/token', '/api/2.0/oauth2/token', '/api/2.0/oauth2/token/'])
      for (const answer of [
        await post(`${server.url}${path}`, cc, basic(client)),
        await post(`${server.url}${path}`, { ...cc, ...inBody(client) }),
      ]) {
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(Object.keys(answer.body).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
        assert.equal(answer.body.token_type, 'Bearer');
        assert.equal(answer.body.expires_in, 36_000);
        assert.equal(answer.body.scope, 'apiv2');
        assert.equal(answer.headers.get('cache-control'), 'no-store');
        assert.equal(answer.headers.get('pragma'), 'no-cache');
        const { status } = await new Client(server.url, answer.body.access_token as string).get('Patient/p1');
        assert.equal(status, 200);
      }
  });

  it('ELATION 5: a body that is no form, another method, another grant type and a wrong secret have their errors', async () => {
    refused(await post(url, JSON.stringify(cc), { 'content-type': 'application/json' }), 400, 'invalid_request');
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(url, { method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get('allow'), 'POST, OPTIONS');
    }
    for (const grant_type of ['password', 'implicit', '__proto__', 'constructor', 'toString'])
      refused(await post(url, { grant_type }, basic(client)), 400, 'unsupported_grant_type');
    refused(await post(url, cc, basic({ ...client, secret: 'wrong' })), 401, 'invalid_client');
  });

  it('SMART 4: WWW-Authenticate comes with invalid_client if, and only if, Authorization was sent', async () => {
    const wrong = { ...client, secret: 'wrong' };
    const challenged = await post(url, cc, basic(wrong));
    assert.equal(challenged.headers.get('www-authenticate'), 'Basic realm="portico"');
    const answer = await post(url, { ...cc, ...inBody(wrong) });
    refused(answer, 401, 'invalid_client');
    assert.equal(answer.headers.get('www-authenticate'), null);
  });

  it('ICANOTES 5: an unknown key, a wrong secret and a deleted key are one answer, byte for byte', async () => {
    const deleted = await server.credential({});
    await revokeCredential(server.portico.own, TENANT, deleted.id, now);
    const texts = new Set<string>();
    for (const each of [
      { id: 'nobody', secret: client.secret },
      { ...client, secret: `${client.secret}x` },
      { id: 'nul\0id', secret: 'x' },
      { id: client.id, secret: '' },
      deleted,
    ])
      texts.add((await post(url, cc, basic(each))).text);
    assert.equal(texts.size, 1);
  });

  it('THREAT 75: a repeated parameter and two ways to authenticate are invalid_request', async () => {
    const twice: [string, string][] = [
      ['grant_type', 'client_credentials'],
      ['scope', 'apiv2'],
      ['scope', 'apiv2'],
    ];
    refused(await post(url, twice, basic(client)), 400, 'invalid_request');
    refused(await post(url, { ...cc, client_secret: client.secret }, basic(client)), 400, 'invalid_request');
    refused(await post(url, { ...cc, client_assertion: 'a.b.c' }, basic(client)), 400, 'invalid_request');
    const both = { ...cc, ...inBody(client), client_assertion: 'a.b.c', client_assertion_type: 'x' };
    refused(await post(url, both), 400, 'invalid_request');
    refused(await post(url, { ...cc, client_id: 'other' }, basic(client)), 401, 'invalid_client');
    refused(await post(url, {}, basic(client)), 400, 'invalid_request');
  });

  it('takes a form of 64 kB at most, and none that is compressed', async () => {
    refused(await post(url, { ...cc, scope: 'x'.repeat(70_000) }, basic(client)), 413, 'invalid_request');
    refused(await post(url, cc, { ...basic(client), 'content-encoding': 'gzip' }), 415, 'invalid_request');
  });

  it('ICANOTES 3: a portal key gets patient/*.rs, its patient and an hour', async () => {
    const key = await server.credential({ kind: 'portal', patient: 'p1', scopeCeiling: 'patient/*.rs' });
    assert.match(key.secret, new RegExp(`^ptk_${key.id}_[0-9A-Za-z]{49}$`));
    const { body } = await post(url, cc, basic(key));
    assert.deepEqual([body.scope, body.patient, body.expires_in], ['patient/*.rs', 'p1', 3600]);
  });

  it('ICANOTES 4: after a set is deleted no token is made, and those that were made are dead; another set works on', async () => {
    const [one, two] = [await server.credential({}), await server.credential({})];
    const [first, second] = [await Client.login(server.url, one), await Client.login(server.url, two)];
    assert.equal((await first.get('Patient/p1')).status, 200);
    await revokeCredential(server.portico.own, TENANT, one.id, now);
    assert.equal((await first.get('Patient/p1')).status, 401);
    refused(await post(url, cc, basic(one)), 401, 'invalid_client');
    assert.equal((await second.get('Patient/p1')).status, 200);
  });

  it('PULSARA 2: an organization token is exchanged whole, with its public id as client_id', async () => {
    const token = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    assert.match(token.secret, /^pto_/);
    const { body } = await post(url, { ...cc, ...inBody(token) });
    assert.deepEqual([body.scope, body.expires_in], ['apiv2', 36_000]);
    const dump = JSON.stringify(await server.portico.own.objects('select * from credential', []));
    assert.ok(!dump.includes(token.secret) && !dump.includes(token.secret.slice(-49)));
  });

  it('takes the old secret until its overlap ends, and without an overlap ends its tokens too', async () => {
    const { own } = server.portico;
    const old = await server.credential({});
    const before = await Client.login(server.url, old);
    const fresh = (await rotateSecret(own, { tenant: TENANT, id: old.id }, now + 60_000, now))!;
    for (const each of [old, fresh]) assert.equal((await post(url, cc, basic(each))).status, 200);
    assert.equal((await before.get('Patient/p1')).status, 200);
    now += 60_000;
    refused(await post(url, cc, basic(old)), 401, 'invalid_client');
    const newest = (await rotateSecret(own, { tenant: TENANT, id: old.id }, now, now))!;
    refused(await post(url, cc, basic(fresh)), 401, 'invalid_client');
    assert.equal((await before.get('Patient/p1')).status, 401);
    assert.equal((await post(url, cc, basic(newest))).status, 200);
    assert.equal(await rotateSecret(own, { tenant: 'org_two', id: old.id }, now, now), undefined);
  });

  it('ends with its expiry, and its tokens end no later', async () => {
    const each = await server.credential({ expiresAt: now + 100_000 });
    const { body } = await post(url, cc, basic(each));
    assert.ok(body.expires_in <= 100);
    now += 100_000;
    refused(await post(url, cc, basic(each)), 401, 'invalid_client');
  });

  it('remembers the last use to the minute', async () => {
    const each = await server.credential({});
    const used = async () =>
      (await listCredentials(server.portico.own, TENANT)).find(({ id }) => id === each.id)?.lastUsedAt;
    assert.equal(await used(), undefined);
    await post(url, cc, basic(each));
    const first = now;
    assert.equal(await used(), first);
    now += 59_000;
    await post(url, cc, basic(each));
    assert.equal(await used(), first);
    now += 1000;
    await post(url, cc, basic(each));
    assert.equal(await used(), now);
  });

  it('ELATION 3, 4, 6: scopes are granted as they are asked for, within the ceiling', async () => {
    const granted = async (scope: string, who = client) => (await post(url, { ...cc, scope }, basic(who))).body;
    assert.equal((await granted('apiv2 act_as_user')).scope, 'apiv2 act_as_user');
    assert.equal(
      (await granted('  system/patients.read   system/vitals.read system/patients.read ')).scope,
      'system/patients.read system/vitals.read',
    );
    assert.equal((await granted('apiv2 system/patients.read')).error, 'invalid_scope');
    const plus = await post(
      url,
      'grant_type=client_credentials&scope=system/patients.read+system/vitals.read',
      basic(client),
    );
    assert.equal(plus.body.scope, 'system/patients.read system/vitals.read');
    const narrow = await server.credential({ scopeCeiling: 'system/patients.read' });
    assert.equal((await granted('system/vitals.read', narrow)).error, 'invalid_scope');
    assert.equal((await post(url, cc, basic(narrow))).body.scope, 'system/patients.read');
    for (const scope of ['user/*.rs', 'openid', 'launch/patient', 'offline_access', 'patient/*.rs', 'nonsense'])
      assert.equal((await granted(scope)).error, 'invalid_scope', scope);
  });

  it('SMART 3: a backend service names its scopes; an app has no token without a user', async () => {
    const key = await makeClientKey('ES384');
    const id = await backend(server, { jwks: jwksOf(key) });
    const { scope: _scope, ...form } = asserting(await assertion(server, id, key));
    refused(await post(url, form), 400, 'invalid_scope');
    const app = await server.credential({ kind: 'app', scopeCeiling: 'patient/*.rs' });
    refused(await post(url, cc, basic(app)), 400, 'unauthorized_client');
  });

  it('makes no token for an organization that is not active', async () => {
    const { own } = server.portico;
    await createOrg(own, 'org_gone', 'Gone', now);
    const each = await server.credential({ tenant: 'org_gone' });
    assert.equal((await post(url, cc, basic(each))).status, 200);
    await (await own.knex())('org').where('id', 'org_gone').update({ active: false });
    refused(await post(url, cc, basic(each)), 401, 'invalid_client');
  });
});
