import assert from 'node:assert/strict';
import { createCredential, revokeCredential } from '../../src/auth/store.js';
import { Client } from '../support/client.js';
import { basic, post } from '../support/oauth.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

describe('auth/introspect and revoke', () => {
  let server: Server;
  let introspecting: { id: string; secret: string };
  let now = Date.now();

  before(async () => {
    server = await start({ now: () => now });
    introspecting = await server.credential({ canIntrospect: true });
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
  });
  after(() => server.stop());

  const introspect = (token: string, headers: Record<string, string> = basic(introspecting)) =>
    post(`${server.url}/oauth/introspect`, { token }, headers);
  const revoke = (token: string, headers: Record<string, string>) =>
    post(`${server.url}/oauth/revoke`, { token, token_type_hint: 'access_token' }, headers);
  const inactive = (text: string) => assert.equal(text, '{"active":false}');

  it('SMART 5.4: says of a live token what it is worth', async () => {
    const portal = await server.credential({ kind: 'portal', patient: 'p1', scopeCeiling: 'patient/*.rs' });
    const client = await Client.login(server.url, portal);
    const { status, body, headers } = await introspect(client.token);
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    const { active, scope, client_id, exp, iat, iss, sub, aud, jti, token_type, patient, ...rest } = body;
    assert.deepEqual(
      [active, scope, client_id, iss, sub, aud, token_type, patient],
      [true, 'patient/*.rs', portal.id, server.url, portal.id, server.base, 'Bearer', 'p1'],
    );
    assert.ok(Number.isInteger(exp) && exp - iat === 3600 && typeof jti === 'string');
    assert.deepEqual(rest, {});
  });

  it('SMART 5.4: dead, foreign and malformed tokens are not active, and nothing more is said', async () => {
    const dying = await server.credential({});
    const { token } = await Client.login(server.url, dying);
    assert.equal((await introspect(token)).body.active, true);
    for (const text of ['invalid_token_value', 'a.b.c', `${token}x`, ` ${token}`, 'ptr_x', introspecting.secret])
      inactive((await introspect(text)).text);
    inactive((await introspect((await server.client(undefined, OTHER_TENANT)).token)).text);
    await revokeCredential(server.portico.own, TENANT, dying.id, now);
    inactive((await introspect(token)).text);
    const { token: old } = await server.client();
    now += 36_000_000;
    inactive((await introspect(old)).text);
  });

  it('takes the client or the access token of a client that may introspect', async () => {
    const { token } = await server.client();
    const asking = await Client.login(server.url, introspecting);
    assert.equal((await introspect(token, { authorization: `Bearer ${asking.token}` })).body.active, true);
    const denied = await introspect(token, { authorization: `Bearer ${token}` });
    assert.deepEqual([denied.status, denied.body.error], [403, 'insufficient_scope']);
    assert.match(denied.headers.get('www-authenticate') ?? '', /^Bearer .*insufficient_scope/);
    const wrong = await introspect(token, { authorization: 'Bearer nonsense' });
    assert.deepEqual([wrong.status, wrong.body.error], [401, 'invalid_token']);
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Bearer .*invalid_token/);
    const anonymous = await introspect(token, {});
    assert.deepEqual([anonymous.status, anonymous.body.error], [401, 'invalid_client']);
    const { own } = server.portico;
    const made = {
      tenant: OTHER_TENANT,
      kind: 'client',
      name: 'x',
      scopeCeiling: 'apiv2',
      canIntrospect: true,
    } as const;
    inactive((await introspect(token, basic(await createCredential(own, made, now)))).text);
  });

  it('THREAT 81: records who asked with an access token, permitted or not', async () => {
    const { own, trail } = server.portico;
    const other = await server.credential({});
    const [allowed, denied] = [await Client.login(server.url, introspecting), await Client.login(server.url, other)];
    for (const { token } of [allowed, denied]) await introspect(token, { authorization: `Bearer ${token}` });
    await trail.flush();
    const sql = `select credential_id, status from audit where interaction = 'introspect' order by at desc, id desc limit 2`;
    const rows = await own.arrays(sql, []);
    assert.deepEqual(new Set(rows.map(String)), new Set([`${introspecting.id},200`, `${other.id},403`]));
  });

  it('lets a client without the permission ask about its own tokens alone', async () => {
    const own = await server.credential({});
    const { token } = await Client.login(server.url, own);
    assert.equal((await introspect(token, basic(own))).body.active, true);
    inactive((await introspect((await server.client()).token, basic(own))).text);
  });

  it('shows the scopes that still work', async () => {
    const each = await server.credential({ scopeCeiling: 'system/Patient.rs system/Observation.rs' });
    const { token } = await Client.login(server.url, each);
    const credentials = (await server.portico.own.knex())('credential');
    await credentials.where('id', each.id).update({ scope_ceiling: 'system/Observation.rs' });
    assert.equal((await introspect(token)).body.scope, 'system/Observation.rs');
  });

  it('THREAT 12: a revoked access token opens nothing from the next request on; others of the client do', async () => {
    const each = await server.credential({});
    const [one, two] = [await Client.login(server.url, each), await Client.login(server.url, each)];
    assert.equal((await one.get('Patient/p1')).status, 200);
    for (let count = 0; count < 2; count += 1) {
      const { status, text } = await revoke(one.token, basic(each));
      assert.deepEqual([status, text], [200, '']);
    }
    assert.equal((await one.get('Patient/p1')).status, 401);
    assert.equal((await two.get('Patient/p1')).status, 200);
    inactive((await introspect(one.token)).text);
  });

  it('RFC 7009 2.2: the answer to a revocation has no body, and is not said to be of any type', async () => {
    const { status, headers, text } = await revoke('nonsense', basic(await server.credential({})));
    assert.deepEqual([status, text, headers.get('content-type')], [200, '', null]);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  });

  it('RFC 7009 2.2: unknown and foreign tokens are answered alike, and stay what they are', async () => {
    const each = await server.credential({});
    const foreign = await server.client();
    for (const token of ['nonsense', 'ptr_nonsense', 'a.b.c', foreign.token])
      assert.equal((await revoke(token, basic(each))).status, 200);
    assert.equal((await foreign.get('Patient/p1')).status, 200);
  });

  it('SMART 4: the token is needed, and so is the client', async () => {
    for (const path of ['introspect', 'revoke']) {
      const url = `${server.url}/oauth/${path}`;
      const missing = await post(url, {}, basic(introspecting));
      assert.deepEqual([missing.status, missing.body.error], [400, 'invalid_request']);
      const unknown = await post(url, { token: 'x' }, basic({ id: 'x', secret: 'x' }));
      assert.deepEqual([unknown.status, unknown.body.error], [401, 'invalid_client']);
      assert.equal((await fetch(url)).status, 405);
      const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example' } });
      assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, '*']);
      const exposed = preflight.headers.get('access-control-expose-headers');
      assert.equal(exposed, 'X-Request-Id, WWW-Authenticate, Retry-After');
    }
  });
});
