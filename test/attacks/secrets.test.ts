import assert from 'node:assert/strict';
import { authenticateClient } from '../../src/auth/client-auth.js';
import type { AuthOptions } from '../../src/auth/issue.js';
import { purge, startPurging } from '../../src/auth/purge.js';
import { denyToken } from '../../src/auth/revoke.js';
import { Failures } from '../../src/limits/failures.js';
import { OAuthError } from '../../src/outcome.js';
import { basic, forgive, post } from '../support/oauth.js';
import { start, type Server } from '../support/server.js';

describe('attacks/secrets', () => {
  let server: Server;
  let credential: { id: string; secret: string };

  before(async () => {
    server = await start();
    credential = await server.credential({});
  });
  beforeEach(() => forgive(server));
  after(() => server.stop());

  it('THREAT 60: wrong secrets are counted by client and address, so that the client works on from another one', async () => {
    const { own } = server.portico;
    const at = Date.now();
    let passed = 0;
    const now = () => at + passed;
    const options = { own, now, failures: new Failures(own, now) } as AuthOptions;
    const attempt = (secret: string, ip: string) => {
      const { authorization } = basic({ ...credential, secret });
      return authenticateClient({ field: () => undefined, authorization, ip, requestId: 'test' }, options);
    };
    for (let count = 0; count < 30; count += 1)
      await assert.rejects(attempt(`wrong${String(count)}`, '192.0.2.1'), { status: 401 });
    passed = 18_500;
    await assert.rejects(attempt(credential.secret, '192.0.2.1'), (error: unknown) => {
      assert.ok(error instanceof OAuthError);
      assert.deepEqual([error.status, error.error, error.headers['Retry-After']], [429, 'slow_down', '42']);
      return true;
    });
    assert.equal((await attempt(credential.secret, '192.0.2.2')).id, credential.id);
    assert.equal(
      (await own.objects('select * from rate_limit', [])).length,
      3,
      'by client and network, by network, and by the range that it lies in',
    );
  });

  it('THREAT 60: whoever tries one client after the other has to wait, whichever way the secrets come', async () => {
    const organizationToken = (index: number): Promise<number> =>
      fetch(`${server.url}/api/v1/patient-channels/x`, {
        headers: { 'x-api-key': `pto_${String(index).padStart(16, '0')}_${'a'.repeat(49)}` },
      }).then(({ status }) => status);
    const client = async (index: number): Promise<number> =>
      (
        await post(
          `${server.url}/oauth/token`,
          { grant_type: 'client_credentials' },
          basic({ id: `nobody${String(index)}`, secret: 'x' }),
        )
      ).status;
    for (let index = 0; index < 150; index++)
      assert.deepEqual(await Promise.all([organizationToken(index), client(index)]), [401, 401]);
    assert.deepEqual(await Promise.all([organizationToken(999), client(999)]), [429, 429]);
    await server.portico.trail.flush();
    const before = (await server.portico.own.objects('select id from audit', [])).length;
    await client(1000);
    await server.portico.trail.flush();
    const after = (await server.portico.own.objects('select id from audit', [])).length;
    assert.equal(after, before, 'and no longer fills the audit trail');
  });

  it('THREAT 57: an unknown client and a wrong secret take as long', async function () {
    this.timeout(60_000);
    const times = async (id: string): Promise<number> => {
      const started = performance.now();
      await post(
        `${server.url}/oauth/token`,
        { grant_type: 'client_credentials' },
        basic({ id, secret: credential.secret.replace(/.$/, '~') }),
      );
      return performance.now() - started;
    };
    const samples: Record<string, number[]> = { known: [], unknown: [] };
    for (let count = 0; count < 600; count += 1) {
      // In turn, so that what else the machine does falls on both.
      samples['known']!.push(await times(credential.id));
      samples['unknown']!.push(await times('0'.repeat(16)));
    }
    const median = (all: number[]): number => all.sort((a, b) => a - b)[all.length >> 1]!;
    const ratio = median(samples['known']!) / median(samples['unknown']!);
    assert.ok(ratio > 0.85 && ratio < 1.18, `medians differ by ${ratio.toFixed(3)}`);
  });

  it('THREAT 71: names of prototypes are no fields', async () => {
    const form: [string, string][] = [
      ['__proto__', 'polluted'],
      ['constructor', 'polluted'],
      ['grant_type', 'client_credentials'],
    ];
    const { status } = await post(`${server.url}/oauth/token`, form, basic(credential));
    assert.equal(status, 200);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('THREAT 14: what has expired is purged, a minute later, and what has not is kept', async () => {
    const { own, now } = server.portico;
    await denyToken(own, 'old', now() - 120_000);
    await denyToken(own, 'just', now() - 30_000);
    await denyToken(own, 'live', now() + 60_000);
    await purge(own, now());
    const left = await own.objects('select jti from revoked_jti order by jti', []);
    assert.deepEqual(
      left.map(({ jti }) => jti),
      ['just', 'live'],
    );
    await denyToken(own, 'old', now() - 120_000);
    const errors: unknown[] = [];
    await startPurging(own, now, (error) => errors.push(error)).stop();
    assert.equal((await own.objects('select jti from revoked_jti', [])).length, 2);
    const failing = { ...own, commit: () => Promise.reject(new Error('down')) };
    await startPurging(failing, now, (error) => errors.push(error)).stop();
    assert.equal(errors.length, 1);
  });
});
