import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { importItems, type Report } from '../../src/transfer/import.js';
import { readItems, type Item } from '../../src/transfer/sources.js';
import type { Client } from '../support/client.js';
import { start, TENANT, type Server } from '../support/server.js';

const patient = (id: string, more: object = {}): any => ({ resourceType: 'Patient', id, gender: 'female', ...more });
const identified = (id: string, value: string): any => patient(id, { identifier: [{ system: 'urn:oid:9', value }] });

const observation = (id: string, subject: string): any => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'Pulse' },
  subject: { reference: subject },
});

const bundle = (type: string, ...entry: object[]): any => ({ resourceType: 'Bundle', type, entry });

describe('transfer/import', () => {
  let server: Server;
  let client: Client;
  let folder: string;

  before(async () => {
    server = await start();
    client = await server.client();
    folder = await mkdtemp(join(tmpdir(), 'portico-'));
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const take = (items: AsyncIterable<Item>, progress?: (report: Report) => void): Promise<Report> => {
    const { registry, rows, writer, base, now } = server.portico;
    assert.ok(writer);
    const options = { tenant: TENANT, registry, rows, writer, base, now, author: { user: 'test' } };
    return importItems(items, { ...options, ...(progress && { progress }) });
  };
  const send = (...resources: unknown[]): Promise<Report> =>
    take(
      (async function* () {
        for (const [index, each] of resources.entries())
          yield { origin: `item ${String(index)}`, text: typeof each === 'string' ? each : JSON.stringify(each) };
      })(),
    );
  const status = async (path: string): Promise<number> => (await client.get(path)).status;
  const subjectOf = async (id: string): Promise<string> =>
    (await client.get(`Observation/${id}`)).body.subject.reference as string;

  describe('Bundles', () => {
    for (const type of ['collection', 'transaction', 'batch', 'document', 'message', 'searchset'])
      it(`a ${type} is written whole, and a second time changes nothing`, async () => {
        const sent = bundle(
          type,
          { resource: observation(`o-${type}`, `Patient/p-${type}`), request: { method: 'PUT', url: 'x' } },
          { resource: patient(`p-${type}`), search: { mode: 'match' } },
          { resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'warning', code: 'x' }] } },
        );
        const { created, refused } = await send(sent);
        assert.deepEqual({ created, refused }, { created: 2, refused: [] });
        assert.equal(await subjectOf(`o-${type}`), `Patient/p-${type}`);
        const again = await send(sent);
        assert.deepEqual([again.created, again.updated, again.unchanged], [0, 0, 2]);
      });

    it('is written not at all when one entry is refused, which the report names', async () => {
      const report = await send(
        bundle('collection', { resource: patient('half') }, { resource: { ...patient('bad'), gender: 7 } }),
      );
      assert.equal(report.created, 0);
      assert.match(report.refused[0]?.expression ?? '', /^Bundle\.entry\[1\]\.resource.*gender/);
      assert.equal(report.refused[0]?.origin, 'item 0');
      assert.equal(await status('Patient/half'), 404);
    });

    it('a history gives the newest version of each, and nothing of what was deleted', async () => {
      const report = await send(
        bundle(
          'history',
          { fullUrl: 'urn:x', request: { method: 'DELETE', url: 'Patient/gone' } },
          { resource: patient('kept', { gender: 'male' }), request: { method: 'PUT', url: 'Patient/kept' } },
          { resource: patient('gone'), request: { method: 'POST', url: 'Patient' } },
          { resource: patient('kept'), request: { method: 'POST', url: 'Patient' } },
        ),
      );
      assert.deepEqual([report.created, report.refused.length], [1, 0]);
      assert.equal((await client.get('Patient/kept')).body.gender, 'male');
      assert.equal(await status('Patient/gone'), 404);
    });

    it('references by fullUrl and by urn:uuid become references to what was written', async () => {
      const uuid = 'urn:uuid:5b1f1c1e-8d5e-4a6c-9a7e-0d9f3f6f2a11';
      const { resourceType, gender } = patient('x');
      const sent = bundle(
        'transaction',
        { fullUrl: uuid, resource: { resourceType, gender } },
        { fullUrl: 'http://other.example/fhir/Patient/there', resource: patient('there') },
        { resource: observation('by-uuid', uuid) },
        { resource: observation('by-url', 'http://other.example/fhir/Patient/there') },
      );
      assert.deepEqual((await send(sent)).refused, []);
      assert.equal(await subjectOf('by-uuid'), `Patient/${uuid.slice('urn:uuid:'.length)}`);
      assert.equal(await subjectOf('by-url'), 'Patient/there');
      assert.equal((await send(sent)).unchanged, 4, 'the same Bundle is the same resources');
    });

    it('two entries of one id are refused, and an entry without any', async () => {
      const twice = await send(bundle('collection', { resource: patient('t') }, { resource: patient('t') }));
      assert.match(twice.refused[0]?.reason ?? '', /same resource/);
      const none = await send(bundle('collection', { resource: { resourceType: 'Patient', gender: 'male' } }));
      assert.match(none.refused[0]?.reason ?? '', /no id/);
    });

    for (const [name, broken] of Object.entries({
      'entry is no list': { resourceType: 'Bundle', type: 'collection', entry: {} },
      'an entry is null': bundle('collection', null as unknown as object),
      'a resource is a text': bundle('collection', { resource: 'Patient' }),
      'a resource has no type': bundle('collection', { resource: { id: 'x' } }),
      'a fullUrl is a number': bundle('collection', { fullUrl: 7, resource: patient('x') }),
      'a patch': bundle('transaction', { request: { method: 'PATCH' }, resource: { resourceType: 'Binary', id: 'x' } }),
    }))
      it(`is refused with a path when ${name}`, async () => {
        const { refused, created } = await send(broken);
        assert.equal(created, 0);
        assert.match(refused[0]?.expression ?? '', /^Bundle\.entry/);
      });
  });

  describe('conditional references', () => {
    it('are resolved among what is stored, what comes later, and what stands in the same Bundle', async () => {
      await send(identified('stored', 'A'));
      const report = await send(
        observation('to-stored', 'Patient?identifier=urn:oid:9|A'),
        observation('to-later', 'Patient?identifier=urn:oid:9|B'),
        bundle(
          'collection',
          { resource: observation('inside', 'Patient?identifier=urn:oid:9|C') },
          { resource: identified('within', 'C') },
        ),
        identified('later', 'B'),
      );
      assert.deepEqual(report.refused, []);
      assert.equal(await subjectOf('to-stored'), 'Patient/stored');
      assert.equal(await subjectOf('to-later'), 'Patient/later');
      assert.equal(await subjectOf('inside'), 'Patient/within');
    });

    it('that match more than one are refused', async () => {
      const report = await send(
        identified('twin-1', 'T'),
        identified('twin-2', 'T'),
        observation('to-twins', 'Patient?identifier=urn:oid:9|T'),
        bundle(
          'collection',
          { resource: observation('to-triplets', 'Patient?identifier=urn:oid:9|U') },
          { resource: identified('triplet-1', 'U') },
          { resource: identified('triplet-2', 'U') },
        ),
      );
      assert.equal(report.refused.length, 2);
      for (const { reason } of report.refused) assert.match(reason, /more than one/);
      assert.equal(await status('Patient/triplet-1'), 404);
    });

    it('THREAT: find nothing of another organization', async () => {
      await server.save([identified('foreign', 'F')], 'org_two');
      await send(observation('to-foreign', 'Patient?identifier=urn:oid:9|F'));
      assert.notEqual(await subjectOf('to-foreign'), 'Patient/foreign');
    });
  });

  describe('files', () => {
    const file = async (name: string, text: string): Promise<string> => {
      const path = join(folder, name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, text);
      return path;
    };

    it('NDJSON: each line for itself, faults by line', async () => {
      const lines = [JSON.stringify(patient('n1')), '', '{"resourceType":"Patient",', JSON.stringify(patient('n2'))];
      const path = await file('lines.ndjson', `${lines.join('\r\n')}\n`);
      const report = await take(readItems(path));
      assert.equal(report.created, 2);
      assert.equal(report.refused.length, 1);
      assert.equal(report.refused[0]?.origin, `${path}:3`);
    });

    it('XML: a resource or a Bundle, decimals as they are written; what is none is refused with its line', async () => {
      const file = join(folder, 'observation.xml');
      const xml = (id: string, status: string): string =>
        `<?xml version="1.0"?>\n<Observation xmlns="http://hl7.org/fhir"><id value="${id}"/><status value="${status}"/>` +
        '<code><text value="x"/></code><valueQuantity><value value="1.50"/></valueQuantity></Observation>';
      await writeFile(file, `\ufeff${xml('from-xml', 'final')}`);
      const { created, refused } = await take(readItems(file));
      assert.deepEqual({ created, refused }, { created: 1, refused: [] });
      assert.ok((await client.get('Observation/from-xml')).text.includes('"value":1.50'));
      const faulty = await send(xml('x', 'final').replace('<code>', '<codes>'), '<a', xml('y', 'nonsense'));
      assert.deepEqual(
        faulty.refused.map(({ origin, expression }) => [origin, expression]),
        [
          ['item 0', 'Observation.codes'],
          ['item 1', undefined],
          ['item 2', 'Observation.status'],
        ],
      );
      assert.match(faulty.refused[0]?.reason ?? '', /^Line 2: /);
    });

    it('a folder, with folders in it, in the order of names; other files are left alone', async () => {
      await file('tree/a/one.json', JSON.stringify(patient('f1')));
      await file('tree/b.ndjson', JSON.stringify(patient('f2')));
      await file('tree/notes.txt', 'not for us');
      const report = await take(readItems(join(folder, 'tree')));
      assert.deepEqual([report.created, report.refused], [2, []]);
      const again = await take(readItems(join(folder, 'tree')));
      assert.deepEqual([again.created, again.updated, again.unchanged], [0, 0, 2]);
    });

    it('a package, as it is in registries', async () => {
      await file('pack/package/package.json', '{"name":"x"}');
      await file('pack/package/example/Patient-g.json', JSON.stringify(patient('g')));
      const path = join(folder, 'pack.tgz');
      await create({ gzip: true, cwd: join(folder, 'pack'), file: path }, ['package']);
      const report = await take(readItems(path));
      assert.deepEqual([report.created, report.refused], [1, []]);
    });

    it('a package that is none, or that is cut off, is an error and not an empty one', async () => {
      const whole = join(folder, 'pack.tgz');
      const bytes = await readFile(whole);
      const cut = join(folder, 'cut.tgz');
      await writeFile(cut, bytes.subarray(0, bytes.length - 40));
      await assert.rejects(take(readItems(cut)));
      const none = await file('none.tgz', 'this is no archive at all');
      await assert.rejects(take(readItems(none)));
    });

    it('what is no resource is refused, without a word of what it says', async () => {
      const report = await send('{"name":"Rowe"', '[]', '"Rowe"', '{"resourceType":"Rowe"}', 'null', '{"id":"x"}');
      assert.equal(report.created, 0);
      assert.equal(report.refused.length, 5);
      assert.deepEqual(report.skipped, { Rowe: 1 });
      for (const { reason } of report.refused) assert.doesNotMatch(reason, /Rowe/);
    });
  });

  it('counts types that are not served, and says how far it is', async () => {
    const seen: number[] = [];
    const items = (async function* () {
      for (const id of ['q1', 'q2']) yield { origin: id, text: JSON.stringify(patient(id)) };
      yield { origin: 'other', text: '{"resourceType":"Device","id":"d"}' };
    })();
    const report = await take(items, ({ created }) => seen.push(created));
    assert.deepEqual(report.skipped, { Device: 1 });
    assert.equal(seen.length, 3);
  });

  it('of one id twice in an import the later one is what is stored', async () => {
    const { created, updated, refused } = await send(
      patient('r'),
      patient('r', { gender: 'other' }),
      patient('r', { gender: 'male' }),
    );
    assert.deepEqual([created, updated, refused], [1, 2, []]);
    assert.equal((await client.get('Patient/r')).body.gender, 'male');
  });

  it('a Binary comes in before or after the document that attaches it', async () => {
    const document = (id: string, binary: string): any => ({
      resourceType: 'DocumentReference',
      id,
      status: 'current',
      subject: { reference: 'Patient/q1' },
      content: [{ attachment: { contentType: 'text/plain', url: `Binary/${binary}` } }],
    });
    const binary = (id: string): any => ({ resourceType: 'Binary', id, contentType: 'text/plain', data: 'eA==' });
    const report = await send(binary('b1'), document('d1', 'b1'), document('d2', 'b2'), binary('b2'));
    assert.deepEqual(report.refused, []);
    for (const id of ['b1', 'b2']) assert.equal(String((await client.get(`Binary/${id}`)).body), 'x');
  });
});
