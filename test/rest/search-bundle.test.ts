import assert from 'node:assert/strict';
import { included, matches, type Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { coded, observation, patient } from '../search/resources.js';
import { codeOf } from '../search/describe-search.js';

const selfOf = (body: any): string => body.link.find((each: any) => each.relation === 'self').url as string;

describe('rest/search: the bundle', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([
      patient('p', { name: [{ family: 'Ödegård & Sons' }] }),
      ...['a', 'b', 'c'].map((id, index) =>
        observation(id, {
          subject: { reference: 'Patient/p' },
          effectiveDateTime: `2024-0${String(index + 1)}-01`,
          text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Heart rate</div>' },
          code: coded('http://loinc.org', '8893-0', 'Heart rate'),
          note: [{ text: 'resting' }],
        }),
      ),
    ]);
  });
  after(() => server.stop());

  it('REST 31: is a searchset whose entries have a full URL and a mode', async () => {
    const { body } = await client.get('Observation?code=8893-0&_include=Observation:patient');
    assert.equal(body.type, 'searchset');
    assert.equal(body.total, 3, 'what is included does not count');
    assert.deepEqual(
      body.entry.map((each: any) => [each.fullUrl, each.search.mode]),
      [
        ...['c', 'b', 'a'].map((id) => [`${server.base}/Observation/${id}`, 'match']),
        [`${server.base}/Patient/p`, 'include'],
      ],
    );
  });

  it('REST 31: says in the self link what it used, encoded, with the page size', async () => {
    const { body } = await client.get('Patient?family=%C3%96deg%C3%A5rd%20%26%20Sons&name=&_format=json&_pretty=true');
    const self = new URL(selfOf(body));
    assert.equal(`${self.origin}${self.pathname}`, `${server.base}/Patient`);
    assert.deepEqual(
      [...self.searchParams],
      [
        ['family', 'Ödegård & Sons'],
        ['_count', '20'],
      ],
    );
    const again = await client.get(selfOf(body));
    assert.deepEqual(again.body, { ...body, ...again.body });
    assert.equal(again.body.total, 1);
  });

  it('REST 30, 31: is the same by POST, whose URL may carry parameters too', async () => {
    const { status, body } = await client.ask('Observation/_search?code=8893-0', {
      method: 'POST',
      body: new URLSearchParams({ date: 'ge2024-02', _count: '5' }),
    });
    assert.equal(status, 200);
    assert.deepEqual(
      matches(body).map(({ id }) => id as string),
      ['c', 'b'],
    );
    assert.equal(selfOf(body), `${server.base}/Observation?code=8893-0&date=ge2024-02&_count=5`);
    const got = await client.get(selfOf(body));
    assert.deepEqual(got.body, body);
  });

  it('REST 30: refuses a POST that is no form', async () => {
    const { status } = await client.ask('Observation/_search', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    assert.equal(status, 415);
  });

  it('REST 31: has no empty entry', async () => {
    const { body } = await client.get('Observation?code=none');
    assert.equal(body.total, 0);
    assert.ok(!('entry' in body));
    assert.deepEqual(
      body.link.map((each: any) => each.relation),
      ['self'],
    );
  });

  it('REST 41, 42: _count=0 and _summary=count answer with the total alone', async () => {
    for (const query of ['_count=0', '_summary=count']) {
      const { body } = await client.get(`Observation?code=8893-0&${query}`);
      assert.equal(body.total, 3, query);
      assert.ok(!('entry' in body), query);
      assert.ok(selfOf(body).endsWith(`&${query}`), selfOf(body));
      assert.equal(body.link.length, 1);
    }
  });

  it('REST 41: counts on request, and where the page is all there is', async () => {
    const total = async (query: string): Promise<unknown> => (await client.get(`Observation?${query}`)).body.total;
    assert.equal(await total('_count=2'), undefined);
    assert.equal(await total('_count=2&_total=none'), undefined);
    assert.equal(await total('_count=2&_total=accurate'), 3);
    assert.equal(await total('_count=2&_total=estimate'), 3);
    assert.equal(await total('_count=3'), 3);
  });

  it('REST 41: reduces a page that is too large, and says so in the self link', async () => {
    const { body } = await client.get('Observation?_count=100000');
    assert.equal(new URL(selfOf(body)).searchParams.get('_count'), '500');
  });

  it('REST 41, 42: refuses what controls cannot mean', async () => {
    for (const query of [
      '_count=-1',
      '_count=many',
      '_count=1.5',
      '_count=1&_count=2',
      '_total=some',
      '_summary=most',
      '_elements=nothing',
      '_summary=text&_include=Observation:patient',
    ]) {
      const { status, body } = await client.get(`Observation?${query}`);
      assert.equal(`${String(status)} ${codeOf(body)}`, '400 invalid-parameter', query);
    }
  });

  it('REST 42: _summary and _elements leave mandatory elements and say SUBSETTED', async () => {
    const shape = async (query: string): Promise<string[]> => {
      const { body } = await client.get(`Observation?_id=a&${query}`);
      const [resource] = matches(body);
      const { resourceType, id, meta, ...rest } = resource;
      assert.deepEqual([resourceType, id], ['Observation', 'a']);
      assert.ok(
        meta.tag.some((each: any) => each.code === 'SUBSETTED'),
        `${query} is marked`,
      );
      assert.ok(meta.versionId, 'the version stays');
      return Object.keys(rest).sort();
    };
    assert.deepEqual(await shape('_summary=true'), ['code', 'effectiveDateTime', 'status', 'subject']);
    assert.deepEqual(await shape('_summary=text'), ['code', 'status', 'text']);
    assert.deepEqual(await shape('_summary=data'), ['code', 'effectiveDateTime', 'note', 'status', 'subject']);
    assert.deepEqual(await shape('_elements=note'), ['code', 'note', 'status']);
    assert.deepEqual(await shape('_elements=effective,Observation.subject'), [
      'code',
      'effectiveDateTime',
      'status',
      'subject',
    ]);
    const { body } = await client.get('Observation?_id=a&_summary=false');
    assert.ok(!JSON.stringify(body).includes('SUBSETTED'));
  });

  it('REST 42: what is included is whole', async () => {
    const { body } = await client.get('Observation?_id=a&_elements=status&_include=Observation:patient');
    assert.equal(included(body)[0].name[0].family, 'Ödegård & Sons');
  });
});
