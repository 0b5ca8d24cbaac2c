import assert from 'node:assert/strict';
import { down, up } from '../../migrations/023_search.js';
import { describeSearch } from './describe-search.js';
import type { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { coded, observation, ucum } from './resources.js';

const profiles = ['http://hl7.org/fhir/StructureDefinition/vitalsigns', 'urn:oid:1.2.3'] as const;
const label = (code: string, system = 'urn:oid:7'): object => ({ system, code });

describeSearch(
  'search/meta',
  'Observation',
  [
    observation('tagged', { meta: { tag: [label('a'), label('b')] } }),
    observation('bare-tag', { meta: { tag: [{ code: 'a' }] } }),
    observation('secret', { meta: { security: [label('R', 'urn:oid:8')], source: 'urn:oid:9.1' } }),
    observation('one', { meta: { profile: [profiles[1]] } }),
    observation('two', { meta: { profile: [profiles[1], 'http://fhir.example/x/y'], tag: [label('b')] } }),
    observation('none'),
  ],
  {
    'REST 39: _tag': [
      ['_tag=a', 'bare-tag tagged'],
      ['_tag=urn:oid:7|a', 'tagged'],
      ['_tag=|a', 'bare-tag'],
      ['_tag=urn:oid:7|', 'tagged two'],
      ['_tag=urn:oid:7|a,urn:oid:7|b', 'tagged two'],
      ['_tag=urn:oid:7|a&_tag=b', 'tagged'],
      ['_tag:not=b', 'bare-tag none one secret'],
      ['_tag:missing=true', 'none one secret'],
    ],
    'REST 39: _security': [
      ['_security=urn:oid:8|R', 'secret'],
      ['_security=R', 'secret'],
      ['_security=urn:oid:7|a', ''],
      ['_security:missing=false', 'secret'],
    ],
    'REST 39: _source': [
      ['_source=urn:oid:9.1', 'secret'],
      ['_source=urn:oid:9', ''],
    ],
    'REST 39: _profile, of a resource that claims one and of one that claims several': [
      [`_profile=${profiles[1]}`, 'one two'],
      ['_profile=http://fhir.example/x/y', 'two'],
      ['_profile:below=http://fhir.example/x', 'two'],
      ['_profile:above=http://fhir.example/x/y/z', 'two'],
      ['_profile:missing=true', 'bare-tag none secret tagged'],
    ],
    'REST 39: what is left out is refused, whatever its modifier': [
      ['_filter=code eq x', '400 unsupported-parameter'],
      ['_text=x', '400 unsupported-parameter'],
      ['_content=x', '400 unsupported-parameter'],
      ['_list=x', '400 unsupported-parameter'],
      ['_query=x', '400 unsupported-parameter'],
      ['_contained=true', '400 unsupported-parameter'],
      ['code:in=http://fhir.example/ValueSet/x', '400 unsupported-modifier'],
      ['code:not-in=http://fhir.example/ValueSet/x', '400 unsupported-modifier'],
      ['code:below=x', '400 unsupported-modifier'],
      ['subject:above=Group/1', '400 unsupported-modifier'],
    ],
  },
);

describe('search by what the server says in meta', () => {
  let server: Server;
  let client: Client;
  const tag = (name: string): string =>
    `_tag=${encodeURIComponent(`${server.base}/CodeSystem/native-resource|${name}`)}`;

  before(async () => {
    server = await start();
    client = await server.client();
    const category = [coded('http://terminology.hl7.org/CodeSystem/observation-category', 'vital-signs')];
    await server.save([
      observation('vital', { category, valueQuantity: ucum(5.4, 'g') }),
      observation('tagged', { category, meta: { tag: [label('vitals')] } }),
      observation('none', { meta: { profile: [`${server.base}/StructureDefinition/own`] } }),
    ]);
  });
  after(() => server.stop());

  it('REST 39: finds the tag of the native resource like any other, and no row for having none', async () => {
    assert.deepEqual(await client.ids(`Observation?${tag('vitals')}`), ['vital', 'tagged']);
    assert.deepEqual(await client.ids('Observation?_tag=vitals'), ['vital', 'tagged']);
    assert.deepEqual(await client.ids('Observation?_tag=urn:oid:7|vitals'), ['tagged']);
    assert.deepEqual(await client.ids('Observation?_tag=|vitals'), []);
    assert.deepEqual(await client.ids(`Observation?${tag('none')}`), []);
    assert.deepEqual(await client.ids(`Observation?${tag('')}`), ['vital', 'tagged']);
    assert.deepEqual(await client.ids('Observation?_tag:missing=true'), ['none']);
    assert.deepEqual(await client.ids(`Observation?_tag:not=vitals`), ['none']);
  });

  it('REST 39: finds a profile of its own by URL', async () => {
    const { body } = await client.get('Observation/none');
    assert.deepEqual(body.meta.profile, [`${server.base}/StructureDefinition/own`]);
    assert.deepEqual(await client.ids(`Observation?_profile=${server.base}/StructureDefinition/own`), ['none']);
  });

  it('REST 57: finds what an update left of the tags, and no more what it took away', async () => {
    const { body } = await client.get('Observation/tagged');
    const meta = { profile: ['urn:oid:1.2.3', 'urn:oid:1.2.4'] };
    const put = await client.send('PUT', 'Observation/tagged', { ...body, meta });
    assert.equal(put.status, 200);
    assert.deepEqual(await client.ids('Observation?_tag=urn:oid:7|vitals'), ['tagged']);
    assert.deepEqual(await client.ids('Observation?_profile=urn:oid:1.2.4'), ['tagged']);
    await client.send('PUT', 'Observation/tagged', { ...body, meta: { profile: ['urn:oid:1.2.3'] } });
    assert.deepEqual(await client.ids('Observation?_profile=urn:oid:1.2.4'), []);
    assert.deepEqual(await client.ids('Observation?_profile=urn:oid:1.2.3'), ['tagged']);
  });

  it('REST 39: the migration finds what was written before it, and divides profiles that shared a column', async () => {
    const knex = await server.portico.own.knex();
    const { body } = await client.get('Observation/tagged');
    await down(knex);
    // Of a version that is not remembered.
    const old = { profile: 'urn:oid:3.1 urn:oid:3.2', extra: null, version: 7 };
    await knex('observation').where({ id: 'vital' }).update(old);
    assert.deepEqual(await client.ids('Observation?_tag=urn:oid:7|vitals'), []);
    await up(knex);
    assert.deepEqual(await client.ids('Observation?_tag=urn:oid:7|vitals'), ['tagged']);
    assert.deepEqual(await client.ids('Observation?_profile=urn:oid:3.2'), ['vital']);
    assert.deepEqual(await client.ids('Observation?value-quantity=5400|http://unitsofmeasure.org|mg'), ['vital']);
    const { body: divided } = await client.get('Observation/vital');
    assert.deepEqual(divided.meta.profile, ['urn:oid:3.1', 'urn:oid:3.2']);
    assert.deepEqual((await client.get('Observation/tagged')).body, body);
  });

  it('REST 39: says why a parameter is left out', async () => {
    const refused = await client.get('Observation?_filter=code eq x');
    assert.match(refused.body.issue[0].details.text as string, /_filter.*bounded by no index/);
    const modifier = await client.get('Observation?code:in=x');
    assert.match(modifier.body.issue[0].details.text as string, /terminology server/);
  });
});

const stay = (value: number, code: string): object => ({
  length: { value, system: 'http://unitsofmeasure.org', code, unit: code },
});
const encounter = (id: string, elements: object = {}): object => ({
  ...{ resourceType: 'Encounter', id, status: 'finished' },
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'EMER' },
  ...elements,
});

describeSearch(
  'search/length of an encounter',
  'Encounter',
  [encounter('short', stay(30, 'min')), encounter('long', stay(90, 'min')), encounter('unknown')],
  {
    'REST 38: an element without a column is found by its quantity': [
      ['length=gt45', 'long'],
      ['length=30|http://unitsofmeasure.org|min', 'short'],
      ['length=30|http://unitsofmeasure.org|d', ''],
      ['length=1.5|http://unitsofmeasure.org|h', 'long'],
      ['length:missing=true', 'unknown'],
    ],
  },
);
