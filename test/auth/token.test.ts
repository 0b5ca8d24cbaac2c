import { decodeJwt, decodeProtectedHeader } from 'jose';
import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { requestToken } from '../support/client.js';
import { start, TENANT, type Server } from '../support/server.js';

interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: any;
}

describe('auth/token: client_credentials', () => {
  let server: Server;
  let client: { id: string; secret: string };
  let clock = Date.parse('2026-03-01T12:00:00Z');

  before(async () => {
    server = await start({ now: () => clock });
    client = await server.credential({ scopeCeiling: 'system/*.rs' });
  });
  after(() => server.stop());

  const post = async (body: string | URLSearchParams, headers: Record<string, string> = {}): Promise<Told> => {
    const response = await fetch(`${server.url}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: String(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  };
  const basic = (id: string, secret: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  });
  const grant = 'grant_type=client_credentials';

  for (const inBody of [false, true])
    it(`answers ${inBody ? 'a secret in the body' : 'Basic'} with a token that opens the data, and is not kept`, async () => {
      const { status, headers, body } = await requestToken(server.url, { ...client, inBody });
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('pragma'), 'no-cache');
      const { access_token: token, ...rest } = body;
      assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 36_000, scope: 'system/*.rs' });
      const read = await fetch(`${server.base}/Patient`, { headers: { authorization: `Bearer ${String(token)}` } });
      assert.equal(read.status, 200);
    });

  it('signs an ES256 access token (RFC 9068) that says whose it is and nothing about anybody', async () => {
    const credential = await server.credential({ kind: 'portal', patient: 'p1', scopeCeiling: 'patient/*.rs' });
    const { body } = await requestToken(server.url, credential);
    const { kid, ...header } = decodeProtectedHeader(body.access_token);
    assert.deepEqual(header, { alg: 'ES256', typ: 'at+jwt' });
    assert.match(kid!, /^[\w-]{1,64}$/);
    const { jti, ...claims } = decodeJwt(body.access_token);
    assert.match(jti!, /^[\w-]{22}$/);
    const now = clock / 1000;
    assert.deepEqual(claims, {
      ...{ iss: server.url, aud: server.base, sub: credential.id, client_id: credential.id },
      ...{ iat: now, exp: now + 3600, scope: 'patient/*.rs' },
      ...{ org: TENANT, cid: credential.id, cep: 1, knd: 'portal', patient: 'p1' },
    });
    assert.equal(body.patient, 'p1');
    assert.equal(body.expires_in, 3600);
    const again = await requestToken(server.url, credential);
    assert.notEqual(decodeJwt(again.body.access_token).jti, jti);
  });

  it('never outlives its credential', async () => {
    const credential = await server.credential({ expiresAt: clock + 90_500 });
    const { body } = await requestToken(server.url, credential);
    assert.equal(body.expires_in, 90);
    clock += 91_000;
    assert.equal((await requestToken(server.url, credential)).status, 401);
  });

  it('THREAT 57: tells a wrong secret, an unknown client and a deleted one apart in no byte', async () => {
    const deleted = await server.credential({});
    await revokeCredential(server.portico.own, TENANT, deleted.id, clock);
    const unknown = { id: '0'.repeat(16), secret: client.secret };
    for (const inBody of [false, true]) {
      const told = await Promise.all(
        [{ ...client, secret: 'wrong' }, unknown, deleted].map((each) => requestToken(server.url, { ...each, inBody })),
      );
      for (const { status, headers, text } of told) {
        assert.equal(status, 401);
        assert.equal(text, told[0]!.text);
        assert.equal(JSON.parse(text).error, 'invalid_client');
        assert.equal(headers.get('www-authenticate'), inBody ? null : 'Basic realm="portico"');
        const names = (of: Headers): string[] => [...of.keys()].sort();
        assert.deepEqual(names(headers), names(told[0]!.headers));
      }
    }
  });

  it('grants what is asked, when the ceiling covers all of it', async () => {
    for (const scope of ['system/Patient.r', 'system/Patient.read system/Observation.rs', 'system/*.s'])
      assert.equal((await requestToken(server.url, { ...client, scope })).body.scope, scope);
    for (const scope of [
      'system/*.cruds',
      'system/Patient.c',
      'user/Patient.r',
      'patient/*.rs',
      'openid',
      'system/Patient.sr',
      'system/Patient.r system/Patient.u',
    ]) {
      const { status, body } = await requestToken(server.url, { ...client, scope });
      assert.deepEqual([status, body.error], [400, 'invalid_scope'], scope);
    }
  });

  const refusals: [string, () => Promise<Told>, number, string][] = [
    ['no grant_type', () => post('', basic(client.id, client.secret)), 400, 'invalid_request'],
    ['no client', () => post(grant), 401, 'invalid_client'],
    ['an id without a secret', () => post(`${grant}&client_id=${client.id}`), 401, 'invalid_client'],
    [
      'THREAT 75: two ways at once',
      () => post(`${grant}&client_id=${client.id}&client_secret=${client.secret}`, basic(client.id, client.secret)),
      400,
      'invalid_request',
    ],
    [
      'THREAT 75: a repeated parameter',
      () => post(`${grant}&${grant}`, basic(client.id, client.secret)),
      400,
      'invalid_request',
    ],
    [
      'another client in the body',
      () => post(`${grant}&client_id=other`, basic(client.id, client.secret)),
      401,
      'invalid_client',
    ],
    ['Basic that is no base64', () => post(grant, { authorization: 'Basic %%%' }), 401, 'invalid_client'],
    ['Basic without a colon', () => post(grant, { authorization: `Basic ${btoa(client.id)}` }), 401, 'invalid_client'],
    ['Bearer', () => post(grant, { authorization: 'Bearer x' }), 401, 'invalid_client'],
    ['JSON', () => post('{}', { 'content-type': 'application/json' }), 400, 'invalid_request'],
    [
      'a body without end',
      () => post(`${grant}&x=${'y'.repeat(70_000)}`, basic(client.id, client.secret)),
      413,
      'invalid_request',
    ],
    ...['password', 'implicit', 'constructor', '__proto__', 'toString', 'CLIENT_CREDENTIALS'].map(
      (type): [string, () => Promise<Told>, number, string] => [
        `THREAT 71: grant_type ${type}`,
        () => post(`grant_type=${type}`, basic(client.id, client.secret)),
        400,
        'unsupported_grant_type',
      ],
    ),
  ];
  for (const [what, ask, status, error] of refusals)
    it(`refuses ${what}`, async () => {
      const told = await ask();
      assert.deepEqual([told.status, told.body.error], [status, error]);
      assert.deepEqual(Object.keys(told.body), ['error', 'error_description']);
      assert.equal(told.headers.get('cache-control'), 'no-store');
      assert.ok(!told.text.includes(client.secret) && !told.text.includes(client.id), 'nothing is echoed');
    });

  it('takes POST alone', async () => {
    const response = await fetch(`${server.url}/oauth/token?${grant}`);
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'POST, OPTIONS');
  });

  it('does not let a query stand for the form', async () => {
    const response = await fetch(`${server.url}/oauth/token?${grant}`, {
      method: 'POST',
      headers: { ...basic(client.id, client.secret), 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(response.status, 400);
  });
});
