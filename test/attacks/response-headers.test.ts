import assert from 'node:assert/strict';
import { documentReference, patient } from '../search/resources.js';
import type { Client } from '../support/client.js';
import { basic, post } from '../support/oauth.js';
import { raw, type RawAsked } from '../support/raw.js';
import { start, type Server } from '../support/server.js';

/** Whatever a client puts between the lines, in the ways in which it can be put there. */
const splits = [
  '%0d%0aSet-Cookie:%20zz=1',
  '%0aSet-Cookie:%20zz=1',
  '%0d%0a%0d%0a<script>zz</script>',
  '%E5%98%8A%E5%98%8DSet-Cookie:%20zz=1',
  '%250d%250aSet-Cookie:%20zz=1',
  '\u0085Set-Cookie: zz=1',
].map((each) => (each.includes('%') ? each : encodeURIComponent(each)));

describe('attacks/response-headers', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    const name = 'a"\r\nSet-Cookie: zz=1;\r\n.txt';
    const attachment = { contentType: 'text/plain', title: name, data: Buffer.from('text').toString('base64') };
    await server.save([
      patient('a'),
      documentReference('doc', { subject: { reference: 'Patient/a' }, content: [{ attachment }] }),
    ]);
  });
  after(() => server.stop());

  const clean = (headers: Readonly<Record<string, unknown>>, where: string): void => {
    assert.equal(headers['set-cookie'], undefined, where);
    for (const [name, value] of Object.entries(headers))
      assert.doesNotMatch(`${name}: ${String(value)}`, /zz=1/, where);
  };

  it('THREAT 68: nothing of a path, a parameter or a form becomes a header', async () => {
    const headers = { authorization: `Bearer ${client.token}` };
    for (const split of splits)
      for (const path of [
        `/fhir/R4/Patient/${split}`,
        `/fhir/R4/Patient/a/_history/${split}`,
        `/fhir/R4/${split}`,
        `/fhir/R4/Binary/${split}`,
        `/fhir/R4/Patient?_format=${split}`,
        `/fhir/R4/Patient?_count=${split}`,
        `/fhir/R4/Patient?_cursor=${split}`,
        `/fhir/R4/Patient?${split}=x`,
        `/fhir/R4/Patient?name=${split}`,
        `/api/v1/patient-channels/${split}`,
        `/oauth/token?x=${split}`,
        `/${split}`,
      ]) {
        const answer = await raw(server.url, path, { headers });
        clean(answer.headers, path);
        assert.ok(answer.status < 500, path);
      }
    for (const split of splits.map(decodeURIComponent)) {
      const credential = await server.credential({});
      for (const form of [
        { grant_type: split },
        { grant_type: 'client_credentials', scope: split },
        { grant_type: 'client_credentials', client_id: split },
      ]) {
        const answer = await post(`${server.url}/oauth/token`, form, 'client_id' in form ? {} : basic(credential));
        clean(Object.fromEntries(answer.headers), JSON.stringify(form));
      }
    }
  });

  it('THREAT 68: nothing of a header becomes another one', async () => {
    for (const value of ['x; Set-Cookie: zz=1', '\tSet-Cookie: zz=1', 'x\u0085Set-Cookie: zz=1', '"zz=1"'])
      for (const name of [
        'x-request-id',
        'origin',
        'accept',
        'prefer',
        'if-none-match',
        'x-organization-id',
        'x-on-behalf-of',
        'access-control-request-headers',
        'access-control-request-method',
        'host',
      ])
        for (const method of ['GET', 'OPTIONS']) {
          const asked: RawAsked = { method, headers: { authorization: `Bearer ${client.token}`, [name]: value } };
          const answer = await raw(server.url, '/fhir/R4/Patient/a', asked);
          clean(answer.headers, `${method} ${name}: ${value}`);
        }
  });

  it('THREAT 67, 68: the title of a document does not become a header of its bytes', async () => {
    const { body } = await client.get('DocumentReference/doc');
    const { url } = body.content[0].attachment as { url: string };
    const id = url.split('/').at(-1) as string;
    const answer = await raw(server.url, `/fhir/R4/Binary/${id}`, {
      headers: { authorization: `Bearer ${client.token}`, accept: 'text/plain' },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'text');
    clean(answer.headers, 'Binary');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  });
});
