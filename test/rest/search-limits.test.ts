import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { observation, patient } from '../search/resources.js';
import { codeOf } from '../search/describe-search.js';

const corpus = [
  "' or '1'='1",
  "'; drop table observation; --",
  "x') union select organization_id, id from patient --",
  '" or ""="',
  '?',
  '??',
  ':name',
  '$1',
  '%27 or 1=1',
  '\\',
  '\\\\',
  '\u0001',
  '\ud800',
  '%',
  '_',
];

describe('rest/search: hostile values', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([patient('p', { name: [{ family: 'Roe' }] }), observation('o', { valueString: 'x' })]);
  });
  after(() => server.stop());

  it('THREAT 72: no value of any parameter is part of a statement', async () => {
    for (const type of ['Observation', 'Patient'] as const) {
      const names = [...(server.portico.registry.get(type)?.params.keys() ?? []), '_sort', '_include', '_elements'];
      for (const name of names)
        for (const value of corpus) {
          const { status, body, text } = await client.postSearch(type, { [name]: value });
          assert.ok(status === 200 || status === 400, `${type}?${name}=${value}: ${text}`);
          if (status === 200 && body.total !== 0) assert.match(name, /string|^name|^family/);
        }
    }
    assert.equal((await client.get('Observation?_summary=count')).body.total, 1);
  });

  it('THREAT 73: too many values or parameters are refused', async () => {
    const values = Array.from({ length: 201 }, (_, index) => String(index)).join(',');
    const many = Array.from({ length: 41 }, () => 'code=x').join('&');
    for (const query of [`code=${values}`, many]) {
      const { status, body } = await client.get(`Observation?${query}`);
      assert.equal(`${String(status)} ${codeOf(body)}`, '400 too-costly');
    }
  });

  it('THREAT 73: many values of many parameters, and many parameters that nobody knows, are refused', async () => {
    const values = Array.from({ length: 100 }, (_, index) => String(index)).join(',');
    const headers = {
      prefer: 'handling=lenient',
      'content-type': 'application/x-www-form-urlencoded',
    };
    for (const body of [`code=${values}&`.repeat(3), 'unknown=x&'.repeat(5000), '_include=*&'.repeat(5000)]) {
      const answer = await client.ask('Observation/_search', { method: 'POST', body, headers });
      assert.equal(`${String(answer.status)} ${codeOf(answer.body)}`, '400 too-costly');
    }
  });

  it('THREAT 73: a sort key is one key, however often it is given', async () => {
    const once = await client.postSearch('Patient', { _sort: 'family,-_lastUpdated' });
    const often = await client.postSearch('Patient', { _sort: 'family,-_lastUpdated,'.repeat(2500).slice(0, -1) });
    assert.equal(often.status, 200, often.text);
    assert.deepEqual(often.body.entry, once.body.entry);
  });

  it('THREAT 74: a long hostile value is read at once', async () => {
    for (const [name, value] of [
      ['code', '\\,'.repeat(25_000)],
      ['code', '|'.repeat(50_000)],
      ['date', `2024-01-01T${'0'.repeat(50_000)}`],
      ['value-quantity', `${'1'.repeat(50_000)}x`],
      ['value-string:contains', '%'.repeat(30_000)],
      ['value-string:contains', 'a%'.repeat(20_000)],
      ['subject', `Patient/${'a'.repeat(50_000)}!`],
      ['subject', `${'a+'.repeat(25_000)}:`],
      ['_sort', ','.repeat(10_000)],
      ['_elements', 'a,'.repeat(10_000)],
    ] as const) {
      const from = performance.now();
      const { status, text } = await client.postSearch('Observation', { [name]: value });
      assert.ok(status === 200 || (status >= 400 && status < 500), `${name}: ${text.slice(0, 300)}`);
      assert.ok(performance.now() - from < 1000, `${name} took too long`);
    }
  });
});
