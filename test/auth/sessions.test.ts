import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { updateOrg, listOrgs } from '../../src/auth/orgs.js';
import { disableUser, enableUser, setPassword, setRoles } from '../../src/auth/users.js';
import { Client } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { bearer, PASSWORD, person, post } from '../support/users.js';

describe('auth/sessions', () => {
  let server: Server;
  let clock: number;

  before(async () => {
    clock = Date.now();
    server = await start({ now: () => clock });
    await server.save([
      { resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] },
      { resourceType: 'Patient', id: 'p2', name: [{ family: 'Two' }] },
    ]);
    await server.save([{ resourceType: 'Patient', id: 'p3' }], OTHER_TENANT);
  });
  after(() => server.stop());

  const login = (email: string, more: object = {}) => post(server, '/login', { email, password: PASSWORD, ...more });
  const read = async (token: string, id = 'p1') => (await new Client(server.url, token).get(`Patient/${id}`)).status;

  it('VITALEDGE 3: answers a login with both tokens, as SMART section 4 has it', async () => {
    const { id, email } = await person(server);
    const { status, headers, body } = await login(email);
    assert.equal(status, 200);
    assert.match(headers.get('cache-control') ?? '', /no-store/);
    const { accessToken, refreshToken, ...rest } = body;
    assert.deepEqual(rest, {
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshExpiresIn: 604_800,
      user: { id, org: TENANT, roles: ['clinician'] },
    });
    assert.match(refreshToken, /^ptr_/);
    const claims = decodeJwt(accessToken);
    assert.equal(claims['knd'], 'session');
    assert.equal(claims.aud, server.base);
    assert.equal(claims['scope'], 'user/*.cruds');
    assert.equal(await read(accessToken), 200);
    assert.equal(await read(accessToken, 'p3'), 404);
    assert.equal((await login(email.toUpperCase(), { organizationId: TENANT })).status, 200);
  });

  it('opens what the roles open, and nothing to an admin by that alone', async () => {
    const admin = await person(server, { roles: ['admin'] });
    assert.equal(await read((await login(admin.email)).body.accessToken), 403);
    const patient = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1' });
    const { accessToken } = (await login(patient.email)).body;
    assert.equal(await read(accessToken, 'p1'), 200);
    assert.equal(await read(accessToken, 'p2'), 404);
  });

  it('VITALEDGE 3: refuses an access token after 900 seconds and refreshes until seven days are over', async () => {
    const { email } = await person(server);
    const first = (await login(email)).body;
    clock += 899_000;
    assert.equal(await read(first.accessToken), 200);
    clock += 1000;
    assert.equal(await read(first.accessToken), 401);
    let { refreshToken } = first;
    clock += 6 * 24 * 3_600_000;
    const second = await post(server, '/refresh', { refreshToken });
    assert.equal(second.status, 200);
    assert.equal(second.body.refreshExpiresIn, 604_800 - 900 - 6 * 24 * 3600);
    assert.equal(await read(second.body.accessToken), 200);
    refreshToken = second.body.refreshToken;
    clock += 24 * 3_600_000;
    const late = await post(server, '/refresh', { refreshToken });
    assert.equal(late.status, 401);
    assert.equal(late.body.code, 'INVALID_REFRESH');
  });

  it('THREAT 33: ends the whole session when a refresh token comes a second time', async () => {
    const { email } = await person(server);
    const first = (await login(email)).body;
    const second = (await post(server, '/refresh', { refreshToken: first.refreshToken })).body;
    assert.equal(await read(second.accessToken), 200);
    const again = await post(server, '/refresh', { refreshToken: first.refreshToken });
    assert.equal(again.status, 401);
    assert.equal(again.body.code, 'INVALID_REFRESH');
    assert.equal((await post(server, '/refresh', { refreshToken: second.refreshToken })).status, 401);
    assert.equal(await read(second.accessToken), 401);
    assert.equal(await read(first.accessToken), 401);
  });

  it('THREAT 34: gives one successor at the most to twenty who come at once', async () => {
    const { email } = await person(server);
    const { refreshToken } = (await login(email)).body;
    const all = await Promise.all(Array.from({ length: 20 }, () => post(server, '/refresh', { refreshToken })));
    assert.ok(all.filter(({ status }) => status === 200).length <= 1);
  });

  it('THREAT 12: ends a session at a logout without a body too', async () => {
    const { accessToken } = (await login((await person(server)).email)).body;
    const headers = bearer(accessToken, TENANT);
    assert.equal((await fetch(`${server.url}/api/auth/logout`, { method: 'POST', headers })).status, 204);
    assert.equal(await read(accessToken), 401);
  });

  it('THREAT 12, VITALEDGE 1: kills the tokens of a session at logout, of its organization, and may be told twice', async () => {
    const { email } = await person(server);
    const { accessToken, refreshToken } = (await login(email)).body;
    const other = (await login(email)).body;
    const missing = await post(server, '/logout', {}, bearer(accessToken));
    assert.equal(missing.status, 400);
    assert.equal(missing.body.code, 'ORG_CONTEXT_MISSING');
    for (const wrong of [OTHER_TENANT, 'org_nowhere']) {
      const { requestId, ...body } = (await post(server, '/logout', {}, bearer(accessToken, wrong))).body;
      assert.ok(requestId);
      assert.equal(body.code, 'wrong-organization');
    }
    assert.equal(await read(accessToken), 200);
    for (let time = 0; time < 2; time++)
      assert.equal((await post(server, '/logout', { refreshToken }, bearer(accessToken, TENANT))).status, 204);
    assert.equal(await read(accessToken), 401);
    assert.equal((await post(server, '/refresh', { refreshToken })).status, 401);
    assert.equal(await read(other.accessToken), 200, 'another session of theirs lives on');
    assert.equal((await post(server, '/logout', {}, { 'x-organization-id': TENANT })).status, 401);
  });

  it('THREAT 11: severs a session at once when its user or organization changes', async () => {
    const { own } = server.portico;
    const { email } = await person(server);
    const begin = async () => (await login(email)).body;
    const dead = async ({ accessToken, refreshToken }: any, refreshes = 401) => {
      assert.equal(await read(accessToken), 401);
      assert.equal((await post(server, '/refresh', { refreshToken })).status, refreshes);
    };
    let session = await begin();
    await setRoles(own, TENANT, email, ['admin']);
    // The refresh token gives what the new roles open.
    await dead(session, 200);
    await setRoles(own, TENANT, email, ['clinician']);
    session = await begin();
    await disableUser(own, TENANT, email, clock);
    await dead(session);
    assert.equal((await login(email)).status, 401);
    await enableUser(own, TENANT, email);
    await dead(session);
    session = await begin();
    await setPassword(own, { tenant: TENANT, email, password: `${PASSWORD} anew` }, clock);
    await dead(session);
    assert.equal((await login(email)).status, 401);
    await setPassword(own, { tenant: TENANT, email, password: PASSWORD }, clock);
    session = await begin();
    const org = (await listOrgs(own)).find(({ id }) => id === TENANT)!;
    await updateOrg(own, { ...org, active: false });
    await dead(session);
    assert.equal((await login(email)).status, 401);
    await updateOrg(own, org);
    assert.equal((await login(email)).status, 200);
  });

  it('VITALEDGE 4: takes a refresh token for no access token, and an access token for no refresh token', async () => {
    const { email } = await person(server);
    const { accessToken, refreshToken } = (await login(email)).body;
    assert.equal(await read(refreshToken), 401);
    assert.equal((await post(server, '/refresh', { refreshToken: accessToken.slice(0, 250) })).status, 401);
    assert.equal((await post(server, '/logout', {}, bearer(refreshToken, TENANT))).status, 401);
  });

  it('RFC 9110 15.5.2: every 401 says how to authenticate', async () => {
    const { token } = await server.portal('p1');
    const answers = [
      await post(server, '/login', { email: 'nobody@clinic.example', password: 'wrong' }),
      await post(server, '/refresh', { refreshToken: 'ptr_unknown' }),
      await post(server, '/mfa/verify', { mfaToken: 'none', code: '000000' }),
      await post(server, '/logout', {}, bearer(token, TENANT)),
    ];
    for (const { status, headers, body } of answers) {
      assert.equal(status, 401, body.code);
      assert.equal(headers.get('www-authenticate'), 'Bearer realm="portico"', body.code);
    }
    const refused = await post(server, '/logout', {}, bearer('x.y.z', TENANT));
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer realm="portico", error="invalid_token"');
  });

  it('takes JSON alone, by POST alone, of 16 kB at the most', async () => {
    const send = async (init: RequestInit) => {
      const answer = await fetch(`${server.url}/api/auth/login`, { method: 'POST', ...init });
      const body: any = await answer.json();
      return [answer.status, body.code, Object.keys(body).sort().join(' ')];
    };
    const json = { 'content-type': 'application/json' };
    const keys = 'code error requestId';
    assert.deepEqual(await send({ method: 'GET' }), [405, 'method-not-allowed', keys]);
    assert.deepEqual(await send({ body: '{}' }), [415, 'unsupported-media-type', keys]);
    assert.deepEqual(await send({ body: new URLSearchParams({ email: 'a' }) }), [415, 'unsupported-media-type', keys]);
    assert.deepEqual(await send({ headers: json, body: 'x'.repeat(20_000) }), [413, 'too-long', keys]);
    const deep = '['.repeat(8000);
    for (const body of ['', '{', '[]', 'null', '1', deep, '{"email":1,"password":"x"}', '{"email":"a@b"}'])
      assert.deepEqual(await send({ headers: json, body }), [400, 'VALIDATION', keys], body.slice(0, 40));
    for (const email of ['', 'x'.repeat(300), 'nul\0', ['a'], { toString: 'x' }, null])
      assert.equal((await post(server, '/login', { email, password: 'x' })).status, 400);
    assert.equal((await post(server, '/login', { email: 'a@b', password: 'x'.repeat(129) })).status, 400);
    const polluting = '{"__proto__":{"email":"a@b","password":"x"},"constructor":{"prototype":{"polluted":1}}}';
    assert.deepEqual(await send({ headers: json, body: polluting }), [400, 'VALIDATION', keys]);
    assert.equal(({} as any).polluted, undefined);
  });

  it('records who logged in, failed, refreshed and left, without an e-mail address', async () => {
    const { id, email } = await person(server);
    const { accessToken, refreshToken } = (await login(email)).body;
    await login(email, { password: 'wrong wrong wrong' });
    await login('nobody-at-all@clinic.example');
    await post(server, '/refresh', { refreshToken });
    await post(server, '/logout', {}, bearer(accessToken, TENANT));
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const rows = await server.portico.own.objects(
      `select * from audit where credential_kind = 'session' order by at, id`,
      [],
    );
    const mine = rows.filter((row) => row['user_id'] === id);
    assert.deepEqual(
      mine
        .map((row) => `${String(row['interaction'])} ${String(row['status'])} ${String(row['organization_id'])}`)
        .sort(),
      [`login 200 ${TENANT}`, `login 401 ${TENANT}`, `logout 204 ${TENANT}`, `refresh 200 ${TENANT}`].sort(),
    );
    assert.ok(rows.some((row) => row['interaction'] === 'login' && row['user_id'] === null && row['status'] === 401));
    assert.doesNotMatch(JSON.stringify(rows), /@clinic\.example|nobody-at-all|ptr_/);
  });
});
