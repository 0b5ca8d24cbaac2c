import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { issueRefresh } from '../../src/auth/refresh.js';
import { createUser, disableUser } from '../../src/auth/users.js';
import { Client } from '../support/client.js';
import { basic, post } from '../support/oauth.js';
import { start, TENANT, type Server } from '../support/server.js';

const DAY = 86_400_000;

describe('auth/refresh-token', () => {
  let server: Server;
  let url: string;
  let now = Date.now();
  let app: { id: string; secret: string };
  let user: string;

  before(async () => {
    server = await start({ now: () => now });
    url = `${server.url}/oauth/token`;
    app = await server.credential({ kind: 'app', scopeCeiling: 'patient/*.rs offline_access' });
    user = await newUser('one@portico.example');
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
  });
  after(() => server.stop());

  async function newUser(email: string): Promise<string> {
    const person = { tenant: TENANT, email, name: 'One', roles: ['patient' as const], canManageKeys: false };
    return (await createUser(server.portico.own, { ...person, password: 'a long enough password' }, now))!;
  }

  /** What a user allowed the app, and its first refresh token. */
  async function grant(scope = 'patient/Patient.rs patient/Observation.rs offline_access', by = user): Promise<string> {
    const { own } = server.portico;
    const expiresAt = now + 90 * DAY;
    const row = { id: randomUUID(), org: TENANT, credential_id: app.id, user_id: by, patient: 'p1', scope };
    await (await own.knex())('auth_grant').insert({ ...row, user_epoch: 1, created_at: now, expires_at: expiresAt });
    return issueRefresh(own, { grant: row.id, expiresAt }, now);
  }

  const refresh = (refresh_token: string, more: Record<string, string> = {}, by = app) =>
    post(url, { grant_type: 'refresh_token', refresh_token, ...more }, basic(by));
  const read = async (token: string) => (await new Client(server.url, token).get('Patient/p1')).status;

  it('SMART 5.2: refreshes with the same scopes and its patient, and a new refresh token', async () => {
    const first = await grant();
    assert.match(first, /^ptr_/);
    const { status, body, headers } = await refresh(first);
    assert.equal(status, 200);
    assert.equal(headers.get('pragma'), 'no-cache');
    assert.equal(body.scope, 'patient/Patient.rs patient/Observation.rs offline_access');
    assert.equal(body.patient, 'p1');
    assert.equal(body.expires_in, 900);
    assert.notEqual(body.refresh_token, first);
    assert.equal(await read(body.access_token), 200);
    assert.equal((await refresh(body.refresh_token)).status, 200);
  });

  it('THREAT 33: a token that comes again takes the whole family with it', async () => {
    const first = await grant();
    const { body: second } = await refresh(first);
    const again = await refresh(first);
    assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
    assert.equal((await refresh(second.refresh_token)).body.error, 'invalid_grant');
    assert.equal(await read(second.access_token), 401);
  });

  it('THREAT 34: of many at once one is answered at the most', async () => {
    const first = await grant();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(first)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    const { body } = answers.find(({ status }) => status === 200)!;
    assert.equal((await refresh(body.refresh_token)).status, 400);
  });

  it('THREAT 35: scopes are narrowed, never widened, against what the user allowed', async () => {
    const granted = 'patient/Observation.rs?category=laboratory patient/Patient.r';
    for (const scope of [
      'patient/*.rs',
      'patient/Patient.rs',
      'patient/Patient.cruds',
      'patient/Observation.rs',
      'patient/Observation.rs?category=vital-signs',
      'system/Patient.r',
      'user/Patient.r',
      'apiv2',
      'patient/Condition.r patient/Patient.r',
      'nonsense',
    ])
      assert.equal((await refresh(await grant(granted), { scope })).body.error, 'invalid_scope', scope);
  });

  it('RFC 6749 6: a narrowed access token leaves the refresh token as wide as it was, and a refusal does not spend it', async () => {
    const first = await grant();
    assert.equal((await refresh(first, { scope: 'patient/*.rs' })).status, 400);
    const { body: narrowed } = await refresh(first, { scope: 'patient/Observation.rs' });
    assert.equal(narrowed.scope, 'patient/Observation.rs');
    assert.equal(await read(narrowed.access_token), 403);
    const { body: wide } = await refresh(narrowed.refresh_token);
    assert.equal(wide.scope, 'patient/Patient.rs patient/Observation.rs offline_access');
  });

  it('THREAT 35: a ceiling that is lowered after the grant counts at once', async () => {
    const { body } = await refresh(await grant());
    assert.equal(await read(body.access_token), 200);
    const credentials = (await server.portico.own.knex())('credential').where('id', app.id);
    await credentials.clone().update({ scope_ceiling: 'patient/Observation.rs offline_access' });
    assert.equal(await read(body.access_token), 403);
    assert.equal((await refresh(body.refresh_token)).body.scope, 'patient/Observation.rs offline_access');
    await credentials.clone().update({ scope_ceiling: 'patient/*.rs offline_access' });
  });

  it('SMART 4: unknown, expired, foreign and orphaned tokens are one invalid_grant', async () => {
    const texts = new Set<string>();
    const other = await server.credential({ kind: 'app', scopeCeiling: 'patient/*.rs' });
    const token = await grant();
    texts.add((await refresh(token, {}, other)).text);
    assert.equal((await refresh(token)).status, 200, 'somebody else did not spend it');
    texts.add((await refresh('ptr_unknown')).text);
    const leaving = await newUser('two@portico.example');
    const orphaned = await grant(undefined, leaving);
    await disableUser(server.portico.own, TENANT, 'two@portico.example', now);
    texts.add((await refresh(orphaned)).text);
    const old = await grant();
    now += 90 * DAY;
    texts.add((await refresh(old)).text);
    assert.deepEqual(
      [...texts].map((each) => JSON.parse(each).error),
      ['invalid_grant'],
    );
  });

  it('needs a refresh token, and a client that can have one', async () => {
    assert.equal((await post(url, { grant_type: 'refresh_token' }, basic(app))).body.error, 'invalid_request');
    const client = await server.credential({});
    assert.equal((await refresh('ptr_x', {}, client)).body.error, 'unauthorized_client');
    assert.equal((await refresh('ptr_x', {}, { ...app, secret: 'wrong' })).body.error, 'invalid_client');
  });

  it('RFC 7009: revoking a refresh token ends the grant and its access tokens; a stranger cannot', async () => {
    const first = await grant();
    const { body } = await refresh(first);
    const revoke = (by: typeof app) => post(`${server.url}/oauth/revoke`, { token: body.refresh_token }, basic(by));
    assert.equal((await revoke(await server.credential({ kind: 'app' }))).status, 200);
    assert.equal(await read(body.access_token), 200);
    assert.equal((await revoke(app)).status, 200);
    assert.equal(await read(body.access_token), 401);
    assert.equal((await refresh(body.refresh_token)).body.error, 'invalid_grant');
  });

  it('THREAT 64: the database holds no refresh token that can be used', async () => {
    const token = await grant();
    const rows = await server.portico.own.objects('select * from refresh_token', []);
    assert.ok(!JSON.stringify(rows).includes(token.slice(-49)));
    for (const { hash } of rows) assert.equal((await refresh(hash as string)).status, 400);
  });
});
