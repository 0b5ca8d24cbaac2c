import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { remove } from '../support/remove.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const patient = (id: string, family: string) => ({ resourceType: 'Patient', id, name: [{ family }] });
const observation = (id: string, subject: string, text: string) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text },
  subject: { reference: subject },
});

describe('rest: read and vread', () => {
  let server: Server;
  let client: Client;
  let other: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    other = await server.client(undefined, OTHER_TENANT);
    await server.save([patient('a', 'One'), patient('b', 'Bee'), patient('gone', 'Gone')]);
    await server.save([patient('a', 'Two')]);
    await server.save([patient('a', 'Three')]);
    await server.save([observation('moved', 'Patient/a', 'first'), observation('kept', 'Patient/a', 'x')]);
    await server.save([observation('moved', 'Patient/b', 'second')]);
    await remove(server, 'Patient', 'gone');
  });
  after(() => server.stop());

  const ask = (path: string, headers: Record<string, string>) => client.get(path, { headers });

  it('REST 13: a read says its version and its time, in meta and in the headers', async () => {
    for (const path of ['Patient/a', 'Patient/a/_history/3', 'Patient/a/_history/1', 'Observation/kept']) {
      const { status, headers, body } = await client.get(path);
      assert.equal(status, 200);
      assert.match(body.meta.versionId, /^[1-9]\d*$/);
      assert.match(body.meta.lastUpdated, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.equal(headers.get('etag'), `W/"${String(body.meta.versionId)}"`);
      const modified = headers.get('last-modified') ?? '';
      assert.match(modified, /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
      assert.equal(Date.parse(modified), Math.floor(Date.parse(body.meta.lastUpdated) / 1000) * 1000);
    }
    assert.equal((await client.get('Patient/a')).body.meta.versionId, '3');
  });

  it('REST 10, 14: If-None-Match that names the version is 304, without a body', async () => {
    for (const path of ['Patient/a', 'Patient/a/_history/3'])
      for (const tag of ['W/"3"', '"3"', '3', '*', 'W/"1", W/"3"', 'W/"1","3"', '"x", *', ' W/"3" ']) {
        const { status, headers, text } = await ask(path, { 'if-none-match': tag });
        assert.equal(status, 304, tag);
        assert.equal(text, '');
        assert.equal(headers.get('etag'), 'W/"3"');
        assert.ok(headers.get('last-modified'));
        assert.equal(headers.get('content-type'), null);
        assert.equal(headers.get('content-length'), null);
      }
    for (const tag of ['W/"2"', 'W/"33"', '"', 'W/', 'w/"3x"', 'W/"1", W/"2"'])
      assert.equal((await ask('Patient/a', { 'if-none-match': tag })).status, 200, tag);
    const head = await client.ask('Patient/a', { method: 'HEAD', headers: { 'if-none-match': 'W/"3"' } });
    assert.equal(head.status, 304);
  });

  it('REST 14: If-Modified-Since that is not before the change is 304', async () => {
    const modified = (await client.get('Patient/a')).headers.get('last-modified') ?? '';
    const later = new Date(Date.parse(modified) + 1000).toUTCString();
    const sooner = new Date(Date.parse(modified) - 1000).toUTCString();
    for (const since of [modified, later])
      assert.equal((await ask('Patient/a', { 'if-modified-since': since })).status, 304, since);
    for (const since of [sooner, 'nonsense', ''])
      assert.equal((await ask('Patient/a', { 'if-modified-since': since })).status, 200, since);
  });

  it('REST 14: If-None-Match wins over If-Modified-Since', async () => {
    const modified = (await client.get('Patient/a')).headers.get('last-modified') ?? '';
    const past = 'Thu, 01 Jan 1970 00:00:00 GMT';
    const changed = { 'if-none-match': 'W/"2"', 'if-modified-since': modified };
    assert.equal((await ask('Patient/a', changed)).status, 200);
    assert.equal((await ask('Patient/a', { 'if-none-match': 'W/"3"', 'if-modified-since': past })).status, 304);
  });

  it('REST 14: a condition opens nothing: what is not there stays 404, what is gone 410', async () => {
    for (const headers of [{ 'if-none-match': '*' }, { 'if-modified-since': new Date().toUTCString() }] as const) {
      assert.equal((await ask('Patient/nobody', headers as Record<string, string>)).status, 404);
      assert.equal((await ask('Patient/gone', headers as Record<string, string>)).status, 410);
      assert.equal((await other.get('Patient/a', { headers: headers })).status, 404);
    }
  });

  it('REST 15: what was deleted is 410, with the version and the time of its deletion', async () => {
    const { status, headers, body } = await client.get('Patient/gone');
    assert.equal(status, 410);
    assert.equal(body.issue[0].code, 'deleted');
    assert.equal(headers.get('etag'), 'W/"2"');
    assert.ok(headers.get('last-modified'));
    assert.deepEqual(await client.ids('Patient?_id=gone'), []);
    assert.equal((await client.get('Patient/never')).status, 404);
    assert.equal((await other.get('Patient/gone')).status, 404, 'another organization never had it');
  });

  it('REST 15: what is saved after its deletion is there again, one version on', async () => {
    await server.save([patient('again', 'First')]);
    await remove(server, 'Patient', 'again');
    assert.equal((await client.get('Patient/again')).status, 410);
    await server.save([patient('again', 'Second')]);
    assert.equal((await client.get('Patient/again')).body.meta.versionId, '3');
    assert.equal((await client.get('Patient/again/_history/1')).body.name[0].family, 'First');
    assert.equal((await client.get('Patient/again/_history/2')).status, 410);
    assert.equal((await client.get('Patient/again/_history/3')).body.name[0].family, 'Second');
  });

  it('REST 16: vread shows each version as it was', async () => {
    for (const [version, family] of [
      ['1', 'One'],
      ['2', 'Two'],
      ['3', 'Three'],
    ] as const) {
      const { status, headers, body } = await client.get(`Patient/a/_history/${version}`);
      assert.equal(status, 200);
      assert.equal(body.name[0].family, family);
      assert.equal(body.meta.versionId, version);
      assert.equal(headers.get('etag'), `W/"${version}"`);
    }
    const times = await Promise.all(
      ['1', '2', '3'].map(async (each) => (await client.get(`Patient/a/_history/${each}`)).body.meta.lastUpdated),
    );
    assert.deepEqual([...times].sort(), times);
    assert.equal(new Set(times).size, 3, 'each version has a time of its own');
  });

  it('REST 16: the deletion is a version that is 410, those before it can be read', async () => {
    assert.equal((await client.get('Patient/gone/_history/1')).body.name[0].family, 'Gone');
    const { status, headers } = await client.get('Patient/gone/_history/2');
    assert.equal(status, 410);
    assert.equal(headers.get('etag'), 'W/"2"');
    assert.equal((await client.get('Patient/gone/_history/3')).status, 404);
  });

  it('REST 16: a version that there is not is 404', async () => {
    for (const version of [
      '0',
      '4',
      '01',
      '-1',
      '1.0',
      'x',
      '1e0',
      '%20',
      '9'.repeat(9),
      '9'.repeat(30),
      'a'.repeat(65),
    ])
      assert.equal((await client.get(`Patient/a/_history/${version}`)).status, 404, version);
    assert.equal((await client.get('Patient/nobody/_history/1')).status, 404);
    assert.equal((await other.get('Patient/a/_history/1')).status, 404);
  });

  it('THREAT 41: a patient sees neither the past nor the present of what was moved to another', async () => {
    const a = await server.portal('a');
    const b = await server.portal('b');
    const unknown = (await a.get('Observation/nobody')).text;
    for (const path of ['Observation/moved', 'Observation/moved/_history/1', 'Observation/moved/_history/2']) {
      const answer = await a.get(path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.text, unknown);
    }
    assert.equal((await b.get('Observation/moved/_history/2')).status, 200);
    assert.equal((await b.get('Observation/moved/_history/1')).status, 404, 'it was another patient then');
    assert.equal((await client.get('Observation/moved/_history/1')).body.code.text, 'first');
  });

  it('THREAT 41: the deletion of what belonged to another patient, or to two, is 404', async () => {
    await server.save([
      observation('deleted-b', 'Patient/b', 'x'),
      { ...observation('deleted-both', 'Patient/a', 'x'), performer: [{ reference: 'Patient/b' }] },
    ]);
    const [a, b] = [await server.portal('a'), await server.portal('b')];
    assert.equal((await a.get('Observation/deleted-both')).status, 404, 'it belongs to neither alone');
    await remove(server, 'Observation', 'deleted-b');
    await remove(server, 'Observation', 'deleted-both');
    assert.equal((await b.get('Observation/deleted-b')).status, 410);
    assert.equal((await b.get('Observation/deleted-b/_history/1')).status, 200);
    for (const path of ['deleted-b', 'deleted-b/_history/1', 'deleted-b/_history/2'])
      assert.equal((await a.get(`Observation/${path}`)).status, 404, path);
    for (const each of [a, b])
      for (const path of ['deleted-both', 'deleted-both/_history/1', 'deleted-both/_history/2'])
        assert.equal((await each.get(`Observation/${path}`)).status, 404, path);
  });

  it('REST 18: _summary and _elements mark what they shorten, and keep what is mandatory', async () => {
    for (const path of ['Observation/kept', 'Observation/kept/_history/1']) {
      for (const query of [
        '_summary=true',
        '_summary=data',
        '_summary=text',
        '_elements=status',
        '_elements=subject',
      ]) {
        const { status, headers, body } = await client.get(`${path}?${query}`);
        assert.equal(status, 200, query);
        assert.ok(
          body.meta.tag.some(
            (tag: any) =>
              tag.system === 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue' && tag.code === 'SUBSETTED',
          ),
          query,
        );
        assert.equal(body.id, 'kept');
        assert.equal(body.status, 'final', 'mandatory');
        assert.ok(body.code, 'mandatory');
        assert.equal(headers.get('etag'), 'W/"1"');
      }
      assert.ok((await client.get(`${path}?_elements=subject`)).body.subject);
      assert.equal((await client.get(`${path}?_elements=status`)).body.subject, undefined);
      const whole = (await client.get(path)).text;
      for (const query of ['_summary=false', '_elements=', '_summary=&_elements=,'])
        assert.equal((await client.get(`${path}?${query}`)).text, whole, query);
    }
  });

  it('REST 18: what a read does not take is 400', async () => {
    for (const path of ['Patient/a', 'Patient/a/_history/1', 'Patient/a/_history/3'])
      for (const query of ['_summary=count', '_summary=x', '_elements=nonsense', 'name=a', '_count=1', '_include=*'])
        assert.equal((await client.get(`${path}?${query}`)).status, 400, `${path}?${query}`);
  });

  it('REST 42: a search shortens its matches the same way', async () => {
    const { body } = await client.get('Observation?_id=kept&_elements=status');
    assert.deepEqual(Object.keys(body.entry[0].resource).sort(), ['code', 'id', 'meta', 'resourceType', 'status']);
    const count = await client.get('Observation?_summary=count');
    assert.equal(count.body.entry, undefined);
    assert.ok(count.body.total >= 2);
    const text = await client.get('Observation?_summary=text');
    assert.ok(text.body.entry.every((each: any) => each.resource.subject === undefined));
    assert.equal((await client.get('Observation?_summary=text&_include=Observation:subject')).status, 400);
    assert.equal((await client.get('Observation?_summary=nonsense')).status, 400);
  });
});
