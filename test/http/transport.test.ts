import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import type { Client } from '../support/client.js';
import { raw } from '../support/raw.js';
import { start, type Server } from '../support/server.js';

describe('http: headers, HEAD, OPTIONS, compression', () => {
  let server: Server;
  let client: Client;
  let portal: Client;
  let headers: Record<string, string>;
  let binary: string;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([
      { resourceType: 'Patient', id: 'p', active: true, name: [{ family: 'Ünal', text: 'x'.repeat(3000) }] },
      { resourceType: 'Patient', id: 'q', active: true },
      {
        resourceType: 'DocumentReference',
        id: 'd',
        status: 'current',
        subject: { reference: 'Patient/p' },
        content: [{ attachment: { contentType: 'text/plain', data: Buffer.from('béta').toString('base64') } }],
      },
    ]);
    portal = await server.portal('p');
    headers = { authorization: `Bearer ${client.token}` };
    binary = (await client.get('DocumentReference/d')).body.content[0].attachment.url as string;
  });
  after(() => server.stop());

  it('REST 9: HEAD answers like GET, without the body', async () => {
    const paths = [
      'metadata',
      'Patient/p',
      'Patient/q',
      'Patient/p?_summary=true',
      'Patient/p/_history/1',
      'Patient?_count=5',
      'Patient?_id=nobody',
      binary,
      `${binary}?_format=json`,
      'Patient/nobody',
      'Nothing/1',
      'Patient?nonsense=1',
      `${server.url}/healthz`,
      `${server.url}/readyz`,
    ];
    const compared = (all: Headers): Record<string, string> => {
      const {
        date: _date,
        'x-request-id': _id,
        connection: _connection,
        'keep-alive': _alive,
        'ratelimit-remaining': _remaining,
        'ratelimit-reset': _reset,
        ...rest
      } = Object.fromEntries(all);
      return rest;
    };
    for (const encoding of ['identity', 'gzip'])
      for (const path of paths) {
        const asked = { headers: { 'accept-encoding': encoding } };
        const get = await client.get(path, asked);
        const head = await client.ask(path, { ...asked, method: 'HEAD' });
        assert.equal(head.status, get.status, path);
        assert.deepEqual(compared(head.headers), compared(get.headers), path);
        if (encoding === 'identity')
          assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(get.text)), path);
      }
  });

  it('REST 9: HEAD without a token is 401', async () => {
    const { status, headers: answered } = await client.ask('Patient/p', { method: 'HEAD', anonymous: true });
    assert.equal(status, 401);
    assert.equal(answered.get('www-authenticate'), 'Bearer realm="portico"');
  });

  it('REST 9: a preflight is 204 without a body, and needs no token', async () => {
    for (const path of ['Patient', 'Patient/p', 'metadata', '', 'Patient/_search', binary]) {
      const { status, headers: answered } = await client.ask(path, {
        method: 'OPTIONS',
        anonymous: true,
        headers: {
          origin: 'https://app.example',
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization',
          'x-request-id': 'preflight-1',
        },
      });
      assert.equal(status, 204, path);
      assert.equal(answered.get('access-control-allow-origin'), '*');
      assert.match(answered.get('access-control-allow-methods') ?? '', /GET/);
      for (const name of ['authorization', 'content-type', 'prefer', 'if-none-match', 'x-organization-id'])
        assert.ok(answered.get('access-control-allow-headers')?.includes(name), name);
      assert.equal(answered.get('access-control-allow-credentials'), null);
      assert.equal(answered.get('content-type'), null);
      assert.equal(answered.get('x-request-id'), 'preflight-1');
      assert.match(answered.get('vary') ?? '', /Origin/);
    }
  });

  it('REST 9: a page may read what its patient gave it a key for, and the headers that it needs', async () => {
    const origin = { headers: { origin: 'https://app.example' } };
    const { headers: answered } = await portal.get('Patient/p', origin);
    assert.equal(answered.get('access-control-allow-origin'), '*');
    assert.equal(answered.get('access-control-allow-credentials'), null);
    const exposed = (answered.get('access-control-expose-headers') ?? '').split(', ');
    for (const name of ['ETag', 'Location', 'Content-Location', 'Last-Modified', 'X-Request-Id', 'Link'])
      assert.ok(exposed.includes(name), name);
    for (const name of [
      'WWW-Authenticate',
      'Retry-After',
      'RateLimit-Policy',
      'RateLimit-Limit',
      'RateLimit-Remaining',
    ])
      assert.ok(exposed.includes(name), `${name}: why it was refused, and when it will not be`);
    for (const path of ['metadata', 'Patient/nobody'])
      assert.equal((await portal.get(path, origin)).headers.get('access-control-allow-origin'), '*', path);
    const refused = await portal.get('Patient/p', { ...origin, anonymous: true });
    assert.equal(refused.headers.get('access-control-allow-origin'), '*', 'so that a page sees that it is 401');
  });

  it('THREAT 66: no page reads an answer to the secret of a service', async () => {
    for (const origin of ['https://app.example', 'null', 'https://app.example.evil']) {
      const answer = await client.get('Patient/p', { headers: { origin } });
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
    }
  });

  it('REST 11: long answers are compressed for those who can read that', async () => {
    const path = '/fhir/R4/Patient/p';
    const plain = await raw(server.url, path, { headers });
    assert.equal(plain.headers['content-encoding'], undefined);
    for (const encoding of ['gzip', 'deflate, gzip;q=0.5', 'br, GZIP']) {
      const packed = await raw(server.url, path, { headers: { ...headers, 'accept-encoding': encoding } });
      assert.equal(packed.headers['content-encoding'], 'gzip', encoding);
      assert.equal(Number(packed.headers['content-length']), packed.bytes.length);
      assert.equal(gunzipSync(packed.bytes).toString('utf8'), plain.text);
    }
    for (const encoding of ['br', 'gzip;q=0', 'gzip; q=0.0, identity', 'x-gzipped', 'identity']) {
      const answer = await raw(server.url, path, { headers: { ...headers, 'accept-encoding': encoding } });
      assert.equal(answer.headers['content-encoding'], undefined, encoding);
      assert.equal(answer.text, plain.text);
    }
    const short = await raw(server.url, '/fhir/R4/Patient/q', { headers: { ...headers, 'accept-encoding': 'gzip' } });
    assert.equal(short.headers['content-encoding'], undefined, 'what is short is sent as it is');
  });

  it('REST 11: what is sent is kept by nobody, and varies with what it depends on', async () => {
    for (const path of ['Patient/p', 'Patient', 'Patient/p/_history/1', binary, 'Patient/nobody', 'Patient?x=1']) {
      const { headers: answered } = await client.get(path);
      assert.equal(answered.get('cache-control'), 'no-store', path);
      for (const name of ['Accept', 'Accept-Encoding', 'Authorization', 'Origin'])
        assert.ok(answered.get('vary')?.split(', ').includes(name), `${path}: Vary has ${name}`);
      assert.equal(answered.get('x-content-type-options'), 'nosniff');
    }
    const { headers: answered } = await client.get('metadata', { anonymous: true });
    assert.match(answered.get('cache-control') ?? '', /^public, max-age=\d+$/);
  });

  it('REST 11: X-Request-Id comes back', async () => {
    for (const id of ['a', '7f1c9c1e-2b59-4b0e-9f43-1f2f3e4d5c6b', 'A_b.c-1', 'x'.repeat(64)])
      for (const path of ['Patient/p', 'Patient/nobody', 'metadata', `${server.url}/healthz`]) {
        const { headers: answered } = await client.get(path, { headers: { 'x-request-id': id } });
        assert.equal(answered.get('x-request-id'), id);
      }
  });

  it('REST 11: an X-Request-Id that could do harm is replaced', async () => {
    const evil = [
      'x'.repeat(65),
      'a b',
      'a"b',
      'a\\b',
      'a,b',
      '{"a":1}',
      '<script>',
      '%0d%0aSet-Cookie: a=b',
      'é',
      ' ',
    ];
    const seen = new Set<string>();
    for (const id of evil) {
      const { headers: answered } = await raw(server.url, '/fhir/R4/Patient/p', {
        headers: { ...headers, 'x-request-id': id },
      });
      const given = answered['x-request-id'] as string;
      assert.match(given, /^[\w.-]{1,64}$/, id);
      assert.notEqual(given, id);
      seen.add(given);
    }
    const twice = await raw(server.url, '/fhir/R4/Patient/p', { headers: { ...headers, 'x-request-id': ['a', 'b'] } });
    seen.add(twice.headers['x-request-id'] as string);
    assert.equal(seen.size, evil.length + 1, 'each has an id of its own');
  });

  it('REST 1: no header tells what runs behind', async () => {
    const { headers: answered } = await client.get('Patient/p');
    assert.equal(answered.get('server'), null);
    assert.equal(answered.get('x-powered-by'), null);
    assert.equal(answered.get('set-cookie'), null);
  });
});
