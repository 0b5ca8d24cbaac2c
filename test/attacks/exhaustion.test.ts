import assert from 'node:assert/strict';
import { patient, observation } from '../search/resources.js';
import type { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { to } from './records.js';

/** What a small request may cost: far above what any takes, far below what any of these took. */
const MILLISECONDS = 20_000;

describe('attacks/exhaustion', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([
      patient('a', { name: [{ family: `${'a'.repeat(20)}!` }] }),
      patient('long', { extension: Array.from({ length: 2000 }, () => ({ url: 'urn:x', valueString: 'x' })) }),
      { resourceType: 'Encounter', id: 'e', status: 'finished', class: { code: 'EMER' }, subject: to('Patient/a') },
    ]);
  });
  after(() => server.stop());

  async function quickly<T>(what: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const done = await work();
    assert.ok(performance.now() - began < MILLISECONDS, `${what} took ${(performance.now() - began).toFixed(0)} ms`);
    return done;
  }

  it('THREAT 70: a JSON Patch does not double what it copies, and makes nothing that could not be sent', async () => {
    const headers = { 'content-type': 'application/json-patch+json' };
    const doubling = [
      { op: 'add', path: '/extension', value: [{ url: 'urn:x', valueString: 'x' }] },
      ...Array.from({ length: 40 }, () => ({ op: 'copy', from: '/extension', path: '/extension/-' })),
    ];
    const send = (operations: object[], path = 'Patient/a') =>
      quickly('a patch', () => client.send('PATCH', path, JSON.stringify(operations), headers));
    const copied = [
      { op: 'copy', from: '/extension', path: '/x' },
      { op: 'remove', path: '/x' },
    ];
    assert.equal((await send(copied, 'Patient/long')).status, 200);
    assert.equal((await send([...copied, ...copied], 'Patient/long')).status, 413);
    assert.equal((await send(doubling)).status, 413);
    const longer = Array.from({ length: 4 }, () => ({ op: 'copy', from: '/name', path: '/x' }));
    assert.equal((await send(longer)).status, 400, 'a few copies are only copies');
    const item = { url: 'urn:x', valueString: 'x'.repeat(600_000) };
    const growing = [{ op: 'add', path: '/extension', value: [item] }];
    assert.equal((await send(growing)).status, 200);
    assert.equal((await send([{ op: 'add', path: '/extension/-', value: item }])).status, 413);
  });

  it('THREAT 74: the criteria of a FHIRPath Patch match by no pattern, and multiply nothing', async () => {
    const operation = (path: string) => ({
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'delete' },
        { name: 'path', valueString: path },
      ],
    });
    const send = (id: string, ...paths: string[]) =>
      quickly('a patch', () =>
        client.send('PATCH', `Patient/${id}`, { resourceType: 'Parameters', parameter: paths.map(operation) }),
      );
    for (const criteria of [
      "family.matches('^(a+)+$')",
      "family.replaceMatches('^(a+)+$', '') = ''",
      `family${'.select($this.combine($this))'.repeat(12)}.exists()`,
      'family.repeat($this.combine($this)).exists()',
      "not(family | family.matches('^(a+)+$'))",
      "(family & family) = 'x'",
      'family.where($this.descendants().exists()).exists()',
    ]) {
      const { status, text } = await send('a', `Patient.name.where(${criteria})`);
      assert.deepEqual([status, /invalid-patch/.test(text)], [400, true], criteria);
    }
    const long = `Patient.extension.where(${"url = 'y' or ".repeat(60)}url = 'y')`;
    const many = await send('long', ...Array.from({ length: 6 }, () => long));
    assert.deepEqual([many.status, /too-costly/.test(many.text)], [400, true]);
    const fine = "Patient.name.where(family.startsWith('z') or family.lower() = 'z' or given.exists()).given";
    assert.equal((await send('a', fine)).status, 200);
  });

  it('THREAT 73, 74: a summary of long words is set in the time of its length, or refused', async () => {
    const summary = () =>
      quickly('a summary', () =>
        fetch(`${server.url}/api/v1/patient-channels/e/summary`, {
          headers: { authorization: `Bearer ${client.token}`, accept: 'application/pdf' },
        }),
      );
    const say = async (text: string): Promise<void> => {
      const message = { resourceType: 'Communication', id: 'm', status: 'completed', sent: '2026-01-01T00:00:00Z' };
      const ofCase = {
        subject: to('Patient/a'),
        encounter: to('Encounter/e'),
        sender: { display: text.slice(0, 9000) },
      };
      const { status } = await client.send('PUT', 'Communication/m', {
        ...{ ...message, ...ofCase },
        payload: [{ contentString: text }],
      });
      assert.ok(status < 300);
    };
    await client.send('PUT', 'Observation/o', {
      ...observation('o', { code: { text: 'x'.repeat(50_000) }, valueString: 'y' }),
      ...{ subject: to('Patient/a'), encounter: to('Encounter/e') },
    });
    await say('x'.repeat(50_000));
    const made = await summary();
    assert.equal(made.status, 200);
    assert.equal(
      Buffer.from(await made.arrayBuffer())
        .subarray(0, 5)
        .toString(),
      '%PDF-',
    );
    await say('x '.repeat(400_000));
    assert.equal((await summary()).status, 422);
  });

  it('THREAT 47, 73: what a transaction names is short, and what it asks is counted', async () => {
    const entry = (resource: object, more: object = {}) => ({
      ...more,
      ...{ resource, request: { method: 'POST', url: 'Observation' } },
    });
    const { id: _id, ...resource } = observation('x') as { id: string };
    const send = (...entries: object[]) =>
      quickly('a transaction', () =>
        client.send('POST', '', { resourceType: 'Bundle', type: 'transaction', entry: entries }),
      );
    const performer = Array.from({ length: 500 }, (_, index) => to(`Practitioner/${String(index)}`));
    const long = `http:/${'/A'.repeat(1_000_000)}`;
    assert.equal((await send(entry({ ...resource, performer }, { fullUrl: long }))).status, 400);
    const asking = Array.from({ length: 201 }, (_, index) => to(`Practitioner?identifier=${String(index)}`));
    const { status, text } = await send(entry({ ...resource, performer: asking }));
    assert.deepEqual([status, /too-costly/.test(text)], [400, true]);
    for (const query of ['identifier=%zz', '%=%', 'identifier=%00', 'identifier=a%7Cb%7Cc', '&=', '?']) {
      const answer = await send(entry({ ...resource, subject: to(`Patient?${query}`) }));
      assert.ok(answer.status >= 400 && answer.status < 500, `${query} ${String(answer.status)}`);
    }
  });

  it('THREAT 72: a NUL in whatever becomes a search is refused where it stands, on every way to one', async () => {
    const urls = ['Patient?name=%00', '?_type=Patient&_id=%00', 'Observation/$lastn?patient=a&code=%00'];
    const entry = [
      ...urls.map((url) => ({ request: { method: 'GET', url } })),
      { request: { method: 'DELETE', url: 'Patient?identifier=%00' } },
      { resource: patient('n'), request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=%00' } },
      { request: { method: 'GET', url: 'Patient/a' } },
    ];
    const { body } = await client.send('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
    const statuses = body.entry.map(({ response }: any) => response.status.slice(0, 3));
    assert.deepEqual(statuses, ['400', '400', '400', '400', '400', '200']);
    const created = await client.send('POST', 'Patient', patient('n'), { 'if-none-exist': 'identifier=%00' });
    const channel = { type: 'rest-hook', endpoint: 'https://receiver.example/hook' };
    const told = {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'x',
      criteria: 'Patient?name=%00',
      channel,
    };
    assert.deepEqual([created.status, (await client.send('POST', 'Subscription', told)).status], [400, 422]);
  });

  it('THREAT 73: the answers of one Bundle are no longer than a reader takes, and writes are done all the same', async () => {
    await server.save([patient('large', { extension: [{ url: 'urn:x', valueString: 'x'.repeat(900_000) }] })]);
    const entry = [
      ...Array.from({ length: 60 }, () => ({ request: { method: 'GET', url: 'Patient/large' } })),
      { resource: patient('small'), request: { method: 'PUT', url: 'Patient/small' } },
    ];
    // So much is not for the judge of all answers.
    const answer = await fetch(server.base, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${client.token}`, 'content-type': 'application/fhir+json' },
        'accept-encoding': 'identity',
      },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }),
    });
    const text = await answer.text();
    assert.ok(text.length < 45_000_000);
    const statuses = [...text.matchAll(/"status":"(\d{3}) /g)].map(([, status]) => status);
    assert.deepEqual([statuses[0], statuses[30], statuses[59], statuses[60]], ['200', '200', '400', '201']);
  });
});
