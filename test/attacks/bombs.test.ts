import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';

describe('attacks/bombs', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  it('THREAT 69: a small body that would be a large one is refused by its encoding, and not opened', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000, 'a'));
    assert.ok(bomb.length < 200_000);
    const form = 'application/x-www-form-urlencoded';
    const before = process.memoryUsage().rss;
    for (const [path, type] of [
      ['/fhir/R4/Patient/_search', form],
      ['/oauth/token', form],
      ['/oauth/introspect', form],
      ['/oauth/revoke', form],
      ['/api/auth/login', 'application/json'],
    ] as const)
      for (const encoding of ['gzip', 'deflate', 'br', 'gzip, gzip']) {
        const headers = { authorization: `Bearer ${client.token}`, 'content-type': type, 'content-encoding': encoding };
        const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: bomb });
        assert.ok([413, 415].includes(answer.status), `${path} ${encoding} ${String(answer.status)}`);
        await answer.text();
      }
    assert.ok(process.memoryUsage().rss - before < 50_000_000);
    assert.equal((await client.get('Patient')).status, 200);
  });
});
