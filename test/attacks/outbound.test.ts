import assert from 'node:assert/strict';
import { isPublic } from '../../src/outbound/addresses.js';
import { allowedUrl, OutboundError, safeFetch } from '../../src/outbound/safe-fetch.js';
import {
  asserting,
  assertion,
  backend,
  forgive,
  host,
  jwksOf,
  makeClientKey,
  post,
  type ClientKey,
} from '../support/oauth.js';
import { start, type Server } from '../support/server.js';

const closed = { allowLoopback: false };
const open = { allowLoopback: true };

const refusal = (fetching: Promise<unknown>, text: RegExp) =>
  assert.rejects(fetching, (error: unknown) => error instanceof OutboundError && text.test(error.message));

describe('attacks/outbound', () => {
  it('THREAT 19: no address of this machine, this network or this cloud is fetched, however it is written', async () => {
    const hosts = [
      '127.0.0.1', '127.1', '0x7f.0.0.1', '0x7f000001', '2130706433', '017700000001', '0', '0.0.0.0', '10.0.0.1',
      '100.64.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1', '198.18.0.1', '224.0.0.1',
      '240.0.0.1', '255.255.255.255', '[::]', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]',
      '[fe80::1]', '[fc00::1]', '[fd00:ec2::254]', '[ff02::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001::1]',
      '[2001:db8::1]', '127.0.0.1.',
    ]; // prettier-ignore
    for (const each of hosts) await refusal(safeFetch(`https://${each}/jwks`, closed), /its address is not public/);
    await refusal(safeFetch('https://localhost/jwks', closed), /its address is not public/);
    for (const address of ['8.8.8.8', '172.32.0.1', '2600::1']) assert.ok(isPublic(address), address);
  });

  it('THREAT 19: a name is refused when any of its addresses is not public', async () => {
    for (const addresses of [['10.0.0.1'], ['93.184.216.34', '127.0.0.1'], ['::1', '2600::1'], ['::ffff:10.0.0.1']])
      await refusal(
        safeFetch('https://jwks.example/', { ...closed, resolve: async () => addresses }),
        /its address is not public/,
      );
    await refusal(safeFetch('https://jwks.example/', { ...closed, resolve: async () => [] }), /no address/);
  });

  it('THREAT 19: only https without a user; loopback and http where the configuration says development', async () => {
    for (const url of ['http://jwks.example/', 'file:///etc/passwd', 'ftp://jwks.example/', 'javascript:1', 'x'])
      assert.throws(() => allowedUrl(url, closed), OutboundError, url);
    assert.throws(() => allowedUrl('https://user:pass@jwks.example/', closed), OutboundError);
    assert.equal(allowedUrl('http://127.0.0.1:1/', open).port, '1');
    // A name may be resolved to anything: http is for this machine.
    await refusal(safeFetch('http://jwks.example/', { ...open, resolve: async () => ['8.8.8.8'] }), /not public/);
    await refusal(safeFetch('http://10.0.0.1/', open), /not public/);
  });

  it('THREAT 19: the address that was checked is the one that is connected to', async () => {
    const inner = await host((_request, response) => response.end('{}'));
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    const url = inner.url.replace('127.0.0.1', 'name.example');
    const { status } = await safeFetch(url, { ...open, resolve: async () => answers.shift()! });
    assert.equal(status, 200);
    assert.equal(inner.asked(), 1);
    await inner.close();
  });

  it('THREAT 19: redirects are not followed, and no proxy of the environment is used', async () => {
    const inner = await host((_request, response) => response.end('{}'));
    const outer = await host((_request, response) => response.writeHead(302, { Location: inner.url }).end());
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = inner.url;
    await refusal(safeFetch(outer.url, open), /redirects/);
    delete process.env['HTTP_PROXY'];
    delete process.env['http_proxy'];
    assert.equal(inner.asked(), 0);
    await Promise.all([inner.close(), outer.close()]);
  });

  it('THREAT 21: an answer of more than 64 kB, a compressed one and a slow one are given up', async function () {
    this.timeout(15_000);
    const big = await host((_request, response) => {
      const write = (): unknown =>
        response.write(Buffer.alloc(16_384)) ? setImmediate(write) : response.once('drain', write);
      write();
    });
    const before = process.memoryUsage().rss;
    await refusal(safeFetch(big.url, open), /too long/);
    assert.ok(process.memoryUsage().rss - before < 50e6);
    const packed = await host((_request, response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end('x'));
    await refusal(safeFetch(packed.url, open), /compressed/);
    const slow = await host((_request, response) => {
      const timer = setInterval(() => response.write(' '), 100);
      response.once('close', () => clearInterval(timer));
    });
    const started = performance.now();
    const dead = await host(() => undefined);
    const lost = { ...closed, resolve: () => new Promise<never>(() => undefined) };
    await Promise.all([
      refusal(safeFetch(slow.url, open), /too long/),
      refusal(safeFetch(dead.url, open), /too long/),
      refusal(safeFetch('https://slow.example/', lost), /too long/),
    ]);
    assert.ok(performance.now() - started < 4000);
    await Promise.all([big, packed, slow, dead].map((each) => each.close()));
  });

  describe('JWKS URLs of clients', () => {
    let server: Server;
    let now = Date.now();
    let key: ClientKey;

    before(async () => {
      server = await start({ now: () => now, env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
      key = await makeClientKey('ES384');
    });
    after(() => server.stop());

    const status = async (id: string, by = key, header: Record<string, unknown> = {}) =>
      (await post(`${server.url}/oauth/token`, asserting(await assertion(server, id, by, { header })))).status;

    it('SMART 1.1: keys are fetched once, kept as long as Cache-Control says, and jku is the registered URL', async () => {
      const keys = await host((_request, response) =>
        response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(jwksOf(key)),
      );
      const id = await backend(server, { jwksUrl: keys.url });
      for (let count = 0; count < 5; count += 1) assert.equal(await status(id), 200);
      assert.equal(await status(id, key, { jku: keys.url }), 200);
      assert.equal(await status(id, key, { jku: `${keys.url}/other` }), 401);
      assert.equal(keys.asked(), 1);
      now += 59_000;
      assert.equal(await status(id), 200);
      assert.equal(keys.asked(), 1);
      now += 1000;
      assert.equal(await status(id), 200);
      assert.equal(keys.asked(), 2);
      await keys.close();
    });

    it('THREAT 22: fifty unknown key ids make one fetch, and a new key is found after half a minute', async () => {
      let served = jwksOf(key);
      const keys = await host((_request, response) => response.end(served));
      const id = await backend(server, { jwksUrl: keys.url });
      const other = await makeClientKey('ES384', 'other');
      const answers = await Promise.all(Array.from({ length: 50 }, () => status(id, other)));
      assert.ok(answers.every((each) => each === 401 || each === 429));
      assert.equal(keys.asked(), 1);
      await forgive(server);
      served = jwksOf(key, other);
      assert.equal(await status(id, other), 401);
      now += 30_000;
      assert.equal(await status(id, other), 200);
      assert.equal(keys.asked(), 2);
      await keys.close();
    });

    it('THREAT 22: a URL that fails is not asked again for half a minute', async () => {
      let fails = true;
      const keys = await host((_request, response) => response.writeHead(fails ? 500 : 200).end(jwksOf(key)));
      const id = await backend(server, { jwksUrl: keys.url });
      for (let count = 0; count < 10; count += 1) assert.equal(await status(id), 401);
      assert.equal(keys.asked(), 1);
      fails = false;
      now += 30_000;
      assert.equal(await status(id), 200);
      await keys.close();
    });

    it('THREAT 22: a stranger who has a failing host asked takes no keys from its client', async () => {
      let fails = false;
      const keys = await host((_request, response) => response.writeHead(fails ? 500 : 200).end(jwksOf(key)));
      const id = await backend(server, { jwksUrl: keys.url });
      assert.equal(await status(id), 200);
      fails = true;
      now += 31_000;
      assert.equal(await status(id, await makeClientKey('ES384', 'nobody')), 401);
      assert.equal(keys.asked(), 2);
      assert.equal(await status(id), 200);
      // No longer than the answer of the host allowed.
      now += 600_000;
      assert.equal(await status(id), 401);
      await keys.close();
    });

    it('THREAT 18: a key that is dear to verify is not used when it is fetched either', async () => {
      const rsa = await makeClientKey('RS384');
      const big = { ...rsa, publicJwk: { ...rsa.publicJwk, n: Buffer.alloc(2048, 0xff).toString('base64url') } };
      const keys = await host((_request, response) => response.end(jwksOf(big, key)));
      const id = await backend(server, { jwksUrl: keys.url });
      assert.equal(await status(id, rsa), 401);
      assert.equal(await status(id), 200);
      await keys.close();
    });
  });
});
