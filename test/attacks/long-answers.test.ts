import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportAll } from '../../src/transfer/export.js';
import { observation, patient } from '../search/resources.js';
import { included, matches, type Client } from '../support/client.js';
import { patientPages } from '../support/pages.js';
import { start, TENANT, type Server } from '../support/server.js';
import { to } from './records.js';

/** What one answer may hold here: as 64 million characters are to a server, so is this to the test. */
const MOST = 2_000_000;
const LONG = 150_000;
/** What a cut may cost: far above what it takes, far below what reading all would. */
const MILLISECONDS = 20_000;

const long = (id: string, more: object = {}): object =>
  observation(id, { subject: to('Patient/p'), note: [{ text: 'x'.repeat(LONG) }], ...more });
const many = Array.from({ length: 15 }, (_, index) => index + 1);
const refer = (to: string, count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ reference: `Observation/${to}-${String(index)}` }));

describe('attacks/long answers', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start({ mostCharacters: MOST });
    client = await server.client();
    await server.save([
      patient('p', { generalPractitioner: many.map((each) => to(`Practitioner/d${String(each)}`)) }),
      ...many.map((each) => ({
        ...{ resourceType: 'Practitioner', id: `d${String(each)}` },
        name: [{ text: 'x'.repeat(LONG) }],
      })),
      ...many.map((each) => long(`o${String(each)}`)),
    ]);
  });
  after(() => server.stop());

  /** So much is not for the judge of all answers. */
  async function ask(path: string, entry?: object[], type = 'batch'): Promise<any> {
    const answer = await fetch(/^https?:/.test(path) ? path : `${server.base}/${path}`, {
      headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/fhir+json' },
      ...(entry && { method: 'POST', body: JSON.stringify({ resourceType: 'Bundle', type, entry }) }),
    });
    const text = await answer.text();
    assert.ok(text.length < MOST + 100_000, `${path}: ${String(text.length)} characters`);
    return JSON.parse(text);
  }

  async function pages(path: string): Promise<any[]> {
    const found: any[] = [];
    for (let next: string | undefined = path; next !== undefined;) {
      const body: any = await ask(next);
      assert.equal(body.resourceType, 'Bundle', JSON.stringify(body));
      found.push(body);
      next = body.link.find(({ relation }: any) => relation === 'next')?.url;
    }
    return found;
  }

  const codeOf = (body: any): string | undefined => body.issue?.[0].details.coding[0].code;
  const noteOf = (body: any): string | undefined =>
    body.entry.find(({ search }: any) => search.mode === 'outcome')?.resource.issue[0].code;

  it('THREAT 73: a search says that its page would be too long, of one type and of several', async () => {
    for (const path of ['Observation?patient=p', '?_type=Observation,Practitioner', 'Patient/p/*'])
      assert.equal(codeOf(await ask(path)), 'too-costly', path);
    const few = await pages('Observation?patient=p&_count=10');
    assert.equal(few.flatMap(matches).length, many.length);
  });

  it('THREAT 73: a page of a history ends where it is long enough, and the next one goes on', async () => {
    for (const each of many) await client.send('PUT', 'Observation/o1', long('o1', { valueInteger: each }));
    for (const path of ['Observation/o1/_history', 'Observation/_history', '_history']) {
      const found = await pages(`${path}?_count=500`);
      assert.ok(found.length > 1, path);
      const etags = found.flatMap(({ entry }) =>
        entry.map(({ fullUrl, response }: any) => `${String(fullUrl)} ${String(response.etag)}`),
      );
      assert.equal(new Set(etags).size, found[0].total, path);
      assert.equal(etags.length, found[0].total, path);
    }
  });

  it('THREAT 73: what comes beside the matches ends where the page is long enough, which is told', async () => {
    const body = await ask('Patient?_id=p&_include=Patient:general-practitioner');
    assert.equal(matches(body).length, 1);
    assert.ok(included(body).length >= 10 && included(body).length < many.length);
    assert.equal(noteOf(body), 'incomplete');
    const reversed = await ask('Patient?_id=p&_revinclude=Observation:patient');
    assert.ok(included(reversed).length > 0 && included(reversed).length < many.length);
    assert.equal(noteOf(reversed), 'incomplete');
    const all = await pages('Patient/p/$everything?_count=500');
    assert.equal(
      new Set(all.flatMap(matches).filter(({ resourceType }) => resourceType === 'Observation')).size,
      many.length,
    );
    assert.equal(noteOf(all[0]), 'incomplete');
  });

  it('THREAT 73: an export, and the pages of a patient, are read in pieces that are short enough', async () => {
    const { registry, rows, own, base } = server.portico;
    const folder = mkdtempSync(join(tmpdir(), 'portico-test-'));
    const counts = await exportAll({ tenant: TENANT, registry, rows, own, base, folder });
    rmSync(folder, { recursive: true });
    assert.equal(counts['Observation'], many.length);
    const { status, text } = await (await patientPages(server, 'p')).get('/portal');
    assert.equal(status, 200, text.slice(0, 1000));
  });

  it('THREAT 73: the answers of a batch are counted one after the other, so that they are never all there', async () => {
    const entry = Array.from({ length: 9 }, () => ({
      request: { method: 'GET', url: 'Observation?patient=p&_count=10' },
    }));
    const { entry: answers } = await ask('', entry);
    const statuses = answers.map(({ response }: any) => response.status.slice(0, 3));
    assert.deepEqual(statuses, ['200', ...Array.from({ length: 8 }, () => '400')]);
    const writes = many.slice(0, 9).map((each) => ({
      resource: long(`o${String(each)}`, { valueInteger: 100 }),
      request: { method: 'PUT', url: `Observation/o${String(each)}` },
    }));
    for (const type of ['batch', 'transaction']) {
      const { entry: written } = await ask('', writes, type);
      assert.ok(written.every(({ response }: any) => response.status === '200 OK' && response.etag !== undefined));
      assert.ok(written[0].resource && !written[8].resource, 'what is done is told, and no more');
    }
  });

  it('THREAT 73: of very many references so many are looked at, which is told, and a chain is right all the same', async () => {
    const ids = many.slice(0, 5).map((each) => `many${String(each)}`);
    for (const id of ids) {
      const sent = observation(id, { subject: to('Patient/q'), hasMember: [to('Observation/o1'), ...refer(id, 4500)] });
      assert.equal((await client.send('PUT', `Observation/${id}`, sent)).status, 201);
    }
    await server.save([patient('q')]);
    const began = performance.now();
    const some = await ask(`Observation?_id=many1&_include=Observation:has-member&_elements=status`);
    assert.deepEqual([included(some).length, noteOf(some)], [1, undefined]);
    const cut = await ask(`Observation?_id=${ids.join()}&_include=Observation:has-member&_elements=status`);
    assert.equal(noteOf(cut), 'incomplete');
    assert.equal(noteOf((await pages('Patient/q/$everything'))[0]), 'incomplete');
    // More rows name its Observations than are looked at: each row then looks for its own.
    const chained = `Observation?_has:Observation:has-member:_id=${ids.join()}&_summary=count`;
    assert.equal((await ask(chained)).total, 1);
    assert.ok(performance.now() - began < MILLISECONDS);
  });
});
