import assert from 'node:assert/strict';
import { matches, type Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { observation } from '../search/resources.js';
import { codeOf } from '../search/describe-search.js';

const within = {
  contained: [{ resourceType: 'Patient', id: 'inside', name: [{ family: 'Withinside' }] }],
  subject: { reference: '#inside' },
};
const rows = [observation('one'), observation('two', { status: 'preliminary', ...within })];
const lenient = { headers: { prefer: 'handling=lenient' } };
const strict = { headers: { prefer: 'return=minimal; handling="strict"' } };
const outcomes = (body: any): any[] =>
  (body.entry ?? []).filter((each: any) => each.search.mode === 'outcome').map((each: any) => each.resource);

describe('rest/search: handling of what is not known', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save(rows);
  });
  after(() => server.stop());

  it('REST 32: refuses unknown parameters and lists the known ones', async () => {
    const { status, body } = await client.get('Observation?statsu=final');
    assert.equal(`${String(status)} ${codeOf(body)}`, '400 unsupported-parameter');
    const { text } = body.issue[0].details;
    for (const known of ['"statsu"', 'status', 'combo-code-value-quantity', '_id', '_lastUpdated', '_sort'])
      assert.ok(text.includes(known), known);
  });

  it('REST 32: does not repeat a name that may be anything', async () => {
    const { body } = await client.get(`Observation?${encodeURIComponent('Jane Roe <b>')}=1`);
    assert.doesNotMatch(JSON.stringify(body), /Jane/);
  });

  it('REST 32: leniently leaves out what it does not know, and says so', async () => {
    const { status, body } = await client.get(
      'Observation?statsu=x&status=final&_sort=colour&_include=Foo:bar',
      lenient,
    );
    assert.equal(status, 200);
    assert.deepEqual(
      matches(body).map(({ id }) => id as string),
      ['one'],
    );
    assert.equal(body.total, 1);
    assert.equal(body.link[0].url, `${server.base}/Observation?status=final&_count=20`);
    const [outcome] = outcomes(body);
    assert.match(body.entry.at(-1).fullUrl as string, /^urn:uuid:[0-9a-f-]{36}$/);
    assert.equal(outcome.issue[0].severity, 'warning');
    for (const name of ['statsu', '_sort', '_include']) assert.ok(outcome.issue[0].details.text.includes(name), name);
  });

  it('REST 32: refuses unreadable values and unknown modifiers and prefixes either way', async () => {
    for (const [query, code] of [
      ['date=yesterday', 'invalid-parameter'],
      ['date=zz2024', 'invalid-parameter'],
      ['value-quantity=~5', 'invalid-parameter'],
      ['subject=Organization/x', 'invalid-parameter'],
      ['status:fuzzy=final', 'unsupported-modifier'],
      ['status:in=urn:oid:1', 'unsupported-modifier'],
      ['date:contains=2024', 'unsupported-modifier'],
      ['_count=x', 'invalid-parameter'],
    ] as const)
      for (const asked of [lenient, strict]) {
        const { status, body } = await client.get(`Observation?${query}`, asked);
        assert.equal(`${String(status)} ${codeOf(body)}`, `400 ${code}`, query);
      }
  });

  it('REST 32: names the modifiers that a parameter has', async () => {
    const { body } = await client.get('Observation?code:exact=8893-0');
    assert.match(body.issue[0].details.text as string, /:missing, :not, :text/);
  });

  it('REST 43: what is contained is found by nothing but what contains it', async () => {
    for (const query of ['family=Withinside', '_id=inside', 'name:contains=thinsid'])
      assert.deepEqual(await client.ids(`Patient?${query}`), [], query);
    assert.equal((await client.get('Patient/inside')).status, 404);
    assert.deepEqual(await client.ids('Observation?subject.family=Withinside'), []);
    const { body } = await client.get('Observation?_id=two&_include=Observation:subject');
    assert.equal(body.entry.length, 1);
    assert.equal(body.entry[0].resource.contained[0].id, 'inside');
    for (const name of ['_contained=true', '_contained=both', '_containedType=container']) {
      const refused = await client.get(`Patient?${name}`, strict);
      assert.equal(`${String(refused.status)} ${codeOf(refused.body)}`, '400 unsupported-parameter', name);
      const left = await client.get(`Patient?${name}&family=Withinside`, lenient);
      assert.deepEqual([left.status, left.body.total], [200, 0], name);
    }
  });

  it('REST 62: a preference for an answer later is none for no answer: it comes at once', async () => {
    for (const prefer of ['respond-async', 'respond-async, handling=strict']) {
      const { status, headers, body } = await client.get('Observation?status=final', { headers: { prefer } });
      assert.deepEqual([status, body.total, headers.get('content-location')], [200, 1, null], prefer);
    }
    const { headers: prefers } = { headers: { prefer: 'respond-async, return=minimal' } };
    const made = await client.send('POST', 'Observation', observation('later'), prefers);
    assert.deepEqual([made.status, made.text], [201, '']);
    assert.ok(made.headers.get('location'));
  });

  it('REST 39, 40, 41, THREAT 46: refuses undeclared parameters, includes and sorts', async () => {
    for (const [query, code] of [
      ['_text=x', 'unsupported-parameter'],
      ['_content=x', 'unsupported-parameter'],
      ['_list=x', 'unsupported-parameter'],
      ['_filter=status eq final', 'unsupported-parameter'],
      ['_query=x', 'unsupported-parameter'],
      ['_contained=true', 'unsupported-parameter'],
      ['__proto__=x', 'unsupported-parameter'],
      ['constructor=x', 'unsupported-parameter'],
      ['_sort=subject.name', 'unsupported-sort'],
      ['_sort=patient_id', 'unsupported-sort'],
      ['_sort=--date', 'unsupported-sort'],
      ['_include=Observation:code', 'unsupported-include'],
      ['_include=Patient:organization', 'unsupported-include'],
      ['_include=Observation:subject:Organization', 'unsupported-include'],
      ['_revinclude=Patient:link', 'unsupported-include'],
      ['_revinclude=Patient:*', 'unsupported-include'],
    ] as const) {
      const { status, body } = await client.get(`Observation?${query}`, strict);
      assert.equal(`${String(status)} ${codeOf(body)}`, `400 ${code}`, query);
    }
  });
});

describe('rest/search: handling by configuration', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start({ env: { PORTICO_SEARCH_HANDLING: 'lenient' } });
    client = await server.client();
    await server.save(rows);
  });
  after(() => server.stop());

  it('REST 32: is lenient where PORTICO_SEARCH_HANDLING says so, and the client does not', async () => {
    assert.equal((await client.get('Observation?statsu=final')).status, 200);
    assert.equal((await client.get('Observation?statsu=final', strict)).status, 400);
  });
});
