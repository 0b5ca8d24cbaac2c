import assert from 'node:assert/strict';
import { disableUser } from '../../src/auth/users.js';
import { createLog } from '../../src/log.js';
import { Failures } from '../../src/limits/failures.js';
import { EVERYBODY, failureRules, loginLimits, secretLimits, type Limit } from '../../src/limits/rules.js';
import { requestToken } from '../support/client.js';
import { forgive } from '../support/oauth.js';
import { start, TENANT, type Server } from '../support/server.js';
import { bearer, PASSWORD, person, post } from '../support/users.js';

describe('attacks/guessing', () => {
  let server: Server;
  let clock = Date.now();
  let written = '';

  before(async () => {
    const output = { write: (line: string) => (written += line), flush: () => undefined, flushSync: () => undefined };
    const log = createLog('warn', output);
    server = await start({ now: () => clock, env: { PORTICO_TRUSTED_HOPS: '1' }, log });
  });
  after(() => server.stop());
  beforeEach(() => {
    clock += 3_600_000;
  });

  const from = (ip: string, email: string, password: string, more: object = {}) =>
    post(server, '/login', { email, password, ...more }, { 'x-forwarded-for': ip });

  it('THREAT 58: stops a network after five wrong passwords of an account, the right one too, and no other network', async () => {
    const { email } = await person(server);
    for (let index = 0; index < 5; index++)
      assert.equal((await from(`2001:db8:0:1::${String(index)}`, email, 'wrong')).status, 401);
    const stopped = await from('2001:db8:0:1::9', email, PASSWORD);
    assert.equal(stopped.status, 429);
    assert.equal(stopped.body.code, 'throttled');
    assert.equal(stopped.headers.get('retry-after'), '900');
    assert.equal((await from('2001:db8:0:2::1', email, PASSWORD)).status, 200);
    clock += 900_000;
    assert.equal((await from('2001:db8:0:1::9', email, PASSWORD)).status, 200);
  });

  it('THREAT 58: lets no more through when twenty guess at once', async () => {
    const { email } = await person(server);
    const all = await Promise.all(Array.from({ length: 20 }, () => from('203.0.113.4', email, 'wrong')));
    assert.equal(all.filter(({ status }) => status === 401).length, 5);
    assert.equal(all.filter(({ status }) => status === 429).length, 15);
  });

  it('THREAT 59: stops a network that tries one password on many accounts', async function () {
    this.timeout(60_000);
    const statuses: number[] = [];
    for (let index = 0; index < 104; index++)
      statuses.push((await from('203.0.113.5', `nobody-${String(index)}@clinic.example`, 'Winter2026!!')).status);
    assert.equal(statuses.filter((status) => status === 401).length, 100);
    assert.equal(statuses.at(-1), 429);
  });

  /** As if so many had failed. */
  const failed = async ([key, rule]: Limit, times: number): Promise<void> => {
    const failures = new Failures(server.portico.own, () => clock);
    for (let index = 0; index < times; index++) await failures.count([key, rule]);
  };

  it('THREAT 59: stops a range of addresses of which each stays within its limit, and tells the operator', async () => {
    const { email } = await person(server);
    for (const [near, far] of [
      ['203.0.113.9', '203.0.114.9'],
      ['2001:db8:77:1::1', '2001:db8:78:1::1'],
    ] as const) {
      const { range } = loginLimits('anybody', near);
      written = '';
      await failed(range, failureRules.wideNetwork.failures - 1);
      assert.equal((await from(near, email, 'wrong')).status, 401);
      const stopped = await from(near, email, PASSWORD);
      assert.deepEqual([stopped.status, stopped.headers.get('retry-after')], [429, '900']);
      assert.equal(written.split('guessed from a range of addresses').length, 2, 'once');
      await from(near, email, PASSWORD);
      assert.equal(written.split('guessed from a range of addresses').length, 2, 'and not again');
      assert.ok(!written.includes(near) && !written.includes(email));
      assert.equal((await from(far, email, PASSWORD)).status, 200);
      clock += 900_000;
      assert.equal((await from(near, email, PASSWORD)).status, 200, 'who waited is served');
      for (let index = 0; index < 4; index++) assert.equal((await from(near, email, 'wrong')).status, 401);
      assert.equal((await from(near, email, PASSWORD)).status, 200, 'being turned away was no failure');
    }
  });

  it('THREAT 59: tells the operator when many logins fail, wherever they come from, and stops nobody by it', async () => {
    const { email } = await person(server);
    written = '';
    await failed(EVERYBODY, failureRules.everybody.failures - 1);
    assert.ok(!written.includes('many logins fail'));
    assert.equal((await from('203.0.113.9', email, 'wrong')).status, 401);
    assert.match(written, /many logins fail: somebody may be trying stolen passwords/);
    assert.equal((await from('203.0.113.9', email, PASSWORD)).status, 200);
  });

  it('THREAT 60: stops a range of addresses that guesses the secrets of clients', async () => {
    const credential = await server.credential({});
    const ask = (ip: string) =>
      fetch(`${server.url}/oauth/token`, {
        method: 'POST',
        headers: { 'x-forwarded-for': ip },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          ...{ client_id: credential.id, client_secret: credential.secret },
        }),
      });
    const [, , range] = secretLimits('anybody', '203.0.113.1');
    await failed(range!, failureRules.wideSecrets.failures);
    assert.equal((await ask('203.0.113.200')).status, 429);
    assert.equal((await ask('203.0.114.200')).status, 200);
    assert.equal((await requestToken(server.url, credential)).status, 200);
  });

  it('THREAT 76: takes no header of a client for its address', async () => {
    const { email } = await person(server);
    const statuses: number[] = [];
    for (let index = 0; index < 7; index++)
      statuses.push((await from(`10.0.0.${String(index)}, 203.0.113.6`, email, 'wrong')).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
  });

  it('THREAT 57: answers unknown, wrong, disabled and another organization alike, in body and time', async function () {
    this.timeout(60_000);
    const [known, disabled] = [await person(server), await person(server)];
    await disableUser(server.portico.own, TENANT, disabled.email, clock);
    let ip = 0;
    const ask = (email: string, password: string, more: object = {}) =>
      from(`198.51.${String(100 + (ip >> 8))}.${String(ip++ & 255)}`, email, password, more);
    const ways = {
      unknown: (index: number) => ask(`unknown-${String(index)}@clinic.example`, PASSWORD),
      wrong: () => ask(known.email, 'wrong wrong wrong'),
      disabled: () => ask(disabled.email, PASSWORD),
      foreign: () => ask(known.email, PASSWORD, { organizationId: 'org_two' }),
    };
    const times: Record<string, number[]> = { unknown: [], wrong: [], disabled: [], foreign: [] };
    const bodies = new Set<string>();
    for (let index = 0; index < 24; index++) {
      // Beyond twenty failures an account is slowed down: the clock goes on before.
      if (index % 8 === 0) clock += 3_600_000;
      for (const [name, way] of Object.entries(ways)) {
        const began = performance.now();
        const { status, body } = await way(index);
        times[name]!.push(performance.now() - began);
        bodies.add(JSON.stringify({ status, error: body.error, code: body.code }));
      }
    }
    assert.equal(bodies.size, 1, [...bodies].join());
    const medians = Object.values(times).map((all) => all.sort((a, b) => a - b)[all.length >> 1] as number);
    // Without the hash of a password that nobody has, one of them takes a tenth.
    assert.ok(Math.max(...medians) < 2 * Math.min(...medians), medians.join(' '));
  });

  it('THREAT 77: serves a few logins at a time and refuses what would wait too long', async () => {
    const { email } = await person(server);
    const all = await Promise.all(
      Array.from({ length: 90 }, (_, index) => from(`192.0.2.${String(index)}`, email, PASSWORD)),
    );
    const refused = all.filter(({ status }) => status === 503);
    assert.ok(refused.length > 0 && refused.length < 60, String(refused.length));
    assert.ok(refused.every(({ headers }) => headers.get('retry-after') === '2'));
    assert.equal(all.filter(({ status }) => status === 200).length, 90 - refused.length);
    assert.equal((await from('192.0.2.200', email, PASSWORD)).status, 200);
  });

  it('THREAT 58, 77: whoever is turned away because too many log in has not failed', async () => {
    const { email } = await person(server);
    await forgive(server);
    const ips = Array.from({ length: 18 }, (_, index) => `198.18.0.${String(index)}`);
    const crowd = ips.flatMap((ip) =>
      Array.from({ length: 5 }, async () => ({ ip, ...(await from(ip, email, PASSWORD)) })),
    );
    const turned = (await Promise.all(crowd)).filter(({ status }) => status === 503);
    assert.ok(turned.length > 0);
    const { ip } = turned[0]!;
    for (let index = 0; index < 5; index++) assert.equal((await from(ip, email, 'wrong')).status, 401, String(index));
    assert.equal((await from(ip, email, 'wrong')).status, 429);
  });

  it('THREAT 82: looks at no cookie', async () => {
    const { email } = await person(server);
    const { accessToken } = (await from('192.0.2.1', email, PASSWORD)).body;
    const cookie = `accessToken=${String(accessToken)}; __Host-portico=${String(accessToken)}`;
    assert.equal((await fetch(`${server.base}/Patient/none`, { headers: { cookie } })).status, 401);
    const both = await fetch(`${server.base}/Patient/none`, {
      headers: { cookie: '__Host-portico=other', ...bearer(accessToken) },
    });
    assert.equal(both.status, 404);
    assert.equal(both.headers.get('set-cookie'), null);
  });
});
