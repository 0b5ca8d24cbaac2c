import assert from 'node:assert/strict';
import { Failures, LimitedError } from '../../src/limits/failures.js';
import { networkOf, wideNetworkOf } from '../../src/limits/network.js';
import { failureRules } from '../../src/limits/rules.js';
import { openDatabase } from '../../src/store/database.js';
import { requestToken } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { itOn } from '../support/only.js';

const rule = { failures: 3, seconds: 60 };

describe('limits/failures', () => {
  let server: Server;
  let clock = Date.now();
  let failures: Failures;

  before(async () => {
    server = await start({ now: () => clock, env: { PORTICO_TRUSTED_HOPS: '1' } });
    failures = new Failures(server.portico.own, () => clock);
  });
  after(() => server.stop());

  it('counts within a time that begins with the first failure', async () => {
    for (let index = 0; index < 3; index++) {
      await failures.check('one', rule);
      await failures.count(['one', rule]);
      clock += 10_000;
    }
    await assert.rejects(failures.check('one', rule), (error: unknown) => {
      assert.ok(error instanceof LimitedError);
      assert.equal(error.status, 429);
      assert.equal(error.headers['Retry-After'], '30');
      return true;
    });
    await failures.check('another', rule);
    clock += 30_000;
    await failures.check('one', rule);
    await failures.count(['one', rule]);
    assert.equal((await failures.of('one', rule)).count, 1);
  });

  it('lets no more through at once than one after the other', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => failures.attempt('at once', rule)));
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 3);
    await assert.rejects(failures.attempt('at once', rule), LimitedError);
  });

  it('takes back what was no failure', async () => {
    for (let index = 0; index < 9; index++) {
      await failures.attempt('good', rule);
      await failures.forgive(['good', rule]);
    }
  });

  it('writes no key down as it is', async () => {
    await failures.count(['somebody@clinic.example 10.0.0.1', rule]);
    const rows = await server.portico.own.objects('select * from rate_limit', []);
    assert.ok(rows.length > 0);
    assert.doesNotMatch(JSON.stringify(rows), /somebody|10\.0\.0/);
  });

  itOn('postgres', 'is shared by the processes of one database', async () => {
    const other = await openDatabase(server.portico.config.databaseUrl);
    try {
      const elsewhere = new Failures(other, () => clock);
      const tries = Array.from({ length: 20 }, (_, index) => (index % 2 ? failures : elsewhere).attempt('both', rule));
      const through = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled');
      assert.equal(through.length, 3);
      await assert.rejects(elsewhere.check('both', rule), LimitedError);
    } finally {
      await other.close();
    }
  });

  it('takes the network of a subscriber for one address', () => {
    assert.equal(networkOf('203.0.113.9'), '203.0.113.9');
    assert.equal(networkOf('::ffff:203.0.113.9'), '203.0.113.9');
    assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
    assert.equal(networkOf('2001:0db8:1:2::9'), networkOf('2001:db8:1:2:ffff::1'));
    assert.notEqual(networkOf('2001:db8:1:2::9'), networkOf('2001:db8:1:3::9'));
    assert.equal(networkOf('::1'), '0:0:0:0');
    assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0');
    assert.equal(wideNetworkOf('203.0.113.9'), '203.0.113');
    assert.equal(wideNetworkOf('::ffff:203.0.113.9'), '203.0.113');
    assert.equal(wideNetworkOf('2001:db8:1:2::9'), wideNetworkOf('2001:db8:1:3::9'));
    assert.notEqual(wideNetworkOf('2001:db8:1::9'), wideNetworkOf('2001:db8:2::9'));
  });

  it('THREAT 60: stops who guesses a secret, and not the client whose secret it is', async () => {
    assert.deepEqual(failureRules.secret, { failures: 30, seconds: 60 });
    const credential = await server.credential({});
    const from = (ip: string, secret: string) =>
      fetch(`${server.url}/oauth/token`, {
        method: 'POST',
        headers: { 'x-forwarded-for': ip },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: credential.id,
          client_secret: secret,
        }),
      });
    for (let index = 0; index < 30; index++) assert.equal((await from('203.0.113.1', 'wrong')).status, 401);
    const stopped = await from('203.0.113.1', credential.secret);
    assert.equal(stopped.status, 429);
    assert.equal(stopped.headers.get('retry-after'), '60');
    assert.deepEqual(await stopped.json(), { error: 'slow_down', error_description: 'too many requests' });
    assert.equal((await from('203.0.113.2', credential.secret)).status, 200);
    assert.equal((await requestToken(server.url, credential)).status, 200);
    clock += 60_000;
    assert.equal((await from('203.0.113.1', credential.secret)).status, 200);
  });
});
