import assert from 'node:assert/strict';
import { hash } from '@node-rs/argon2';
import { verifyAssertion } from '../../src/auth/private-key-jwt.js';
import { rotateKeySource, rotateSecret } from '../../src/auth/rotate-credential.js';
import { createCredential, liveCredential } from '../../src/auth/store.js';
import { createUser, disableUser, enableUser } from '../../src/auth/users.js';
import type { AuthOptions } from '../../src/auth/issue.js';
import { Client, requestToken } from '../support/client.js';
import { asserting, assertion, backend, basic, jwksOf, makeClientKey, post } from '../support/oauth.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { PASSWORD, person, post as postJson } from '../support/users.js';

describe('auth: what seldom happens', () => {
  let server: Server;

  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  /** A database in which one kind of statement fails. */
  const failing = (pattern: RegExp): (() => void) => {
    const { own } = server.portico;
    const objects = own.objects.bind(own);
    own.objects = (sql, bindings) =>
      pattern.test(sql)
        ? Promise.reject(Object.assign(new Error('secret detail'), { code: 'ECONNRESET' }))
        : objects(sql, bindings);
    return () => void Object.assign(own, { objects });
  };

  it('SMART 5.4: a token whose life cannot be asked for is not said to be inactive', async () => {
    const key = await server.credential({ canIntrospect: true });
    const { token } = await Client.login(server.url, key);
    const mend = failing(/revoked_jti/);
    try {
      const { status, body } = await post(`${server.url}/oauth/introspect`, { token }, basic(key));
      assert.deepEqual([status, body.error], [503, 'temporarily_unavailable']);
    } finally {
      mend();
    }
    assert.equal((await post(`${server.url}/oauth/introspect`, { token }, basic(key))).body.active, true);
  });

  it('SMART 1.1: an assertion that cannot be looked into is no wrong one', async () => {
    const key = await makeClientKey('ES384');
    const id = await backend(server, { jwksUrl: 'https://jwks.example/' });
    const client = (await liveCredential(server.portico.own, id, Date.now()))!;
    const clientKeys = { at: () => Promise.reject(new Error('unexpected')) };
    const options = { now: Date.now, issuer: server.url, own: server.portico.own, clientKeys } as never as AuthOptions;
    const text = await assertion(server, id, key);
    await assert.rejects(verifyAssertion(text, client, options), /unexpected/);
  });

  it('SMART 1.1: a service is given other keys, and the tokens of the old ones are dead', async () => {
    const [one, two] = [await makeClientKey('ES384'), await makeClientKey('ES384')];
    const id = await backend(server, { jwks: jwksOf(one) });
    const url = `${server.url}/oauth/token`;
    const { body } = await post(url, asserting(await assertion(server, id, one)));
    const client = new Client(server.url, body.access_token as string);
    assert.equal((await client.get('Patient')).status, 200);
    const { own } = server.portico;
    const source = { jwks: jwksOf(two) };
    assert.equal(await rotateKeySource(own, { tenant: OTHER_TENANT, id }, source, Date.now()), false);
    assert.equal(await rotateSecret(own, { tenant: TENANT, id }, 0, Date.now()), undefined, 'it has no secret');
    assert.equal(await rotateKeySource(own, { tenant: TENANT, id }, source, Date.now()), true);
    assert.equal((await client.get('Patient')).status, 401);
    assert.equal((await post(url, asserting(await assertion(server, id, one)))).body.error, 'invalid_client');
    assert.equal((await post(url, asserting(await assertion(server, id, two)))).status, 200);
    const plain = await server.credential({});
    assert.equal(await rotateKeySource(own, { tenant: TENANT, id: plain.id }, source, Date.now()), false);
  });

  it('SMART 4: a Basic header that cannot be decoded is no proof', async () => {
    for (const text of ['%zz:secret', 'id:%E0%A4%A', 'no colon', ':', '']) {
      const authorization = `Basic ${Buffer.from(text).toString('base64')}`;
      const answer = await post(`${server.url}/oauth/token`, { grant_type: 'client_credentials' }, { authorization });
      assert.deepEqual([answer.status, answer.body.error], [401, 'invalid_client'], text);
    }
  });

  it('THREAT 36: a query that its parameter does not take is invalid_scope, and opens nothing in a ceiling', async () => {
    const credential = await server.credential({ scopeCeiling: 'system/*.rs' });
    for (const scope of [
      'system/Observation.rs?category=a|b|c',
      'system/Observation.rs?category=|',
      'system/Observation.rs?value-quantity=x',
      'system/Observation.rs?nonsense=x',
      'system/Observation.rs?date=2020',
    ])
      assert.equal((await requestToken(server.url, { ...credential, scope })).body.error, 'invalid_scope', scope);
    const { own } = server.portico;
    const scopeCeiling = 'system/Observation.rs?category=a|b|c';
    const broken = { tenant: TENANT, kind: 'client', name: 'x', scopeCeiling } as const;
    assert.equal((await requestToken(server.url, await createCredential(own, broken, Date.now()))).status, 400);
  });

  it('THREAT 58: a password that was hashed with other parameters is hashed anew when it is used', async () => {
    const { id, email } = await person(server);
    const knex = await server.portico.own.knex();
    const old = await hash(PASSWORD, { memoryCost: 8192, timeCost: 2, parallelism: 1 });
    await knex('user_account').where({ id }).update({ password_hash: old });
    const login = () => postJson(server, '/login', { email, password: PASSWORD });
    const { accessToken } = (await login()).body as { accessToken: string };
    const [row] = (await knex('user_account').where({ id })) as { password_hash: string }[];
    assert.match(row!.password_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal((await new Client(server.url, accessToken).get('Patient')).status, 200, 'nobody is logged out by it');
    assert.equal((await login()).status, 200);
  });

  it('an e-mail address is one user’s, and a user who is enabled again logs in anew', async () => {
    const { email } = await person(server);
    const { own } = server.portico;
    const again = { email: ` ${email.toUpperCase()}`, name: 'Another', password: PASSWORD, roles: ['admin'] } as const;
    assert.equal(
      await createUser(own, { tenant: OTHER_TENANT, canManageKeys: false, ...again }, Date.now()),
      undefined,
    );
    const login = async (): Promise<number> => (await postJson(server, '/login', { email, password: PASSWORD })).status;
    assert.equal(await enableUser(own, TENANT, email), false);
    assert.equal(await disableUser(own, TENANT, email, Date.now()), true);
    assert.equal(await login(), 401);
    assert.equal(await enableUser(own, TENANT, email), true);
    assert.equal(await login(), 200);
  });
});
