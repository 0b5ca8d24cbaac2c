import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { readJwks } from '../../src/auth/jwks.js';
import { purge } from '../../src/auth/purge.js';
import {
  asserting,
  assertion,
  backend,
  forgive,
  jwksOf,
  makeClientKey,
  post,
  type Asserted,
  type ClientKey,
} from '../support/oauth.js';
import { start, type Server } from '../support/server.js';

describe('attacks/client-assertions', () => {
  let server: Server;
  let url: string;
  let now = Date.now();
  let rsa: ClientKey;
  let ec: ClientKey;
  let id: string;

  before(async () => {
    server = await start({ now: () => now });
    url = `${server.url}/oauth/token`;
    [rsa, ec] = await Promise.all([makeClientKey('RS384'), makeClientKey('ES384')]);
    id = await backend(server, { jwks: jwksOf(rsa, ec) });
  });
  beforeEach(() => forgive(server));
  after(() => server.stop());

  const ask = async (text: string, more: Record<string, string> = {}) => {
    const { status, body } = await post(url, { ...asserting(text), ...more });
    return status === 200 ? 'ok' : `${String(status)} ${String(body.error)}`;
  };
  const sent = async (asserted: Asserted = {}, key = ec) => ask(await assertion(server, id, key, asserted));
  const invalid = '401 invalid_client';
  const seen = async () => (await server.portico.own.objects('select * from jti_seen', [])).length;

  it('SMART 1.1: RS384 and ES384 get a token of five minutes, without typ too', async () => {
    for (const key of [rsa, ec]) {
      const { status, body } = await post(url, asserting(await assertion(server, id, key)));
      assert.equal(status, 200);
      assert.equal(body.expires_in, 300);
      assert.equal(body.refresh_token, undefined);
    }
    for (const typ of [undefined, 'client-authentication+jwt']) assert.equal(await sent({ header: { typ } }), 'ok');
    assert.equal(await sent({ header: { typ: 'at+jwt' } }), invalid);
    assert.equal(await ask(await assertion(server, id, ec), { client_id: id }), 'ok');
    assert.equal(await ask(await assertion(server, id, ec), { client_id: 'other' }), invalid);
  });

  it('THREAT 13: an assertion is good for one token, also of many at once', async () => {
    const text = await assertion(server, id, ec);
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(text)));
    assert.equal(answers.filter((each) => each === 'ok').length, 1);
    // After thirty of them the client is asked to wait, from this address.
    assert.ok(answers.every((each) => ['ok', invalid, '429 slow_down'].includes(each)));
    await forgive(server);
    assert.equal(await ask(text), invalid);
  });

  it('THREAT 14: an assertion that is not by the client fills nothing', async () => {
    const before = await seen();
    const foreign = await makeClientKey('ES384');
    for (let count = 0; count < 30; count += 1) assert.equal(await sent({}, foreign), invalid);
    assert.equal(await seen(), before);
    now += 400_000;
    await purge(server.portico.own, now);
    assert.equal(await seen(), 0);
  });

  it('THREAT 15: an assertion is for this server alone', async () => {
    const token = `${server.url}/oauth/token`;
    for (const aud of [token, [token], server.url, `${server.url}/api/2.0/oauth2/token/`])
      assert.equal(await sent({ claims: { aud } }), 'ok', String(aud));
    for (const aud of [
      [token, 'https://evil.example'],
      'https://evil.example',
      `${token}.evil.example`,
      `${server.url}/`,
      [],
      '',
    ])
      assert.equal(await sent({ claims: { aud } }), invalid, String(aud));
    assert.equal(await sent({ claims: { aud: undefined as never } }), invalid);
  });

  it('THREAT 16: an assertion lives five minutes at the most, and nbf is kept', async () => {
    assert.equal(await sent({ life: 305 }), 'ok');
    for (const life of [307, 600, 1e9, -6]) assert.equal(await sent({ life }), invalid, String(life));
    assert.equal(await sent({ claims: { nbf: now / 1000 + 60 } }), invalid);
    assert.equal(await sent({ claims: { exp: undefined as never } }), invalid);
    assert.equal(await sent({ claims: { exp: '9' as never } }), invalid);
  });

  it('SMART 1.1: iss and sub are the client, and jti is a text of its own', async () => {
    for (const claims of [
      { iss: 'other' },
      { sub: 'other' },
      { iss: 'other', sub: 'other' },
      { jti: undefined as never },
    ])
      assert.equal(await sent({ claims }), invalid, JSON.stringify(claims));
    for (const jti of ['', 'x'.repeat(257), 'nul\0', 7 as never])
      assert.equal(await sent({ claims: { jti } }), invalid);
    assert.equal(await sent({ claims: { jti: 'x'.repeat(256) } }), 'ok');
  });

  it('THREAT 1, 2, 4, 5: no other algorithm, no key of the header, no critical extension', async () => {
    const claims = { iss: id, sub: id, aud: url, jti: 'a', exp: Math.floor(now / 1000) + 60 };
    assert.equal(await ask(new UnsecuredJWT(claims).encode()), invalid);
    const publicKey = await importJWK({ ...rsa.publicJwk, ext: true }, 'RS384', { extractable: true });
    const shared = new TextEncoder().encode(await exportSPKI(publicKey as never));
    const hmac = await new SignJWT(claims).setProtectedHeader({ alg: 'HS384', kid: rsa.kid }).sign(shared);
    assert.equal(await ask(hmac), invalid);
    const foreign = await makeClientKey('ES384', 'foreign');
    assert.equal(await sent({ header: { jwk: foreign.publicJwk } }, foreign), invalid);
    assert.equal(await sent({ header: { jku: 'https://evil.example/jwks' } }), invalid);
    const [, payload, signature] = (await assertion(server, id, ec)).split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'ES384', kid: ec.kid, crit: ['x'], x: 1 })).toString('base64url');
    assert.equal(await ask(`${header}.${payload!}.${signature!}`), invalid);
    for (const text of ['a.b', 'a.b.c', 'a.b.c.d.e', `${'x'.repeat(9000)}.b.c`, '{"payload":""}'])
      assert.equal(await ask(text), invalid);
  });

  it('THREAT 17: a key is named by its kid, once, and is of the kind of its algorithm', async () => {
    assert.equal(await sent({ header: { kid: undefined } }), invalid);
    assert.equal(await sent({ header: { kid: 'unknown' } }), invalid);
    assert.equal(await sent({ header: { kid: rsa.kid } }), invalid);
    const [one, two] = await Promise.all([makeClientKey('ES384', 'same'), makeClientKey('ES384', 'same')]);
    const doubled = await backend(server, { jwks: jwksOf(one, two) });
    assert.equal(await ask(await assertion(server, doubled, one)), invalid);
    const bound = { ...one, publicJwk: { ...one.publicJwk, alg: 'ES256' } };
    assert.equal(await ask(await assertion(server, await backend(server, { jwks: jwksOf(bound) }), one)), invalid);
    const encrypting = { ...one, publicJwk: { ...one.publicJwk, use: 'enc' } };
    assert.equal(await ask(await assertion(server, await backend(server, { jwks: jwksOf(encrypting) }), one)), invalid);
  });

  it('THREAT 18: keys that are dear to verify, private or shared are refused', async () => {
    const jwk = (bits: number, exponent = 65_537) => ({
      ...generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: exponent }).publicKey.export({
        format: 'jwk',
      }),
      kid: 'k',
    });
    const faults = (...keys: object[]) => readJwks(JSON.stringify({ keys })).faults;
    assert.deepEqual(faults(jwk(2048)), []);
    assert.match(faults(jwk(1024))[0]!, /modulus/);
    assert.match(faults({ ...jwk(2048), n: Buffer.alloc(2048, 0xff).toString('base64url') })[0]!, /modulus/);
    assert.match(faults(jwk(2048, 3))[0]!, /exponent/);
    assert.match(faults({ ...ec.publicJwk, d: 'AA' })[0]!, /public/);
    assert.match(faults({ kty: 'oct', k: 'AA', kid: 'k' })[0]!, /public/);
    assert.match(faults({ kty: 'OKP', crv: 'Ed25519', x: 'AA', kid: 'k' })[0]!, /neither/);
    assert.match(faults({ ...ec.publicJwk, kid: undefined })[0]!, /kid/);
    assert.match(faults(...Array.from({ length: 11 }, () => ec.publicJwk))[0]!, /more than 10/);
    assert.match(faults(ec.publicJwk, ec.publicJwk)[0]!, /same kid/);
    for (const text of ['', '[]', 'null', '{"keys":{}}', '{"keys":[]}', '{"keys":[null]}'])
      assert.ok(readJwks(text).faults.length > 0, text);
    const big = { ...rsa, publicJwk: { ...rsa.publicJwk, n: Buffer.alloc(2048, 0xff).toString('base64url') } };
    const started = performance.now();
    const client = await backend(server, { jwks: jwksOf(big) });
    assert.equal(await ask(await assertion(server, client, rsa)), invalid);
    assert.ok(performance.now() - started < 1000);
  });

  it('takes no secret for a client that signs, and no assertion for one that has a secret', async () => {
    const secret = await server.credential({});
    assert.equal(await ask(await assertion(server, secret.id, ec)), invalid);
    const body = { grant_type: 'client_credentials', client_id: id, client_secret: 'x' };
    assert.equal((await post(url, body)).status, 401);
  });

  it('SMART 5.3: a wrong client_assertion_type is invalid_request, a wrong grant_type unsupported', async () => {
    assert.equal(await ask(await assertion(server, id, ec), { client_assertion_type: 'other' }), '400 invalid_request');
    assert.equal(
      await ask(await assertion(server, id, ec), { grant_type: 'not_a_grant' }),
      '400 unsupported_grant_type',
    );
  });
});
