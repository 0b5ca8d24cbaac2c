import assert from 'node:assert/strict';
import { purge } from '../../src/auth/purge.js';
import { documentReference, patient } from '../search/resources.js';
import { Client, type Answer } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const HOUR = 3_600_000;
const pdf = '%PDF-1.4 of somebody';

describe('rest: Binary, written', () => {
  let server: Server;
  let client: Client;
  let clock = Date.UTC(2026, 0, 1);

  before(async () => {
    server = await start({ now: () => clock });
    client = await server.client();
    await server.save([patient('a'), patient('b')]);
  });
  after(() => server.stop());

  const raw = (body: string, by = client, type = 'application/pdf'): Promise<Answer> =>
    by.ask('Binary', { method: 'POST', headers: { 'content-type': type }, body });
  const idOf = ({ headers }: Answer): string => /Binary\/([^/]+)/.exec(headers.get('location') ?? '')![1]!;
  const document = (of: string, url: string): object =>
    documentReference('x', {
      subject: { reference: `Patient/${of}` },
      content: [{ attachment: { contentType: 'application/pdf', url } }],
    });
  const attach = (of: string, url: string, by = client): Promise<Answer> =>
    by.send('POST', 'DocumentReference', document(of, url));

  it('REST 50: bytes of any type are sent as they are, and come back as they were', async () => {
    for (const [type, body] of [
      ['application/pdf', pdf],
      ['text/plain; charset=utf-8', 'Zürich'],
      ['application/json', '{"a": 1.0}'],
      ['application/octet-stream', ''],
    ] as const) {
      const made = await raw(body, client, type);
      assert.equal(made.status, 201, made.text);
      assert.equal(made.text, '');
      assert.equal(made.headers.get('etag'), 'W/"1"');
      const read = await client.get(`Binary/${idOf(made)}`, { headers: { accept: '*/*' } });
      assert.equal(read.text, body);
      assert.equal(read.headers.get('content-type'), type);
      assert.equal(read.headers.get('x-security-context'), null);
      const { body: resource } = await client.get(`Binary/${idOf(made)}?_format=json`);
      assert.equal(resource.contentType, type);
    }
    for (const type of ['application/fhir+turtle', 'nonsense', ''])
      assert.equal((await raw(pdf, client, type)).status, 415, type);
    assert.equal((await client.ask('Binary', { method: 'POST' })).status, 415);
  });

  it('REST 50: a Binary is sent as a resource too', async () => {
    const data = Buffer.from(pdf).toString('base64');
    const binary = { resourceType: 'Binary', id: 'mine', contentType: 'application/pdf', data };
    const made = await client.send('POST', 'Binary', binary);
    assert.equal(made.status, 201);
    assert.notEqual(idOf(made), 'mine');
    assert.equal((await client.get(`Binary/${idOf(made)}`)).text, pdf);
    const wrong: [body: object, status: number][] = [
      [{ ...binary, data: 'not base64!' }, 400],
      [{ ...binary, resourceType: 'Patient' }, 400],
      [{ resourceType: 'Binary', data }, 400],
      [{ ...binary, securityContext: { reference: 'Patient/a' } }, 422],
    ];
    for (const [body, status] of wrong) {
      const answer = await client.send('POST', 'Binary', body);
      assert.ok(answer.status === status || answer.status === 422, answer.text);
    }
    assert.equal((await client.send('POST', 'Binary?x=1', binary)).status, 400);
  });

  it('REST 50: PUT makes an id; the same may be sent again, other bytes may not', async () => {
    const put = (body: string, by = client): Promise<Answer> =>
      by.ask('Binary/chosen', { method: 'PUT', headers: { 'content-type': 'application/pdf' }, body });
    assert.equal((await put(pdf)).status, 201);
    assert.equal((await put(pdf)).status, 200);
    assert.equal((await put('other')).status, 409);
    assert.equal((await client.get('Binary/chosen')).text, pdf);
    const data = Buffer.from(pdf).toString('base64');
    const binary = { resourceType: 'Binary', id: 'chosen', contentType: 'application/pdf', data };
    assert.equal((await client.send('PUT', 'Binary/chosen', binary)).status, 200);
    assert.equal((await client.send('PUT', 'Binary/else', binary)).status, 400);
    assert.equal((await client.remove('Binary/chosen')).status, 405);
  });

  it('THREAT 48: bytes that nothing attaches are for their sender; then for who may read the document', async () => {
    const other = await server.client();
    const elsewhere = await server.client(undefined, OTHER_TENANT);
    const made = await raw(pdf);
    const path = `Binary/${idOf(made)}`;
    const unknown = (await other.get('Binary/unknown')).text;
    for (const each of [other, elsewhere]) {
      assert.equal((await each.get(path)).text, unknown);
      assert.equal((await attach('b', path, each)).status, each === other ? 422 : 201, 'a foreign id is only a text');
      assert.equal((await each.get(path)).status, 404);
    }
    assert.equal((await client.get(path)).text, pdf);
    const owner = await attach('a', path);
    assert.equal(owner.status, 201, owner.text);
    assert.equal((await other.get(path)).text, pdf);
    assert.equal(
      (await other.get(path)).headers.get('x-security-context'),
      `DocumentReference/${String(owner.body.id)}`,
    );
    assert.equal((await elsewhere.get(path)).status, 404);
    assert.equal((await attach('b', path)).status, 422, 'one patient’s bytes are not another’s');
    const [a, b] = [await server.portal('a'), await server.portal('b')];
    assert.equal((await a.get(path)).text, pdf);
    assert.equal((await b.get(path)).status, 404);
  });

  it('THREAT 48, 52: a pinned credential sends bytes, attaches them to its own patient, and chooses no id', async () => {
    const login = async (patientId: string): Promise<Client> =>
      Client.login(server.url, await server.credential({ patient: patientId, scopeCeiling: 'patient/*.cruds' }));
    const [a, b] = [await login('a'), await login('b')];
    const made = await raw(pdf, a);
    assert.equal(made.status, 201);
    const path = `Binary/${idOf(made)}`;
    assert.equal((await b.get(path)).status, 404);
    assert.equal((await attach('b', path, b)).status, 422);
    assert.equal((await attach('b', path, a)).status, 403);
    assert.equal((await attach('a', path, a)).status, 201);
    for (const id of ['chosen', 'new', idOf(made)]) {
      const answer = await b.ask(`Binary/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/pdf' },
        body: pdf,
      });
      assert.equal(answer.status, 404, id);
    }
    for (const scope of ['system/DocumentReference.r', 'system/Patient.cruds', 'system/letters.read']) {
      const reader = await Client.login(
        server.url,
        await server.credential({ scopeCeiling: 'apiv2 system/*.cruds' }),
        scope,
      );
      assert.equal((await raw(pdf, reader)).status, 403, scope);
    }
  });

  it('THREAT 48, 49: who sees a part waits for no bytes of others, and takes none that have no patient', async () => {
    const login = async (more: object): Promise<Client> => Client.login(server.url, await server.credential(more));
    const category = { coding: [{ system: 'urn:canary', code: 'own' }] };
    const pinned = await login({ patient: 'a', scopeCeiling: 'patient/*.cruds' });
    const narrowed = await login({ scopeCeiling: 'system/DocumentReference.cruds?category=urn:canary|own' });
    const shared = await raw('of nobody');
    const [path, foretold] = [`Binary/${idOf(shared)}`, 'Binary/scan-0001'];
    const ofNobody = documentReference('x', {
      content: [{ attachment: { contentType: 'application/pdf', url: path } }],
    });
    assert.equal((await client.send('POST', 'DocumentReference', ofNobody)).status, 201);
    const ofA = await raw('of a');
    assert.equal((await attach('a', `Binary/${idOf(ofA)}`)).status, 201);
    for (const [by, url, status] of [
      [pinned, foretold, 422],
      [pinned, path, 422],
      [narrowed, foretold, 422],
      [narrowed, path, 422],
      [narrowed, `Binary/${idOf(ofA)}`, 422],
      [pinned, `Binary/${idOf(ofA)}`, 201],
      [client, path, 422],
    ] as const) {
      const sent = { ...document('a', url), category: [category] };
      assert.equal((await by.send('POST', 'DocumentReference', sent)).status, status, url);
    }
    const sent = await client.ask(foretold, {
      method: 'PUT',
      headers: { 'content-type': 'application/pdf' },
      body: 'of b',
    });
    assert.equal(sent.status, 201);
    assert.equal((await attach('b', foretold)).status, 201);
    for (const by of [pinned, narrowed])
      assert.deepEqual([(await by.get(foretold)).status, (await by.get(path)).status], [404, 404]);
    assert.equal((await client.get(path)).text, 'of nobody', 'and whoever had them keeps them');
    const own = await raw('of the sender', narrowed);
    const mine = { ...document('a', `Binary/${idOf(own)}`), category: [category] };
    assert.equal((await narrowed.send('POST', 'DocumentReference', mine)).status, 201);
  });

  it('THREAT 48: bytes that nothing attached for a day are deleted, and attached ones stay', async () => {
    const [lonely, attached] = [await raw('lonely'), await raw('attached')];
    assert.equal((await attach('a', `Binary/${idOf(attached)}`)).status, 201);
    clock += 23 * HOUR;
    await purge(server.portico.own, clock);
    const sender = async (answer: Answer): Promise<number> =>
      (await server.portico.own.objects(`select 1 from blob where id = '${idOf(answer)}'`, [])).length;
    assert.deepEqual([await sender(lonely), await sender(attached)], [1, 1]);
    clock += 2 * HOUR;
    await purge(server.portico.own, clock);
    assert.deepEqual([await sender(lonely), await sender(attached)], [0, 1]);
  });

  it('REST 48, 51: a transaction brings a Binary and its document in any order; inline data becomes one', async () => {
    // A day later its token has ended.
    client = await server.client();
    const fullUrl = 'urn:uuid:00000000-0000-4000-8000-000000000001';
    const data = Buffer.from(pdf).toString('base64');
    const post = (resource: any, more: object = {}): object => ({
      ...more,
      ...{ resource, request: { method: 'POST', url: resource.resourceType } },
    });
    const entry = [
      post(document('a', fullUrl)),
      post({ resourceType: 'Binary', contentType: 'application/pdf', data }, { fullUrl }),
    ];
    const { status, body, text } = await client.send('POST', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry,
    });
    assert.equal(status, 200, text);
    const { url } = body.entry[0].resource.content[0].attachment;
    assert.match(url, /^Binary\//);
    assert.equal((await (await server.portal('a')).get(url as string)).text, pdf);
    const inline = await client.send('POST', 'DocumentReference', {
      ...document('a', 'urn:x'),
      content: [{ attachment: { contentType: 'application/pdf', data } }],
    });
    const [{ attachment }] = inline.body.content;
    assert.deepEqual(Object.keys(attachment).sort(), ['contentType', 'hash', 'size', 'url']);
    assert.equal(attachment.size, pdf.length);
    assert.equal((await client.get(attachment.url as string)).text, pdf);
    assert.deepEqual(server.alarms, []);
  });
});
