import assert from 'node:assert/strict';
import { observation, patient } from '../search/resources.js';
import { Client, type Answer } from '../support/client.js';
import { start, type Server } from '../support/server.js';

const uuid = (last: number): string => `urn:uuid:00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;
const by = (value: string): object => ({ identifier: [{ system: 'urn:oid:2.999', value }] });
const post = (fullUrl: string | undefined, resource: any, more: object = {}): object => ({
  ...(fullUrl !== undefined && { fullUrl }),
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
});
const put = (resource: any, more: object = {}): object => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...more },
});
const ask = (method: string, url: string, more: object = {}): object => ({ request: { method, url, ...more } });
const to = (reference: string): object => ({ subject: { reference } });

describe('rest: transaction', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  const transact = (entry: unknown, by: Client = client, headers: Record<string, string> = {}): Promise<Answer> =>
    by.send(
      'POST',
      '',
      { resourceType: 'Bundle', type: 'transaction', ...(entry !== undefined && { entry }) },
      headers,
    );
  const count = async (type: string): Promise<number> =>
    (await client.get(`${type}?_summary=count`)).body.total as number;

  async function refused(entry: unknown, status: number, naming: RegExp | undefined, by = client): Promise<Answer> {
    const before = [await count('Patient'), await count('Observation')];
    const answer = await transact(entry, by);
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.body.resourceType, 'OperationOutcome');
    if (naming) assert.match(`${answer.body.issue[0].details.text} ${answer.body.issue[0].expression?.[0]}`, naming);
    assert.deepEqual([await count('Patient'), await count('Observation')], before, 'nothing was written');
    return answer;
  }

  it('REST 48: answers in the order of the request, whatever the order of the work', async () => {
    await client.send('PUT', 'Patient/old', patient('old'));
    const { status, body } = await transact([
      ask('GET', 'Patient/t-put'),
      ask('HEAD', 'Patient/t-put'),
      put(patient('t-put')),
      post(undefined, patient('x')),
      ask('DELETE', 'Patient/old'),
      ask('GET', 'Patient?_id=t-put'),
      ask('GET', 'Patient/old'),
    ]);
    assert.equal(status, 200);
    assert.equal(body.type, 'transaction-response');
    const statuses = body.entry.map(({ response }: any) => response.status);
    assert.deepEqual(statuses, [
      '200 OK',
      '200 OK',
      '201 Created',
      '201 Created',
      '204 No Content',
      '200 OK',
      '410 Gone',
    ]);
    assert.equal(body.entry[0].resource.id, 't-put', 'what was written is read');
    assert.equal(body.entry[1].resource, undefined);
    assert.equal(body.entry[5].resource.total, 1);
    assert.equal(body.entry[6].response.outcome.resourceType, 'OperationOutcome');
    const { response, fullUrl, resource } = body.entry[3];
    assert.equal(fullUrl, `${server.base}/Patient/${String(resource.id)}`);
    assert.equal(response.location, `${fullUrl}/_history/1`);
    assert.equal(response.etag, 'W/"1"');
    assert.equal(response.lastModified, resource.meta.lastUpdated);
    assert.equal(body.entry[0].response.lastModified, body.entry[0].resource.meta.lastUpdated);
    assert.equal((await transact(undefined)).body.entry, undefined, 'an empty one is no fault');
  });

  it('REST 48: references by fullUrl become references to what was made, also in narrative and attachments', async () => {
    const [person, document] = [uuid(1), uuid(2)];
    const div = `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${person}">of</a></div>`;
    const { status, body, text } = await transact([
      post(document, {
        ...{ resourceType: 'DocumentReference', status: 'current', ...to(person), text: { status: 'generated', div } },
        content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
        relatesTo: [{ code: 'replaces', target: { reference: document } }],
      }),
      post(person, patient('x', { link: [{ type: 'seealso', other: { reference: person } }] })),
      post(
        undefined,
        observation('x', {
          ...{ ...to(person), hasMember: [{ reference: uuid(9) }] },
          identifier: [{ system: 'urn:ietf:rfc:3986', value: person }],
          extension: [{ url: 'urn:oid:2.999.1', valueUri: person }],
        }),
      ),
      post('http://old.example/fhir/Patient/7', patient('7')),
      post('http://old.example/fhir/Observation/8', observation('8', to('Patient/7'))),
    ]);
    assert.equal(status, 200, text);
    const [doc, pat, obs, seven, eight] = body.entry.map(({ resource }: any) => resource);
    const reference = `Patient/${String(pat.id)}`;
    assert.equal(doc.subject.reference, reference);
    assert.ok(doc.text.div.includes(`href="${reference}"`));
    assert.match(doc.content[0].attachment.url, /^Binary\//);
    assert.equal(doc.relatesTo[0].target.reference, `DocumentReference/${String(doc.id)}`);
    assert.equal(pat.link[0].other.reference, reference);
    assert.equal(obs.subject.reference, reference);
    assert.equal(obs.hasMember[0].reference, uuid(9), 'what no entry is stays');
    assert.equal(obs.extension[0].valueUri, reference, 'a URI is a link too');
    assert.equal(obs.identifier[0].value, person, 'a text is none');
    assert.equal(eight.subject.reference, `Patient/${String(seven.id)}`);
    assert.deepEqual(await client.ids(`Observation?patient=${String(pat.id)}`), [obs.id]);
  });

  it('REST 48: one entry that fails is the failure of all, named with its place', async () => {
    const good = post(undefined, patient('x'));
    const bad = post(undefined, { ...patient('x'), birthDate: '1970-02-30' });
    const invalid = await refused([good, bad], 400, /^Entry 1: .* Bundle\.entry\[1\]\.resource\.birthDate$/);
    assert.equal(invalid.body.issue[0].details.coding?.[0].code ?? 'invalid-resource', 'invalid-resource');
    await client.send('PUT', 'Patient/known', patient('known'));
    const cases: [entry: unknown, status: number, naming: RegExp][] = [
      [[good, put(patient('known', { gender: 'male' }), { ifMatch: 'W/"9"' })], 412, /^Entry 1: /],
      [[good, ask('DELETE', 'Patient/known', { ifMatch: 'W/"9"' })], 412, /^Entry 1: /],
      [[good, { ...put(patient('known')), request: { method: 'PUT', url: 'Patient/other' } }], 400, /^Entry 1: /],
      [[good, post(undefined, { resourceType: 'Nothing' })], 404, /^Entry 1: /],
      [[good, ask('POST', 'Patient')], 400, /^Entry 1: /],
      [[good, ask('DELETE', 'Patient')], 400, /^Entry 1: /],
      [[good, ask('GET', 'metadata/x')], 404, /^Entry 1: /],
      [[put(patient('same')), put(patient('same', { gender: 'male' }))], 400, /Entry 1: another entry writes/],
      [[put(patient('known', { gender: 'male' })), ask('DELETE', 'Patient/known')], 400, /another entry writes/],
      [[post(uuid(1), patient('x')), post(uuid(1), patient('y'))], 400, /another entry writes/],
    ];
    for (const [entry, status, naming] of cases) await refused(entry, status, naming);
  });

  it('REST 46: what is posted to the base is a batch or a transaction, and nothing else', async () => {
    const bundle = (type: string | undefined, entry?: unknown): object => ({ resourceType: 'Bundle', type, entry });
    for (const body of [
      patient('x'),
      bundle(undefined),
      bundle('searchset', []),
      bundle('transaction', {}),
      bundle('transaction', [null]),
      bundle('transaction', [{ request: { method: 'GET' } }]),
      bundle('transaction', [ask('SPIN', 'Patient')]),
      [],
    ])
      assert.equal((await client.send('POST', '', body)).status, 400, JSON.stringify(body));
    assert.equal((await client.send('POST', '', '<Bundle/>', { 'content-type': 'text/html' })).status, 415);
    const many = Array.from({ length: 101 }, () => ask('GET', 'Patient/x'));
    assert.equal((await transact(many)).status, 400);
    assert.equal((await client.ask('', { method: 'PUT' })).status, 405);
  });

  it('REST 26, 27, 48: conditions of entries', async () => {
    const entry = [
      post(uuid(1), patient('x', by('conditional')), { ifNoneExist: 'identifier=urn:oid:2.999|conditional' }),
      post(undefined, observation('x', to(uuid(1)))),
    ];
    const first = await transact(entry);
    const second = await transact(entry);
    const ids = [first, second].map(({ body }) => body.entry[0].response.location.split('/').at(-3));
    assert.deepEqual(
      [first, second].map(({ body }) => body.entry[0].response.status),
      ['201 Created', '200 OK'],
    );
    assert.equal(ids[0], ids[1]);
    assert.equal(second.body.entry[1].resource.subject.reference, `Patient/${String(ids[0])}`);
    const same = { ifNoneExist: 'identifier=urn:oid:2.999|twice' };
    await refused(
      [post(uuid(1), patient('x', by('twice')), same), post(uuid(2), patient('x', by('twice')), same)],
      400,
      /another/,
    );
    const updated = await transact([
      {
        fullUrl: uuid(3),
        resource: patient('x', by('by-put')),
        request: { method: 'PUT', url: 'Patient?identifier=urn:oid:2.999|by-put' },
      },
    ]);
    assert.equal(updated.status, 200, 'an id that is given is kept');
    assert.equal(updated.body.entry[0].resource.id, 'x');
    const operations = Buffer.from('[{"op":"add","path":"/gender","value":"male"}]').toString('base64');
    const patched = await transact([
      {
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data: operations },
        request: { method: 'PATCH', url: 'Patient/x' },
      },
    ]);
    assert.equal(patched.body.entry[0].resource.gender, 'male', patched.text);
    const removed = await transact([ask('DELETE', 'Patient?identifier=urn:oid:2.999|by-put')]);
    assert.equal(removed.body.entry[0].response.status, '204 No Content');
  });

  it('REST 48: a conditional reference is to the one that it finds, stored or in the same Bundle; else 412', async () => {
    await server.save([patient('r1', by('r')), patient('m1', by('m')), patient('m2', by('m'))]);
    const of = (value: string): object => observation('x', to(`Patient?identifier=urn:oid:2.999|${value}`));
    const { body } = await transact([
      post(undefined, of('r')),
      post(uuid(1), patient('x', by('new'))),
      post(undefined, of('new')),
    ]);
    assert.equal(body.entry[0].resource.subject.reference, 'Patient/r1');
    assert.equal(body.entry[2].resource.subject.reference, `Patient/${String(body.entry[1].resource.id)}`);
    await refused([post(undefined, patient('x')), post(undefined, of('m'))], 412, /^Entry 1: /);
    const none = await refused([post(undefined, of('none'))], 412, /^Entry 0: /);
    assert.equal(none.body.issue[0].code, 'not-found');
    const elsewhere = { basedOn: [{ reference: 'ServiceRequest?identifier=x' }] };
    await refused([post(undefined, observation('x', elsewhere))], 412, /^Entry 0: /);
    // Alone it is no reference: nothing would ever find what it stands for.
    assert.equal((await client.send('POST', 'Observation', of('r'))).status, 400);
    const batch = { resourceType: 'Bundle', type: 'batch', entry: [post(undefined, of('r'))] };
    assert.match((await client.send('POST', '', batch)).body.entry[0].response.status as string, /^400/);
  });

  it('REST 20: Prefer says of the whole what its entries answer with', async () => {
    const entry = [post(undefined, patient('x'))];
    const minimal = await transact(entry, client, { prefer: 'return=minimal' });
    assert.deepEqual(Object.keys(minimal.body.entry[0]), ['response']);
    const outcome = await transact(entry, client, { prefer: 'return=OperationOutcome' });
    assert.equal(outcome.body.entry[0].response.outcome.issue[0].severity, 'information');
  });

  it('REST 58: transactions at the same time on the same rows are each whole', async () => {
    await server.save([patient('ta'), patient('tb')]);
    const family = (id: string, name: string): object => put(patient(id, { name: [{ family: name }] }));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => {
        const both = [family('ta', `n${String(index)}`), family('tb', `n${String(index)}`)];
        return transact(index % 2 ? both : both.reverse());
      }),
    );
    for (const { status } of answers) assert.ok(status === 200 || status === 409, String(status));
    const [one, two] = await Promise.all(
      ['ta', 'tb'].map(async (id) => (await client.get(`Patient/${id}`)).body.name[0].family),
    );
    assert.equal(one, two);
    const raced = await Promise.all(
      Array.from({ length: 6 }, () =>
        transact([post(undefined, patient('x', by('tx-race')), { ifNoneExist: 'identifier=urn:oid:2.999|tx-race' })]),
      ),
    );
    const made = raced.filter(({ body }) => body.entry[0].response.status === '201 Created');
    assert.equal(made.length, 1);
    assert.equal((await client.get('Patient?identifier=urn:oid:2.999|tx-race&_summary=count')).body.total, 1);
  });

  it('REST 61: every entry is in the audit trail with the transaction', async () => {
    const headers = { 'x-request-id': 'whole' };
    await transact([post(undefined, patient('x')), ask('GET', 'Patient/known')], client, headers);
    // The first may be under way since before.
    for (let times = 0; times < 2; times++) await server.portico.trail.flush();
    const rows = await server.portico.own.objects(`select * from audit where request_id = 'whole'`, []);
    assert.deepEqual(rows.map((row) => row['interaction']).sort(), ['create', 'read', 'transaction']);
  });

  it('THREAT 47, 52: entries are narrowed each by itself, and one that is refused refuses all', async () => {
    await server.save([
      patient('a'),
      patient('b'),
      observation('b1', to('Patient/b')),
      observation('a1', to('Patient/a')),
    ]);
    const pinned = await Client.login(
      server.url,
      await server.credential({ patient: 'a', scopeCeiling: 'patient/*.cruds' }),
    );
    const own = post(undefined, observation('x', to('Patient/a')));
    const cases: [entry: object, status: number][] = [
      [post(undefined, observation('x', to('Patient/b'))), 403],
      [put(observation('b1', to('Patient/a'))), 404],
      [put(observation('a1', to('Patient/b'))), 403],
      [ask('DELETE', 'Observation/b1'), 404],
      [post(undefined, observation('x', { ...to('Patient/a'), focus: [{ reference: 'Patient/b' }] })), 422],
      [post(undefined, observation('x', to('Patient?_id=b'))), 412],
      [post(uuid(7), { resourceType: 'Organization', name: 'x' }), 403],
    ];
    for (const [entry, status] of cases) await refused([own, entry], status, /Entry 1: /, pinned);
    for (const url of [
      `${server.base}.example/Patient/b`,
      'http://evil.example/Patient/b',
      '//evil.example/Patient',
      '../R4/Patient/b',
      'Patient/../Patient/b',
      '',
    ])
      await refused([ask('GET', url)], 400, /Entry 0: /, pinned);
    const nested = { resource: { resourceType: 'Bundle', type: 'batch' }, request: { method: 'POST', url: '?' } };
    await refused([nested], 400, /Entry 0: /, pinned);
    for (const url of [`${server.base}/Patient/b`, '/Patient/b'])
      assert.match((await transact([ask('GET', url)], pinned)).body.entry[0].response.status, /^404/);
    const read = await transact(
      [ask('GET', 'Patient/b'), ask('GET', 'Observation?patient=b'), ask('GET', 'Observation/_history')],
      pinned,
    );
    assert.equal(read.body.entry[0].response.status, '404 Not Found');
    assert.equal(read.body.entry[1].resource.total, 0);
    assert.ok(!read.text.includes('Patient/b"'));
    const linked = await transact(
      [
        post(uuid(1), observation('x', to('Patient/a'))),
        post(undefined, observation('x', { ...to('Patient/a'), hasMember: [{ reference: uuid(1) }] })),
      ],
      pinned,
    );
    assert.equal(linked.status, 200, `what is written together may refer to each other: ${linked.text}`);
    const creator = await server.client('system/Observation.c');
    await refused([own, ask('DELETE', 'Observation/a1')], 403, /Entry 1: /, creator);
    const [blind] = (await transact([own], creator)).body.entry;
    assert.deepEqual(Object.keys(blind), ['response']);
    assert.deepEqual(server.alarms, []);
  });
});
