import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createOrg } from '../../src/auth/orgs.js';
import { bodyOf } from '../../src/dev/upstream/webhooks.js';
import { createIntegration } from '../../src/pulsara/integration.js';
import { openDatabase, type Database } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import type { Measurement } from './measurements.js';
import { anonymousMemory, answer, start, stop } from './processes.js';
import { TENANT } from './templates.js';

const TOKEN = 'a token for the bench, which opens nothing';
const SECRET = 'a secret for the bench, which opens nothing';
/** As many as a hospital's cases of a day, told of fifty times each. */
const EVENTS_OF_CHANNEL = 50;
const CONNECTIONS = 32;

interface Sent {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p99: number;
}

/** Webhooks that come all at once, while cases are filed: answered, then drained, with memory flat. */
export const webhooks = (count: number): Measurement => ({
  bars: [
    { name: `burst of ${String(count)} webhooks: p99, ms`, bar: '<= 50' },
    { name: `burst of ${String(count)} webhooks: drained, a second`, bar: '>= 20' },
    { name: `burst of ${String(count)} webhooks: memory, MB`, bar: '<= 160' },
  ],
  measure: async ({ loads: [load], note }) => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-bench-'));
    const environment = {
      PORTICO_BASE_URL: 'http://bench.example',
      PORTICO_DATABASE_URL: `sqlite:${join(folder, 'webhooks.sqlite')}`,
      PORTICO_SECRET: SECRET,
      PORTICO_ALLOW_LOOPBACK: 'true',
    };
    const own = await openDatabase(environment.PORTICO_DATABASE_URL);
    const upstream = start('upstream', { args: [TOKEN, String(Math.ceil(count / EVENTS_OF_CHANNEL))] });
    const { port: upstreamPort } = await answer<{ port: number }>(upstream);
    const id = await connect(own, `http://127.0.0.1:${String(upstreamPort)}`);
    const server = start('portico', { environment });
    const { port } = await answer<{ port: number }>(server);
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, anonymousMemory(server.pid) ?? 0)), 100);
    try {
      const began = performance.now();
      const requests = Array.from({ length: count }, (_, index) => requestOf(id, index));
      load.send({ port, requests, connections: CONNECTIONS, most: count });
      const sent = await answer<Sent>(load);
      if (sent.failures > 0) throw new Error(`${String(sent.failures)} webhooks were refused`);
      while ((await left(own)) > 0) {
        await sleep(200);
        const [failed] = await own.arrays(`select reason from job where reason is not null`, []);
        if (failed) throw new Error(`an event could not be done: ${String(failed[0])}`);
      }
      const seconds = (performance.now() - began) / 1000;
      const [lost] = (await own.arrays(`select ? - count(outcome) from inbox_event`, [count]))[0] as [number];
      if (lost > 0) throw new Error(`${String(lost)} events had no effect`);
      note(`webhooks: ${String(sent.requests)} in ${sent.seconds.toFixed(1)} s, drained after ${seconds.toFixed(1)} s`);
      return [sent.p99, count / seconds, most === 0 ? undefined : most];
    } finally {
      clearInterval(watch);
      await Promise.all([stop(server), stop(upstream)]);
      await own.close();
      rmSync(folder, { recursive: true });
    }
  },
});

async function connect(own: Database, upstream: string): Promise<string> {
  await migrate(own);
  await createOrg(own, TENANT, 'Bench', Date.now());
  const systems = { mrnSystem: 'urn:bench:mrn', csnSystem: 'urn:bench:csn' };
  return createIntegration(
    own,
    SECRET,
    {
      ...{ tenant: TENANT, name: 'Pulsara', upstream, tokenHeader: 'x-api-key', token: TOKEN, entity: undefined },
      ...{ key: { signature: 'hmac-sha256', secret: SECRET }, messages: false },
      rules: { mrn: [{ category: 'MRN' }], csn: [], ...systems },
    },
    Date.now(),
  );
}

function requestOf(integration: string, index: number): string {
  const channel = `channel-${String(Math.floor(index / EVENTS_OF_CHANNEL))}`;
  const identifier = { id: 'mrn', name: 'MRN', category: 'MRN' };
  const body = bodyOf(`evt-${String(index)}`, 'updated', channel, identifier, '2026-03-01T20:05:00Z');
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  return [
    `POST /webhooks/pulsara/${integration} HTTP/1.1`,
    'Host: bench.example',
    'Content-Type: application/json',
    `Content-Length: ${String(body.length)}`,
    `Pulsara-Signature: ${signature}`,
    '',
    body,
  ].join('\r\n');
}

const left = async (own: Database): Promise<number> =>
  Number((await own.arrays(`select count(*) from job where state in ('waiting', 'running')`, []))[0]?.[0]);
