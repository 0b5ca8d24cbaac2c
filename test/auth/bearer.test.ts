import {
  CompactEncrypt,
  decodeJwt,
  generateKeyPair,
  exportJWK,
  exportSPKI,
  importJWK,
  SignJWT,
  UnsecuredJWT,
  type JWTPayload,
} from 'jose';
import { LRUCache } from 'lru-cache';
import { createSecretKey } from 'node:crypto';
import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { statement } from '../../src/store/database.js';
import { Client, requestToken, type Answer } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { forge, signingKey, type SigningKey } from '../support/tokens.js';

const setActive = statement<{ id: string; active: boolean }>((knex, $) =>
  knex('org')
    .where('id', $('id'))
    .update({ active: $('active') }),
);

describe('auth/bearer', () => {
  let server: Server;
  let key: SigningKey;
  let clock: number;
  let credential: { id: string; secret: string };
  let token: string;
  let claims: JWTPayload;

  before(async () => {
    clock = Date.parse('2026-03-01T12:00:00Z');
    server = await start({ now: () => clock });
    key = await signingKey(server);
  });
  beforeEach(async () => {
    credential = await server.credential({ scopeCeiling: 'system/*.rs' });
    token = (await requestToken(server.url, credential)).body.access_token;
    claims = decodeJwt(token);
  });
  after(() => server.stop());

  const use = (bearer: string): Promise<Answer> => new Client(server.url, bearer).get('Patient');
  const refused = async (bearer: string): Promise<void> => {
    const { status, headers, body } = await use(bearer);
    assert.equal(status, 401);
    assert.equal(headers.get('www-authenticate'), 'Bearer realm="portico", error="invalid_token"');
    assert.equal(body.issue[0].code, 'expired');
    assert.ok(!JSON.stringify(body).includes(bearer.slice(0, 40)), 'the token is not echoed');
  };
  const opens = async (bearer: string): Promise<void> => assert.equal((await use(bearer)).status, 200);

  it("opens with a token, and with one that was forged with the server's own key: so the forgeries below fail for what they say", async () => {
    await opens(token);
    await opens(await forge(key, claims));
  });

  it('asks for a token when there is none', async () => {
    for (const authorization of [undefined, '', 'Bearer', 'Bearer ', 'Basic eDp5', `Bearer ${token} x`, token]) {
      const response = await fetch(`${server.base}/Patient`, {
        headers: authorization === undefined ? {} : { authorization },
      });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer realm="portico"');
    }
  });

  it('refuses a token in the URL', async () => {
    const { status, body } = await new Client(server.url, token).get(`Patient?access_token=${token}`);
    assert.equal(status, 400);
    assert.equal(body.issue[0].code, 'security');
  });

  it('THREAT 1: alg none', async () => {
    await refused(new UnsecuredJWT(claims).encode());
    const [, payload] = token.split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid: key.kid })).toString('base64url');
    await refused(`${header}.${payload!}.`);
    await refused(`${header}.${payload!}.${token.split('.')[2]!}`);
  });

  it('THREAT 2: HS256 with the public key as the secret', async () => {
    const spki = await exportSPKI((await importJWK(key.publicJwk, 'ES256')) as CryptoKey);
    for (const secret of [spki, spki.trim(), JSON.stringify(key.publicJwk), key.publicJwk.x!]) {
      const header = { alg: 'HS256', typ: 'at+jwt', kid: key.kid };
      await refused(await new SignJWT(claims).setProtectedHeader(header).sign(createSecretKey(Buffer.from(secret))));
    }
  });

  it('THREAT 3: a kid that is a path, SQL or a URL', async () => {
    for (const kid of [
      '../../dev/null',
      "' or 1=1--",
      'https://evil.example/jwks',
      '',
      'x',
      'k'.repeat(5000),
      `${key.kid}\u0000`,
    ])
      await refused(await forge(key, claims, { kid }));
    await refused(await forge(key, claims, { kid: undefined as never }));
  });

  it('THREAT 4: a key that the token brings along', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    for (const more of [
      { jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/x' },
      { x5c: ['x'] },
    ])
      for (const kid of [key.kid, 'mine']) {
        const header = { alg: 'ES256', typ: 'at+jwt', kid, ...more };
        await refused(await new SignJWT(claims).setProtectedHeader(header).sign(privateKey));
      }
  });

  it('THREAT 5: crit, b64, an encrypted token, JSON serialization', async () => {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    await refused(await forge(key, claims, { crit: ['exp'], exp: 1 }).catch(() => `${header}.${payload}.x`));
    const critical = Buffer.from(
      JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, crit: ['b64'], b64: false }),
    );
    await refused(`${critical.toString('base64url')}.${payload}.${signature}`);
    const encrypted = new CompactEncrypt(Buffer.from(token)).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' });
    await refused(await encrypted.encrypt(Buffer.alloc(32, 1)));
    await refused(JSON.stringify({ payload, signatures: [{ protected: header, signature }] }));
  });

  it('THREAT 6: is valid until the second of exp, and not in it: also when it was used before', async () => {
    const issued = clock;
    const lasting = await server.credential({});
    const fresh = (await requestToken(server.url, lasting)).body.access_token as string;
    const unused = await forge(key, { ...decodeJwt(fresh), jti: 'unused' });
    try {
      clock = issued + 36_000_000 - 1;
      await opens(fresh);
      clock = issued + 36_000_000;
      await refused(fresh);
      await refused(unused);
    } finally {
      clock = issued;
    }
  });

  it('THREAT 6: times that are none, and a token that is not valid yet', async () => {
    const now = clock / 1000;
    for (const wrong of [{ exp: String(now + 60) }, { nbf: now + 60 }, { exp: now - 1 }, { exp: null }, { iat: 'now' }])
      await refused(await forge(key, { ...claims, ...wrong } as never));
    for (const missing of [
      'exp',
      'iat',
      'jti',
      'sub',
      'client_id',
      'cid',
      'cep',
      'org',
      'knd',
      'scope',
      'iss',
      'aud',
    ]) {
      const { [missing]: _gone, ...rest } = claims;
      await refused(await forge(key, rest));
    }
  });

  it('THREAT 7: another audience or issuer', async () => {
    const base = server.base;
    const audiences = [
      `${base}/`,
      server.url,
      'https://evil.example',
      [base, 'https://evil.example'],
      [base],
      base.toUpperCase(),
    ];
    for (const aud of audiences) await refused(await forge(key, { ...claims, aud }));
    for (const iss of [`${server.url}/`, 'https://evil.example', ''])
      await refused(await forge(key, { ...claims, iss }));
  });

  it('THREAT 8: a token of another kind', async () => {
    for (const typ of ['JWT', 'id+jwt', 'at+JWT2', 'logout+jwt']) await refused(await forge(key, claims, { typ }));
    await refused(await forge(key, claims, { typ: undefined as never }));
  });

  it('THREAT 9: parts of two tokens, and a token with something added', async () => {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const [otherHeader, otherPayload, otherSignature] = (
      await requestToken(server.url, credential)
    ).body.access_token.split('.');
    await opens(token);
    await refused(`${header}.${payload}.${String(otherSignature)}`);
    await refused(`${String(otherHeader)}.${String(otherPayload)}.${signature}`);
    for (const changed of [`${token}=`, `${token}==`, token.slice(0, -1), `${token}.`, `${token}A`])
      await refused(changed);
    await refused(
      token.replace(payload, Buffer.from(JSON.stringify({ ...claims, org: OTHER_TENANT })).toString('base64url')),
    );
  });

  it('THREAT 9: a signature whose last character says the same in another way', async () => {
    await opens(token);
    // The last of the 86 characters of 64 bytes has four bits that a lenient decoder throws away.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]!;
    await refused(token.slice(0, -1) + last);
  });

  it("THREAT 38: claims of a credential that is another tenant's", async () =>
    refused(await forge(key, { ...claims, org: OTHER_TENANT })));

  it('THREAT 11: is dead on the next request when its credential is deleted', async () => {
    await opens(token);
    await revokeCredential(server.portico.own, TENANT, credential.id, clock);
    await refused(token);
  });

  it('THREAT 11: a credential is deleted by its own organization alone', async () => {
    assert.equal(await revokeCredential(server.portico.own, OTHER_TENANT, credential.id, clock), false);
    await opens(token);
  });

  it('THREAT 11: another epoch than the credential has now', async () =>
    refused(await forge(key, { ...claims, cep: (claims['cep'] as number) + 1 })));

  it('THREAT 11: sleeps while its organization is inactive', async () => {
    const { own } = server.portico;
    const set = async (active: boolean) =>
      own.commit({ statements: [await setActive.plan(own, { id: TENANT, active }, 1)] });
    await opens(token);
    await set(false);
    try {
      await refused(token);
      assert.equal((await requestToken(server.url, credential)).status, 401);
    } finally {
      await set(true);
    }
    await opens(token);
  });

  it('THREAT 11: dies with the date of its credential, and with another patient than its credential has', async () => {
    const issued = clock;
    const soon = await server.credential({
      kind: 'portal',
      patient: 'p1',
      scopeCeiling: 'patient/*.rs',
      expiresAt: clock + 60_000,
    });
    const pinned = (await requestToken(server.url, soon)).body.access_token as string;
    const later: JWTPayload = { ...decodeJwt(pinned), exp: issued / 1000 + 3600 };
    await opens(await forge(key, later));
    const { patient: _pin, ...unpinned } = later;
    await refused(await forge(key, { ...later, patient: 'p2' }));
    await refused(await forge(key, unpinned));
    try {
      clock = issued + 60_000;
      await refused(await forge(key, later));
    } finally {
      clock = issued;
    }
  });

  it('THREAT 39: an X-Organization-ID can agree with the token and nothing else', async () => {
    const client = new Client(server.url, token);
    const ask = (organization: string): Promise<Answer> =>
      client.get('Patient', { headers: { 'x-organization-id': organization } });
    assert.equal((await ask(TENANT)).status, 200);
    for (const other of [OTHER_TENANT, TENANT.toUpperCase(), 'nobody']) assert.equal((await ask(other)).status, 403);
    for (const none of [`${TENANT},${OTHER_TENANT}`, '*']) assert.equal((await ask(none)).status, 400);
  });

  it('THREAT 10: remembers tokens that it has verified, and nothing of all the others', async () => {
    type Set = (key: string, value: object) => LRUCache<string, object>;
    const set = Reflect.get(LRUCache.prototype, 'set') as Set;
    const remembered: string[] = [];
    const counting: Set = function (this: LRUCache<string, object>, key, value) {
      if ('claims' in value) remembered.push(key);
      return set.call(this, key, value);
    };
    Object.assign(LRUCache.prototype, { set: counting });
    try {
      const [head, body] = token.split('.') as [string, string];
      const garbage = (index: number): string => `${head}.${body}.${String(index).padStart(85, 'x')}A`;
      for (let index = 0; index < 300; index++) assert.equal((await use(garbage(index))).status, 401);
      assert.deepEqual(remembered, []);
      for (let time = 0; time < 2; time++) await opens(token);
      assert.equal(remembered.length, 1);
    } finally {
      Object.assign(LRUCache.prototype, { set });
    }
  });

  it('refuses a token that is too long before it looks into it', () =>
    refused(`${token.split('.')[0]!}.${'a'.repeat(9000)}.b`));
});
