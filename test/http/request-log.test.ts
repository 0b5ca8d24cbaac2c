import assert from 'node:assert/strict';
import pino from 'pino';
import type { Log } from '../../src/log.js';
import type { Client } from '../support/client.js';
import { raw } from '../support/raw.js';
import { start, TENANT, type Server } from '../support/server.js';

const CANARY = 'Zzcanary';

describe('http: the request log', () => {
  let server: Server;
  let client: Client;
  const lines: string[] = [];
  const events: string[] = [];

  before(async () => {
    const log: Log = {
      logger: pino({ level: 'debug' }, { write: (line: string) => void events.push(line) }),
      request: (line) => void lines.push(line),
      flush: () => undefined,
    };
    server = await start({ log });
    await server.save([
      { resourceType: 'Patient', id: `${CANARY}-id`, active: true, name: [{ family: `${CANARY}-name` }] },
    ]);
    client = await server.client();
  });
  after(() => server.stop());
  beforeEach(() => lines.splice(0));

  /** The line is written when the answer is on its way: a client may have it a moment before. */
  async function written(count: number): Promise<any[]> {
    for (let tries = 0; lines.length < count && tries < 100; tries++) await new Promise((wait) => setTimeout(wait, 5));
    assert.equal(lines.length, count, lines.join(''));
    return lines.map((line) => {
      assert.match(line, /^\{[^\n]*\}\n$/);
      return JSON.parse(line) as unknown;
    });
  }

  it('REST 61: one line a request says who did what, and how it went', async () => {
    const { headers } = await client.get(`Patient/${CANARY}-id`, { headers: { 'x-request-id': 'r-1' } });
    const [line] = await written(1);
    assert.deepEqual(Object.keys(line), [
      ...['level', 'time', 'method', 'interaction', 'type', 'status', 'ms', 'requestId', 'org', 'credential'],
    ]);
    assert.equal(line.requestId, headers.get('x-request-id'));
    assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(line.method, 'GET');
    assert.equal(line.interaction, 'read');
    assert.equal(line.type, 'Patient');
    assert.equal(line.status, 200);
    assert.equal(line.org, TENANT);
    assert.match(line.credential, /^\w+$/);
  });

  it('REST 61: whatever is asked, the log has one line, and no word of the client in it', async () => {
    const id = `${CANARY}-id`;
    const json = { 'content-type': 'application/fhir+json' };
    const sent = (elements: object): string => JSON.stringify({ resourceType: 'Patient', ...elements });
    const asked: [path: string, interaction: string, status: number, more?: object][] = [
      [`Patient/${id}`, 'read', 200],
      [`Patient/${CANARY}`, 'read', 404],
      [`Patient/${id}/_history/1`, 'vread', 200],
      [`Patient?name=${CANARY}`, 'search-type', 200],
      [`Patient?${CANARY}=1`, 'search-type', 400],
      [`Patient?_sort=${CANARY}`, 'search-type', 400],
      [`Patient?_include=${CANARY}`, 'search-type', 400],
      [`Patient?birthdate=${CANARY}`, 'search-type', 400],
      [`Patient?access_token=${CANARY}`, 'none', 400],
      [`Patient/${id}?_format=${CANARY}`, 'none', 406],
      [`Patient/${id}/$${CANARY}`, 'none', 404],
      [`Patient/${id}`, 'none', 405, { method: 'POST' }],
      [`Patient`, 'create', 400, { method: 'POST', headers: json, body: `{"${CANARY}` }],
      [`Patient`, 'create', 400, { method: 'POST', headers: json, body: sent({ [CANARY]: 1 }) }],
      [`Patient`, 'create', 201, { method: 'POST', headers: json, body: sent({ name: [{ family: CANARY }] }) }],
      [`Patient/${CANARY}`, 'update', 201, { method: 'PUT', headers: json, body: sent({ id: CANARY }) }],
      [`Patient/${CANARY}`, 'delete', 204, { method: 'DELETE' }],
      [`${CANARY}/1`, 'none', 404],
      [`Binary/${CANARY}`, 'read', 404],
      [`Patient/${id}`, 'read', 401, { anonymous: true, headers: { authorization: `Bearer ${CANARY}` } }],
      [`Patient/${id}`, 'read', 403, { headers: { 'x-organization-id': CANARY } }],
      [`Patient/${id}`, 'preflight', 204, { method: 'OPTIONS', headers: { origin: `https://${CANARY}.example` } }],
      [`Patient/_search`, 'search-type', 200, { method: 'POST', body: new URLSearchParams({ name: CANARY }) }],
      [
        `Patient/_search`,
        'search-type',
        413,
        { method: 'POST', body: new URLSearchParams({ name: CANARY.repeat(9000) }) },
      ],
      [`Patient/${id}`, 'read', 200, { headers: { 'user-agent': CANARY, referer: `https://x.example/${CANARY}` } }],
      [`Patient/${id}`, 'read', 200, { headers: { 'x-request-id': `${CANARY} "` } }],
      [`${server.url}/healthz`, 'healthz', 200],
      [`${server.url}/readyz`, 'readyz', 200],
    ];
    for (const [path, interaction, status, more] of asked) {
      lines.splice(0);
      await client.ask(path, more);
      const [line] = await written(1);
      assert.equal(line.status, status, `${path}: ${lines.join('')}`);
      assert.equal(line.interaction, interaction, path);
      assert.ok(!lines[0]?.includes(CANARY), lines[0]);
      assert.ok(!lines[0]?.includes(client.token));
    }
    assert.ok(!events.join('').includes(CANARY), events.join(''));
  });

  it('REST 61: a path outside FHIR and a token request are logged without what they say', async () => {
    await raw(server.url, `/Patient/${CANARY}`);
    await raw(server.url, `/oauth/token?x=${CANARY}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${CANARY}` },
      chunks: [`grant_type=${CANARY}&client_id=${CANARY}&client_secret=${CANARY}`],
    });
    const [outside, token] = await written(2);
    assert.equal(outside.interaction, 'none');
    assert.equal(token.interaction, 'token');
    assert.ok(!lines.join('').includes(CANARY), lines.join(''));
  });
});
