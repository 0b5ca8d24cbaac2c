import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { fromXml } from '../../src/xml/from-xml.js';
import { toXml } from '../../src/xml/to-xml.js';
import type { Answer, Client } from '../support/client.js';
import { raw } from '../support/raw.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const XML = 'application/fhir+xml';
const TYPE = `${XML}; charset=utf-8`;
const accept = { headers: { accept: XML } };
const F = 'xmlns="http://hl7.org/fhir"';

const observation = (id: string, value = '7.10'): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<!-- as a client indents it -->
<Observation ${F}>
  <id value="${id}"/>
  <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt; b</p><br/></div></text>
  <status value="final"/>
  <code><coding><system value="urn:oid:2.999"/><code value="x"/></coding><text value="Åse &amp; &quot;B&quot;"/></code>
  <subject><reference value="Patient/p"/></subject>
  <valueQuantity><value value="${value}"/><unit value="1"/></valueQuantity>
</Observation>`;

const patch = (path: string, value: string): string =>
  `<Parameters ${F}><parameter><name value="operation"/>
    <part><name value="type"/><valueCode value="replace"/></part>
    <part><name value="path"/><valueString value="${path}"/></part>
    <part><name value="value"/>${value}</part>
  </parameter></Parameters>`;

describe('http: XML', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([
      { resourceType: 'Patient', id: 'p', name: [{ family: 'Öz' }] },
      { resourceType: 'Patient', id: 'q' },
    ]);
  });
  after(() => server.stop());

  const send = (method: string, path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
    client.send(method, path, body, { 'content-type': XML, accept: XML, ...headers });

  it('REST 2, 19, 22, 56: what is sent in XML is kept, and read in both, decimals character for character', async () => {
    const made = await send('POST', 'Observation', observation('x'));
    assert.equal(made.status, 201, made.text);
    assert.equal(made.headers.get('content-type'), TYPE);
    const path = `Observation/${String(made.body.id)}`;
    const [asJson, asXml] = [await client.get(path), await client.get(path, accept)];
    assert.equal(asJson.headers.get('content-type'), 'application/fhir+json; charset=utf-8');
    assert.ok(asJson.text.includes('"value":7.10,'), asJson.text);
    assert.ok(asXml.text.includes('<value value="7.10"/>'), asXml.text);
    assert.equal(asXml.text, toXml(asJson.text));
    assert.equal(asJson.body.text.div, '<div xmlns="http://www.w3.org/1999/xhtml"><p>a &lt; b</p><br/></div>');
    assert.equal(asJson.body.code.text, 'Åse & "B"');
    // What was read is sent back: nothing changes.
    const same = await send('PUT', path, asXml.text, { 'if-match': 'W/"1"' });
    assert.equal(same.status, 200, same.text);
    assert.equal(same.body.meta.versionId, '1');
    const changed = await send('PUT', path, asXml.text.replace('7.10', '7.1'), { 'if-match': 'W/"1"' });
    assert.equal(changed.body.meta.versionId, '2');
    assert.ok((await client.get(path)).text.includes('"value":7.1,'));
    assert.equal((await send('PUT', path, asXml.text, { 'if-match': 'W/"1"' })).status, 412);
  });

  it('REST 4: the media types of XML, and no others', async () => {
    for (const type of [
      XML,
      'application/xml',
      'text/xml',
      'application/xml+fhir',
      `${XML}; charset=utf-8; fhirVersion=4.0`,
    ])
      assert.equal((await send('POST', 'Observation', observation('x'), { 'content-type': type })).status, 201, type);
    for (const type of [`${XML}; charset=utf-16`, `${XML}; fhirVersion=5.0`, 'application/xhtml+xml'])
      assert.equal((await send('POST', 'Observation', observation('x'), { 'content-type': type })).status, 415, type);
  });

  it('REST 9-11, 13, 14: headers are those of JSON', async () => {
    const [json, xml] = [await client.get('Patient/p'), await client.get('Patient/p', accept)];
    for (const name of ['etag', 'last-modified', 'vary', 'cache-control'])
      assert.equal(xml.headers.get(name), json.headers.get(name), name);
    assert.match(xml.headers.get('vary') ?? '', /\bAccept\b/);
    assert.equal(xml.headers.get('content-security-policy'), "default-src 'none'; sandbox");
    assert.equal(xml.headers.get('x-content-type-options'), 'nosniff');
    const head = await client.ask('Patient/p', { method: 'HEAD', ...accept });
    assert.equal(head.headers.get('content-type'), TYPE);
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(xml.text)));
    const known = { headers: { ...accept.headers, 'if-none-match': xml.headers.get('etag') ?? '' } };
    assert.equal((await client.get('Patient/p', known)).status, 304);
    const zipped = await raw(server.url, '/fhir/R4/metadata', {
      headers: { ...accept.headers, 'accept-encoding': 'gzip' },
    });
    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.equal(zipped.headers['content-type'], TYPE);
    const statement = await client.get('metadata', accept);
    assert.ok(gunzipSync(zipped.bytes).equals(Buffer.from(statement.text)));
    assert.deepEqual(statement.body, (await client.get('metadata')).body);
    const pretty = await client.get('Patient/p?_format=xml&_pretty=true');
    assert.match(
      pretty.text,
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Patient xmlns="http:\/\/hl7.org\/fhir">\n {2}<id value="p"\/>\n/,
    );
    assert.deepEqual(pretty.body, json.body);
  });

  it('REST 30, 40, 42: searches', async () => {
    await send('PUT', 'Observation/found', observation('found', '1.00'));
    for (const path of [
      'Observation?_id=found&_include=Observation:subject',
      'Observation?_summary=true',
      '?_type=Patient',
    ]) {
      const [json, xml] = [await client.get(path), await client.get(path, accept)];
      assert.equal(xml.headers.get('content-type'), TYPE);
      assert.deepEqual(xml.body, json.body, path);
      assert.equal(xml.text, toXml(json.text));
    }
    const posted = await client.postSearch('Observation', { _id: 'found' }, accept);
    assert.ok(posted.text.includes('<value value="1.00"/>'));
    assert.equal((await client.get('Observation?_count=0', accept)).body.entry, undefined);
  });

  it('REST 17, 34, 52: histories, operations and definitions', async () => {
    for (const path of [
      'Patient/p/_history',
      '_history',
      'Patient/p/$everything',
      'Observation/$lastn?patient=p&category=x',
      'CodeSystem/error-code',
      'StructureDefinition/channel-timeline',
      'metadata?_summary=true',
    ]) {
      const xml = await client.get(path, accept);
      assert.equal(xml.headers.get('content-type'), TYPE, path);
      assert.deepEqual(xml.body, (await client.get(path)).body, path);
    }
  });

  it('REST 25: a FHIRPath Patch in XML; XML Patch is 415, and the text says what there is', async () => {
    await send('PUT', 'Observation/patched', observation('patched'));
    const value = '<valueDecimal value="2.50"/>';
    const done = await send('PATCH', 'Observation/patched', patch('Observation.value.value', value));
    assert.equal(done.status, 200, done.text);
    assert.ok(done.text.includes('<value value="2.50"/>'), done.text);
    const refused = await send('PATCH', 'Observation/patched', '<diff/>', {
      'content-type': 'application/xml-patch+xml',
    });
    assert.equal(refused.status, 415);
    assert.equal(refused.headers.get('content-type'), TYPE);
    assert.match(refused.text, /application\/json-patch\+json, application\/fhir\+json.*application\/fhir\+xml/);
    assert.equal((await send('PATCH', 'Observation/patched', observation('patched'))).status, 400);
  });

  const bundle = (type: string, entries: readonly string[]): string =>
    `<Bundle ${F}><type value="${type}"/>${entries.map((each) => `<entry>${each}</entry>`).join('')}</Bundle>`;
  const request = (method: string, url: string): string =>
    `<request><method value="${method}"/><url value="${url}"/></request>`;
  const resource = (xml: string): string => `<resource>${xml.slice(xml.indexOf('<Observation'))}</resource>`;

  it('REST 46-48: batches and transactions', async () => {
    const batch = await send(
      'POST',
      '',
      bundle('batch', [
        `${resource(observation('b1', '3.0'))}${request('PUT', 'Observation/b1')}`,
        request('GET', 'Patient/p'),
        request('GET', 'Patient/none'),
      ]),
    );
    assert.equal(batch.status, 200, batch.text);
    const statuses = batch.body.entry.map((each: any) => each.response.status as string);
    assert.deepEqual(statuses, ['201 Created', '200 OK', '404 Not Found']);
    assert.ok(batch.text.includes('<resource><Observation>') && batch.text.includes('<value value="3.0"/>'));
    assert.ok(batch.text.includes('<outcome><OperationOutcome>'));
    const full = '<fullUrl value="urn:uuid:6c1c4b9a-90c1-4d5e-8f0e-3a0d5a1f7b11"/>';
    const moved = await send(
      'POST',
      '',
      bundle('transaction', [
        `${full}<resource><Patient><active value="true"/></Patient></resource>${request('POST', 'Patient')}`,
        `${resource(observation('t1').replace('Patient/p', 'urn:uuid:6c1c4b9a-90c1-4d5e-8f0e-3a0d5a1f7b11'))}${request('PUT', 'Observation/t1')}`,
      ]),
    );
    assert.equal(moved.status, 200, moved.text);
    const [made, written] = moved.body.entry.map((each: any) => each.resource);
    assert.equal(written.subject.reference, `Patient/${String(made.id)}`);
    const refused = await send(
      'POST',
      '',
      bundle('transaction', [
        `${resource(observation('t2'))}${request('PUT', 'Observation/t2')}`,
        request('DELETE', 'Nonsense/x'),
      ]),
    );
    assert.equal(refused.status, 404);
    assert.equal(refused.headers.get('content-type'), TYPE);
    assert.equal((await client.get('Observation/t2')).status, 404);
  });

  it('REST 5, 6, 29: what is wrong is told in XML, with its line; $validate and operations take XML', async () => {
    const broken = await send(
      'POST',
      'Observation',
      observation('x').replace('<status value="final"/>', '<nonsense/>'),
    );
    assert.equal(broken.status, 400);
    assert.equal(broken.headers.get('content-type'), TYPE);
    const [issue] = broken.body.issue;
    assert.deepEqual([issue.code, issue.details.coding[0].code], ['structure', 'invalid-xml']);
    assert.match(issue.details.text as string, /^Line 6: /);
    assert.deepEqual(issue.expression, ['Observation.nonsense']);
    const bomb = `<!DOCTYPE x [<!ENTITY a "b">]>${observation('x').replace(/^.*\n/, '')}`;
    assert.equal((await send('POST', 'Observation', bomb)).body.issue[0].details.coding[0].code, 'invalid-xml');
    const many = `<Patient ${F}>${'<name><text value="x"/></name>'.repeat(6000)}</Patient>`;
    assert.equal((await send('POST', 'Patient', many)).status, 413);
    assert.equal((await send('POST', 'Patient', `<Patient ${F}>${' '.repeat(1024 * 1024)}</Patient>`)).status, 413);
    const wrong = await send('POST', 'Observation', observation('x').replace('final', 'nonsense'));
    assert.equal(wrong.status, 400);
    assert.deepEqual(wrong.body.issue[0].expression, ['Observation.status']);
    const outcome = await send('POST', 'Observation/$validate', observation('x').replace('final', 'nonsense'));
    assert.equal(outcome.status, 200);
    assert.deepEqual(outcome.body.issue[0].expression, ['Observation.status']);
    const asked = `<Parameters ${F}><parameter><name value="patient"/><valueId value="p"/></parameter></Parameters>`;
    assert.equal((await send('POST', 'DocumentReference/$docref', asked)).body.total, 0);
  });

  it('REST 50: a Binary that is FHIR in XML, and one that is XML of another kind', async () => {
    const data = Buffer.from('<a/>').toString('base64');
    const binary = `<Binary ${F}><contentType value="text/plain"/><data value="${data}"/></Binary>`;
    const idOf = ({ headers }: Answer): string => /Binary\/([^/]+)/.exec(headers.get('location') ?? '')?.[1] ?? '';
    const made = await send('POST', 'Binary', binary);
    assert.equal(made.status, 201, made.text);
    assert.equal((await client.get(`Binary/${idOf(made)}`)).text, '<a/>');
    assert.equal((await client.get(`Binary/${idOf(made)}`, accept)).body.data, data);
    const document = await send('POST', 'Binary', '<?xml version="1.0" encoding="latin1"?><b/>', {
      'content-type': 'text/xml',
    });
    assert.equal(document.status, 201, document.text);
    const read = await client.get(`Binary/${idOf(document)}`, { headers: { accept: 'text/xml' } });
    assert.equal(read.headers.get('content-type'), 'text/xml');
    assert.equal(read.text, '<?xml version="1.0" encoding="latin1"?><b/>');
  });

  it('REST 6-8, 44: who may not, may not in XML either, and is told so in XML', async () => {
    const narrow = await server.client('system/Patient.r');
    const portal = await server.portal('q');
    const stranger = await server.client(undefined, OTHER_TENANT);
    const body = { method: 'POST', body: observation('x'), headers: { ...accept.headers, 'content-type': XML } };
    const asked: [status: number, answer: Promise<Answer>][] = [
      [401, client.get('Patient/p', { ...accept, anonymous: true })],
      [401, client.ask('Observation', { ...body, anonymous: true })],
      [403, narrow.get('Observation/found', accept)],
      [403, narrow.ask('Observation', body)],
      [403, narrow.ask('', { ...body, body: bundle('batch', [request('GET', 'Observation/found')]) })],
      [404, portal.get('Patient/p', accept)],
      [404, portal.get('Observation/found', accept)],
      [404, stranger.get('Patient/p', accept)],
      [404, client.get('Nonsense/x', accept)],
      [405, client.ask('metadata', { method: 'DELETE', ...accept })],
      [400, client.get('Patient?nonsense=1', accept)],
    ];
    for (const [expected, answer] of asked) {
      const { status, headers, body: outcome, text } = await answer;
      if (status === 200 && outcome.type === 'batch-response') {
        assert.match(outcome.entry[0].response.status as string, /^403/);
        continue;
      }
      assert.equal(status, expected, text);
      assert.equal(headers.get('content-type'), TYPE, text);
      assert.equal(outcome.resourceType, 'OperationOutcome');
      assert.doesNotMatch(text, /Öz|7\.10/);
    }
    const found = await portal.get('Observation?_include=Observation:subject', accept);
    assert.equal(found.body.total, 0);
    assert.doesNotMatch(JSON.stringify(fromXml(found.text, 1000)), /Öz|7\.10/);
    assert.deepEqual(server.alarms, []);
  });
});
