import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { raw } from '../support/raw.js';
import { start, type Server } from '../support/server.js';

const JSON_TYPE = 'application/fhir+json; charset=utf-8';
const XML_TYPE = 'application/fhir+xml; charset=utf-8';

describe('http: negotiation', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([{ resourceType: 'Patient', id: 'p', active: true, name: [{ family: 'A, "b": [c] \\ {d}' }] }]);
  });
  after(() => server.stop());

  const accepts: [accept: string, answer: typeof JSON_TYPE | typeof XML_TYPE | 406][] = [
    ['application/fhir+json', JSON_TYPE],
    ['APPLICATION/FHIR+JSON', JSON_TYPE],
    ['application/json', JSON_TYPE],
    ['text/json', JSON_TYPE],
    ['application/json+fhir', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['application/*', JSON_TYPE],
    ['application/fhir+xml', XML_TYPE],
    ['Application/FHIR+XML', XML_TYPE],
    ['application/xml', XML_TYPE],
    ['text/xml', XML_TYPE],
    ['application/xml+fhir', XML_TYPE],
    ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', XML_TYPE],
    ['application/fhir+xml, application/fhir+json;q=0.1', XML_TYPE],
    ['application/fhir+xml;q=0.1, application/fhir+json', JSON_TYPE],
    ['application/fhir+json, application/fhir+xml', JSON_TYPE],
    ['application/fhir+xml, application/fhir+json', XML_TYPE],
    ['application/fhir+xml, */*', XML_TYPE],
    ['*/*, application/fhir+xml', XML_TYPE],
    ['application/fhir+json, */*', JSON_TYPE],
    ['application/fhir+xml;q=0, */*', JSON_TYPE],
    ['application/fhir+xml;q=0.5, */*;q=0.6', JSON_TYPE],
    ['application/fhir+xml;fhirVersion=5.0, application/fhir+json;q=0.1', JSON_TYPE],
    ['application/fhir+xml;fhirVersion=4.0', XML_TYPE],
    ['application/fhir+json;fhirVersion=4.0', JSON_TYPE],
    ['application/fhir+json; fhirVersion=4.0.1', JSON_TYPE],
    ['application/fhir+json; fhirVersion="4.0"', JSON_TYPE],
    ['application/fhir+json; fhirVersion=5.0, application/fhir+json; fhirVersion=4.0; q=0.5', JSON_TYPE],
    ['application/json;q=0, */*', JSON_TYPE],
    ['text/*;q=0, */*;q=0.1', JSON_TYPE],
    ['application/fhir+json;q=nonsense', JSON_TYPE],
    ['application/fhir+json;q=0.0, */*', XML_TYPE],
    ['application/fhir+json; fhirVersion=5.0', 406],
    ['application/fhir+json; fhirVersion=3.0', 406],
    ['application/fhir+xml; fhirVersion=5.0', 406],
    ['text/turtle', 406],
    ['application/fhir+turtle', 406],
    ['text/html', 406],
    ['application/pdf', 406],
    ['image/*', 406],
    ['application/fhir+json;q=0', 406],
    ['application/fhir+xml;q=0, application/fhir+json;q=0, */*', 406],
    ['application/json;q=0', 406],
    ['*/*;q=0', 406],
    ['application/fhir+turtle, text/html', 406],
    ['nonsense', 406],
    ['constructor', 406],
  ];
  for (const [accept, expected] of accepts)
    it(`REST 2: Accept: ${accept} is ${String(expected)}`, async () => {
      for (const path of ['Patient/p', 'Patient', 'metadata']) {
        const answer = await client.get(path, { headers: { accept } });
        assert.equal(answer.status, expected === 406 ? 406 : 200, answer.text);
        assert.equal(answer.headers.get('content-type'), expected === 406 ? JSON_TYPE : expected);
        if (expected === 406) assert.equal(answer.body.issue[0].code, 'not-supported');
      }
    });

  it('REST 2: a request without Accept, or with an empty one, is answered', async () => {
    const authorization = `Bearer ${client.token}`;
    const asked: Record<string, string>[] = [{ authorization }, { authorization, accept: '' }];
    for (const headers of asked) {
      const { status, headers: answered } = await raw(server.url, '/fhir/R4/Patient/p', { headers });
      assert.equal(status, 200);
      assert.equal(answered['content-type'], JSON_TYPE);
    }
  });

  it('REST 2: several Accept lines are one list', async () => {
    const headers = {
      authorization: `Bearer ${client.token}`,
      accept: ['application/fhir+turtle', 'application/json'],
    };
    assert.equal((await raw(server.url, '/fhir/R4/Patient/p', { headers })).status, 200);
  });

  const formats: [format: string, answer: typeof JSON_TYPE | typeof XML_TYPE | 406][] = [
    ['json', JSON_TYPE],
    ['JSON', JSON_TYPE],
    ['application/json', JSON_TYPE],
    ['application/fhir%2Bjson', JSON_TYPE],
    ['application/fhir+json', JSON_TYPE],
    ['application/fhir%20json', JSON_TYPE],
    ['application/json+fhir', JSON_TYPE],
    ['text/json', JSON_TYPE],
    ['application/fhir+json;fhirVersion=4.0', JSON_TYPE],
    ['xml', XML_TYPE],
    ['XML', XML_TYPE],
    ['text/xml', XML_TYPE],
    ['application/xml', XML_TYPE],
    ['application/fhir+xml', XML_TYPE],
    ['application/fhir%2Bxml', XML_TYPE],
    ['application/xml+fhir', XML_TYPE],
    ['application/fhir+xml;fhirVersion=5.0', 406],
    ['application/fhir+json;fhirVersion=5.0', 406],
    ['ttl', 406],
    ['html', 406],
    ['text/html', 406],
    ['nonsense', 406],
  ];
  for (const [format, expected] of formats)
    it(`REST 3: _format=${format} is ${String(expected)}, whatever Accept says`, async () => {
      for (const accept of ['application/fhir+turtle', 'application/fhir+json', 'application/fhir+xml'])
        for (const path of ['Patient/p', 'Patient', 'metadata']) {
          const answer = await client.get(`${path}?_format=${format}`, { headers: { accept } });
          assert.equal(answer.status, expected === 406 ? 406 : 200, answer.text);
          assert.equal(answer.headers.get('content-type'), expected === 406 ? JSON_TYPE : expected);
        }
    });

  it('REST 3: an empty _format leaves it to Accept', async () => {
    const accept = 'application/fhir+turtle';
    assert.equal((await client.get('Patient/p?_format=', { headers: { accept } })).status, 406);
    assert.equal((await client.get('Patient/p?_format=')).status, 200);
  });

  it('REST 3: a form may carry _format and _pretty', async () => {
    assert.equal((await client.postSearch('Patient', { _format: 'ttl' })).status, 406);
    const headers = { accept: 'application/fhir+turtle' };
    for (const [_format, type] of [
      ['json', JSON_TYPE],
      ['xml', XML_TYPE],
    ] as const) {
      const answer = await client.postSearch('Patient', { _format }, { headers });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), type);
    }
    assert.match((await client.postSearch('Patient', { _pretty: 'true' })).text, /^\{\n {2}"resourceType"/);
  });

  it('REST 3: _pretty indents and changes nothing else', async () => {
    for (const path of ['Patient/p', 'metadata']) {
      const plain = await client.get(path);
      const pretty = await client.get(`${path}?_pretty=true`);
      assert.equal(pretty.text, JSON.stringify(plain.body, null, 2));
      assert.equal((await client.get(`${path}?_pretty=false`)).text, plain.text);
      assert.doesNotMatch(plain.text, /\n/);
    }
    const refused = await client.get('Patient/none?_pretty=true');
    assert.match(refused.text, /^\{\n {2}"resourceType": "OperationOutcome"/);
  });

  it('REST 30: _format and _pretty are no search parameters: the self link has neither', async () => {
    const { body } = await client.get('Patient?_format=json&_pretty=true&_id=p');
    assert.equal(body.total, 1);
    assert.equal(body.link[0].url, `${server.base}/Patient?_id=p&_count=20`);
  });
});
