import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Client } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const pdf = Buffer.from('%PDF-1.4\n\x00\xff\xfe binary \r\n%%EOF', 'latin1');
const html = Buffer.from('<html><script>alert(1)</script></html>');

const document = (id: string, patient: string, ...attachments: object[]) => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  subject: { reference: `Patient/${patient}` },
  content: attachments.map((attachment) => ({ attachment })),
});
const inline = (contentType: string, bytes: Buffer) => ({ contentType, data: bytes.toString('base64') });

describe('rest: Binary', () => {
  let server: Server;
  let client: Client;
  const urls = new Map<string, string>();
  const url = (id: string): string => urls.get(id) as string;

  before(async () => {
    server = await start();
    client = await server.client();
    const patients = ['a', 'b'].map((id) => ({ resourceType: 'Patient', id }));
    await server.save([
      ...patients,
      document('pdf', 'a', inline('application/pdf', pdf)),
      document('html', 'a', inline('text/html; charset=utf-8', html)),
      document('json', 'a', inline('application/json', Buffer.from('{"a":1}'))),
      document('of-b', 'b', inline('application/pdf', pdf)),
    ]);
    await server.save([...patients, document('pdf', 'a', inline('text/plain', Buffer.from('two')))], OTHER_TENANT);
    for (const id of ['pdf', 'html', 'json', 'of-b'])
      urls.set(id, (await client.get(`DocumentReference/${id}`)).body.content[0].attachment.url as string);
  });
  after(() => server.stop());

  it('REST 51: an attachment says the size and the SHA-1 of its bytes, and where they are', async () => {
    const { attachment } = (await client.get('DocumentReference/pdf')).body.content[0];
    assert.equal(attachment.data, undefined);
    assert.equal(attachment.contentType, 'application/pdf');
    const { body } = await client.get(attachment.url as string);
    assert.equal(attachment.size, body.length);
    assert.equal(attachment.hash, createHash('sha1').update(body).digest('base64'));
  });

  it('REST 49: the bytes as they are, unless FHIR is asked for', async () => {
    const asked = [
      undefined,
      '*/*',
      'application/pdf',
      'application/*',
      'application/pdf, application/fhir+json;q=0.5',
    ];
    for (const accept of asked) {
      const { status, headers, body } = await client.get(
        url('pdf'),
        accept === undefined ? {} : { headers: { accept } },
      );
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'application/pdf', accept);
      assert.ok(pdf.equals(body as Buffer));
      assert.equal(headers.get('content-length'), String(pdf.length));
      assert.equal(headers.get('x-security-context'), 'DocumentReference/pdf');
      assert.equal(headers.get('etag'), 'W/"1"');
      assert.ok(headers.get('last-modified'));
    }
    const json = await client.get(url('json'), { headers: { accept: 'application/json' } });
    assert.equal(json.headers.get('content-type'), 'application/json');
    assert.equal(json.text, '{"a":1}');
  });

  it('REST 49: the resource around them, when FHIR is asked for', async () => {
    const asked: [path: string, accept: string][] = [
      [url('pdf'), 'application/fhir+json'],
      [url('pdf'), 'application/fhir+json;fhirVersion=4.0'],
      [url('pdf'), 'application/pdf;q=0.1, application/fhir+json'],
      [`${url('pdf')}?_format=json`, 'application/pdf'],
      [`${url('pdf')}?_format=application/fhir+json`, '*/*'],
      [`${url('pdf')}?_format=application/json`, '*/*'],
    ];
    for (const [path, accept] of asked) {
      const { status, headers, body } = await client.get(path, { headers: { accept } });
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'application/fhir+json; charset=utf-8', path);
      assert.equal(body.resourceType, 'Binary');
      assert.equal(`Binary/${String(body.id)}`, url('pdf'));
      assert.equal(body.contentType, 'application/pdf');
      assert.equal(body.securityContext.reference, 'DocumentReference/pdf');
      assert.ok(pdf.equals(Buffer.from(body.data as string, 'base64')));
      assert.equal(headers.get('etag'), `W/"${String(body.meta.versionId)}"`);
    }
  });

  it('REST 49: the resource in XML, when that is asked for', async () => {
    const { body: resource } = await client.get(url('pdf'), { headers: { accept: 'application/fhir+json' } });
    for (const [path, accept] of [
      [url('pdf'), 'application/fhir+xml'],
      [url('pdf'), 'application/xml+fhir, */*;q=0.5'],
      [`${url('pdf')}?_format=xml`, 'application/pdf'],
      [`${url('pdf')}?_format=text/xml`, 'text/xml'],
    ] as const) {
      const { headers, body } = await client.get(path, { headers: { accept } });
      assert.equal(headers.get('content-type'), 'application/fhir+xml; charset=utf-8', path);
      assert.deepEqual(body, resource);
    }
    // XML that is no FHIR is a type of bytes.
    const { headers } = await client.get(url('pdf'), { headers: { accept: 'application/xml, */*;q=0.1' } });
    assert.equal(headers.get('content-type'), 'application/pdf');
  });

  it('REST 49: FHIR in Turtle, or of another version, is 406', async () => {
    for (const accept of ['application/fhir+turtle', 'application/fhir+json;fhirVersion=5.0'])
      assert.equal((await client.get(url('pdf'), { headers: { accept } })).status, 406, accept);
    assert.equal((await client.get(`${url('pdf')}?_format=ttl`)).status, 406);
  });

  it('REST 49: conditional reads, and parameters that it does not take', async () => {
    const { headers } = await client.get(url('pdf'));
    const conditions = [
      { 'if-none-match': headers.get('etag') ?? '' },
      { 'if-modified-since': headers.get('last-modified') ?? '' },
    ] as Record<string, string>[];
    for (const condition of conditions)
      assert.equal((await client.get(url('pdf'), { headers: condition })).status, 304);
    assert.equal((await client.get(url('pdf'), { headers: { 'if-none-match': 'W/"2"' } })).status, 200);
    for (const query of ['_summary=true', '_elements=data', 'x=1'])
      assert.equal((await client.get(`${url('pdf')}?${query}`)).status, 400, query);
  });

  it('THREAT 48: a page of HTML is not rendered', async () => {
    const { headers, body } = await client.get(url('html'), { headers: { accept: 'text/html' } });
    assert.ok(html.equals(body as Buffer));
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('content-security-policy'), "default-src 'none'; sandbox");
    assert.match(headers.get('content-disposition') ?? '', /^attachment; filename="[A-Za-z0-9.-]+"$/);
  });

  it('THREAT 48: a content type that is none is sent as bytes', async () => {
    const types = ['text/html\u2028', 'nonsense', 'text/html; x=é', 'a/b;"'];
    const kept = types.map((type, index) => document(`type-${String(index)}`, 'a', inline(type, html)));
    for (const each of kept) {
      await server.save([each]).catch(() => undefined);
      const owner = await client.get(`DocumentReference/${each.id}`);
      if (owner.status === 404) continue;
      const { status, headers } = await client.get(owner.body.content[0].attachment.url as string);
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'application/octet-stream');
    }
  });

  it('THREAT 48: whoever may not read the document may not read its bytes', async () => {
    const unknown = await client.get('Binary/nobody');
    assert.equal(unknown.status, 404);
    const a = await server.portal('a');
    const b = await server.portal('b');
    const other = await server.client(undefined, OTHER_TENANT);
    for (const [who, id] of [
      [a, 'of-b'],
      [b, 'pdf'],
      [b, 'html'],
      [other, 'pdf'],
      [other, 'of-b'],
    ] as const)
      for (const accept of ['*/*', 'application/fhir+json']) {
        const answer = await who.get(url(id), { headers: { accept } });
        assert.equal(answer.status, 404, id);
        assert.equal(answer.text, unknown.text, 'as if it were not there');
      }
    assert.equal((await a.get(url('pdf'))).status, 200);
    assert.equal((await b.get(url('of-b'))).status, 200);
  });

  it('THREAT 48: a scope on the document opens its bytes, one on anything else does not', async () => {
    for (const scope of ['system/DocumentReference.r', 'system/*.read', 'system/DocumentReference.rs'])
      assert.equal((await (await server.client(scope)).get(url('pdf'))).status, 200, scope);
    for (const scope of [
      'system/Patient.rs',
      'system/DocumentReference.s',
      'system/DocumentReference.cud',
      'system/Binary.r',
    ]) {
      const refused = await (await server.client(scope)).get(url('pdf'));
      assert.equal(refused.status, 403, scope);
      // The first of the types that attach bytes: what this one is attached by is not told.
      assert.equal(
        refused.headers.get('www-authenticate'),
        'Bearer realm="portico", error="insufficient_scope", scope="system/DiagnosticReport.r system/DocumentReference.r"',
      );
    }
    assert.equal((await client.get(url('pdf'), { anonymous: true })).status, 401);
  });

  it('THREAT 49: a document does not borrow the bytes of another patient', async () => {
    const borrowed = document('borrowed', 'a', { contentType: 'application/pdf', url: url('of-b') });
    await server.save([borrowed]).catch(() => undefined);
    const a = await server.portal('a');
    assert.equal((await a.get(url('of-b'))).status, 404);
    assert.equal((await client.get(url('of-b'))).status, 200, 'and its own patient keeps them');
  });
});
