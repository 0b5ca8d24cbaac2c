import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { requestToken } from '../support/client.js';
import { itOn } from '../support/only.js';
import { start, type Server } from '../support/server.js';

describe('http: when something that Portico needs fails', () => {
  let server: Server;
  let client: Client;
  let key: { id: string; secret: string };
  let mend = (): void => undefined;

  before(async () => {
    server = await start();
    key = await server.credential({});
    client = await server.client();
    await server.save([{ resourceType: 'Patient', id: 'p', active: true }]);
  });
  afterEach(() => mend());
  after(() => server.stop());

  function breakDown(error: Error): void {
    const { own } = server.portico;
    const before = { ...own };
    own.objects = () => Promise.reject(error);
    mend = () => void Object.assign(own, before);
  }

  const failing = (code: string | undefined, text = 'secret detail'): Error =>
    Object.assign(new Error(text), code !== undefined && { code });

  for (const code of ['ECONNREFUSED', 'ECONNRESET', '57P01', '53300', '08006', 'SQLITE_BUSY', 'SQLITE_FULL'])
    it(`REST 59: a database that fails with ${code} is 503, and a time to come back`, async () => {
      breakDown(failing(code));
      const { status, headers, body, text } = await client.get('Patient/p');
      assert.equal(status, 503);
      assert.equal(headers.get('retry-after'), '5');
      assert.equal(body.issue[0].code, 'transient');
      assert.ok(!text.includes('secret detail'));
      mend();
      assert.equal((await client.get('Patient/p')).status, 200);
    });

  it('REST 59: a connection that PostgreSQL closes is 503', async () => {
    breakDown(failing(undefined, 'Connection terminated unexpectedly'));
    assert.equal((await client.get('Patient/p')).status, 503);
  });

  it('THREAT 73: a statement that took too long is 503 too-costly', async () => {
    breakDown(failing('57014'));
    const { status, body } = await client.get('Patient/p');
    assert.equal(status, 503);
    assert.equal(body.issue[0].code, 'too-costly');
  });

  itOn('postgres', 'THREAT 73: and PostgreSQL is told how long that is', async () => {
    assert.deepEqual(await server.portico.own.arrays('show statement_timeout', []), [['30s']]);
  });

  it('REST 6: any other failure is 500 with a request id and not a word of what happened', async () => {
    breakDown(failing('23514'));
    const { status, body, text } = await client.get('Patient/p', { headers: { 'x-request-id': 'look-me-up' } });
    assert.equal(status, 500);
    assert.equal(body.issue[0].code, 'exception');
    assert.match(body.issue[0].details.text, /look-me-up/);
    assert.ok(!text.includes('secret detail'));
  });

  it('REST 59: the token endpoint says the same in its own words', async () => {
    breakDown(failing('ECONNREFUSED'));
    const unavailable = await requestToken(server.url, key);
    assert.equal(unavailable.status, 503);
    assert.equal(unavailable.headers.get('retry-after'), '5');
    breakDown(failing('23514'));
    const failed = await requestToken(server.url, key);
    assert.equal(failed.status, 500);
    assert.ok(!failed.text.includes('secret detail'));
  });

  it('/readyz says that it takes no work, /healthz that it runs', async () => {
    const { own } = server.portico;
    const before = { ...own };
    const away = (): Promise<never> => Promise.reject(failing('ECONNREFUSED'));
    Object.assign(own, { knex: away, objects: away, arrays: away });
    mend = () => void Object.assign(own, before);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 503);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  });
});
