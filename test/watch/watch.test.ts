import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ehr } from '../../src/watch/ehr.js';
import { Folder } from '../../src/watch/folder.js';
import { receiving } from '../../src/watch/receive.js';
import { WatchError } from '../../src/watch/ask.js';
import { Upstream } from '../../src/watch/upstream.js';
import { Watch } from '../../src/watch/watch.js';
import { createWebhook, webhookKey } from '../../src/webhooks/webhook.js';
import type { Client } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { until } from '../support/until.js';

const MR = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] };
const hourAgo = () => new Date(Date.now() - 3_600_000).toISOString();

const patient = (id: string, family: string, mrn: string) => ({
  ...{ resourceType: 'Patient', id, name: [{ family, given: ['Yellow'] }], birthDate: '1958-07-14' },
  identifier: [{ type: MR, system: 'urn:oid:1.2.3', value: mrn }],
});
const encounter = (id: string, who: string) => ({
  ...{ resourceType: 'Encounter', id, status: 'finished', subject: { reference: `Patient/${who}` } },
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'EMER' },
  period: { start: hourAgo(), end: new Date().toISOString() },
});
const psr = (id: string, channel: string, who: string, text: string) => ({
  ...{ resourceType: 'DocumentReference', id, status: 'current', date: new Date().toISOString() },
  type: { coding: [{ system: 'http://loinc.org', code: '67796-3' }] },
  subject: { reference: `Patient/${who}` },
  content: [{ attachment: { contentType: 'application/pdf', data: Buffer.from(`%PDF-${text}`).toString('base64') } }],
  context: { encounter: [{ reference: `Encounter/${channel}` }] },
});

describe('portico watch', () => {
  let server: Server;
  let ehr: Client;
  let ehrClient: string;
  let token: string;
  let folder: string;
  let said: string[];

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    // The other organization plays the EHR.
    const client = await server.credential({ tenant: OTHER_TENANT, scopeCeiling: 'system/*.cruds' });
    ehrClient = `${client.id}:${client.secret}`;
    ehr = await server.client('system/*.cruds', OTHER_TENANT);
    token = (await server.credential({ kind: 'org', scopeCeiling: 'apiv2' })).secret;
    await server.save([
      patient('u1', 'Canary', 'm1'),
      patient('u2', 'Finch', 'm2'),
      encounter('c1', 'u1'),
      encounter('c2', 'u2'),
    ]);
    await server.save([psr('d1', 'c1', 'u1', 'one')]);
    await server.save([patient('e1', 'CANARY', 'm1'), patient('e2', 'Somebody', 'm2')], OTHER_TENANT);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portico-test-'));
    said = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  after(() => server.stop());

  const watching = async (url = server.url, fhir = server.base) =>
    new Watch({
      upstream: new Upstream(url, token),
      folder: await Folder.open(folder),
      ehr: new Ehr(fhir, ehrClient),
      ...{ lookBackHours: 24, say: (line: string) => void said.push(line) },
    });
  const pdfs = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.pdf'))
      .sort();
  const filed = async (status: string) =>
    (await ehr.get(`DocumentReference?status=${status}&_sort=_lastUpdated`)).body.entry?.map(
      (each: any) => each.resource,
    ) ?? [];

  it('brings a summary into the folder and into the record of its patient, once; a new one replaces it', async () => {
    assert.deepEqual(await (await watching()).look(), { failed: 0 });
    assert.equal(pdfs().length, 2);
    const first = pdfs().find((name) => name.startsWith('c1-'))!;
    assert.equal(readFileSync(join(folder, first), 'utf8'), '%PDF-one');
    assert.equal(statSync(join(folder, first)).mode & 0o077, 0);
    const [document, ...others] = await filed('current');
    assert.deepEqual(others, []);
    assert.equal(document.subject.reference, 'Patient/e1');
    const bytes = await ehr.get(document.content[0].attachment.url, { headers: { accept: 'application/pdf' } });
    assert.equal(bytes.text, '%PDF-one');
    // The same number, another name: it lies in the folder, and in nobody's record.
    assert.match(said.join('\n'), /c2: not filed in the EHR/);

    // Anew, as after a crash that lost the ledger: what is there is not filed again.
    rmSync(join(folder, '.portico-watch.json'));
    said = [];
    await (await watching()).look();
    assert.equal((await filed('current')).length, 1);
    said = [];
    await (await watching()).look();
    assert.ok(
      said.every((line) => !line.includes('c1')),
      said.join(),
    );

    const fhir = await server.client();
    await fhir.send('PUT', 'DocumentReference/d1', { ...psr('d1', 'c1', 'u1', 'one'), status: 'superseded' });
    await server.save([psr('d2', 'c1', 'u1', 'two')]);
    await (await watching()).look();
    const [current, ...more] = await filed('current');
    assert.deepEqual(more, []);
    assert.deepEqual(current.relatesTo, [
      { code: 'replaces', target: { reference: `DocumentReference/${String(document.id)}` } },
    ]);
    assert.deepEqual(
      (await filed('superseded')).map(({ id }: any) => id),
      [document.id],
    );
    assert.equal(pdfs().filter((name) => name.startsWith('c1-')).length, 2);
  });

  it('hears of a summary by webhook within two seconds, and takes only what is signed', async () => {
    const watch = await watching();
    const port = await listening((request, response) => hook.emit('request', request, response));
    const url = `http://127.0.0.1:${String((port.address() as AddressInfo).port)}/`;
    const { own, secret: key, now } = server.portico;
    const wanted = { tenant: TENANT, name: 'watch', url, events: ['document.created'], scheme: 'hmac' } as const;
    const made = await createWebhook(own, webhookKey(key), wanted, { outbound: { allowLoopback: true }, now: now() });
    const hook = receiving({ watch, secret: made.secret ?? '', say: (line) => void said.push(line) });
    await server.save([encounter('c3', 'u1')]);
    const began = performance.now();
    await server.save([psr('d3', 'c3', 'u1', 'three')]);
    await until(async () => said.some((line) => line.startsWith('c3: DocumentReference/')));
    assert.ok(performance.now() - began < 2000, `${String(performance.now() - began)} ms`);
    assert.ok(pdfs().some((name) => name.startsWith('c3-')));
    const event = JSON.stringify({ event: 'document.created', data: { patient_channel: { id: 'c1' } } });
    const before = pdfs();
    for (const signature of ['', 't=1,v1=00', `t=${String(Math.floor(Date.now() / 1000))},v1=${'0'.repeat(64)}`]) {
      const headers = { 'portico-signature': signature };
      assert.equal((await fetch(url, { method: 'POST', body: event, headers })).status, 401);
    }
    assert.deepEqual(pdfs(), before);
    port.closeAllConnections();
    port.close();
  });

  it('says what failed, keeps nothing that is half there, and brings it with the next look', async () => {
    let fault: ((response: ServerResponse) => void) | undefined;
    const between = await listening((request, response) => {
      if (fault && request.url?.includes('/summary')) {
        fault(response);
        return;
      }
      fetch(`${server.url}${request.url ?? ''}`, { headers: request.headers as Record<string, string> })
        .then(async (answer) => {
          response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
          response.end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch(() => response.destroy());
    });
    const url = `http://127.0.0.1:${String((between.address() as AddressInfo).port)}`;
    const faults: ((response: ServerResponse) => void)[] = [
      (response) => response.writeHead(500).end(),
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sorry</h1>'),
      (response) => response.writeHead(302, { location: server.url }).end(),
      (response) => {
        response.writeHead(200, { 'content-type': 'application/pdf', 'content-length': '100' });
        response.write('%PDF-half');
        setTimeout(() => response.destroy(), 20);
      },
    ];
    for (const each of faults) {
      fault = each;
      const looked = await (await watching(url)).look();
      assert.ok(looked.failed > 0);
      assert.deepEqual(pdfs(), []);
    }
    fault = undefined;
    assert.deepEqual(await (await watching(url)).look(), { failed: 0 });
    assert.ok(pdfs().length >= 2);
    // An EHR that is away keeps nothing out of the folder.
    rmSync(folder, { recursive: true });
    const away = await (await watching(server.url, `${url}/nothing`)).look().catch((error: unknown) => error);
    assert.ok(away instanceof WatchError || (away as { failed: number }).failed > 0, String(away));
    assert.ok(pdfs().length > 0);
    await assert.rejects(new Upstream(server.url, 'pto_wrong').stopped(new Date()), /it does not take this token/);
    between.closeAllConnections();
    between.close();
  });
});

async function listening(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<HttpServer> {
  const made = createServer(handle);
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return made;
}
