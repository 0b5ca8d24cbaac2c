import assert from 'node:assert/strict';
import { startRecords, to } from '../attacks/records.js';
import { coded, documentReference, observation, patient } from '../search/resources.js';
import { included, matches, type Answer, type Client } from '../support/client.js';
import { OTHER_TENANT, type Server } from '../support/server.js';

const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const LOINC = 'http://loinc.org';
const of = (code: string, effectiveDateTime: string | undefined, more: object = {}): object => ({
  ...{ subject: to('Patient/p'), code: coded(LOINC, code), category: [coded(CATEGORY, 'vital-signs')] },
  ...(effectiveDateTime !== undefined && { effectiveDateTime }),
  ...more,
});
const typed = (code: string, date: string, more: object = {}): object => ({
  ...{ subject: to('Patient/p'), type: coded(LOINC, code), date },
  ...more,
});

const records: readonly object[] = [
  patient('p', { generalPractitioner: [to('Practitioner/doc')], managingOrganization: to('Organization/org') }),
  observation('h1', of('8893-0', '2024-01-01')),
  observation('h2', of('8893-0', '2024-01-02', { performer: [to('Practitioner/doc')] })),
  observation('h3', of('8893-0', '2024-01-03', { focus: [to('Patient/b')], hasMember: [to('Observation/b1')] })),
  observation('t1', of('8331-1', '2024-01-01')),
  observation('t2', of('8331-1', '2024-01-01')),
  observation('t3', of('8331-1', undefined)),
  observation('s1', of('8893-0', '2020-01-01', { code: coded('urn:oid:1.2', '8893-0') })),
  observation('w1', of('', '2023-01-01', { code: { text: 'Looks pale' } })),
  observation('w2', of('', '2023-01-02', { code: { text: 'Looks pale' } })),
  observation('w3', of('', '2023-01-02', { code: { text: 'Feels warm' } })),
  observation('lab', of('2951-2', '2024-01-01', { category: [coded(CATEGORY, 'laboratory')] })),
  observation('device', { ...of('8893-0', '2024-01-01'), subject: to('Device/d') }),
  observation('part', { subject: to('Device/d'), derivedFrom: [to('Observation/device')] }),
  observation('h4', of('9303-9', '2022-01-01', { derivedFrom: [to('Observation/device')] })),
  documentReference('ccd-old', typed('34133-9', '2020-01-01T00:00:00Z', { status: 'superseded' })),
  documentReference('ccd', typed('34133-9', '2024-01-01T00:00:00Z')),
  documentReference('psr', typed('67796-3', '2023-01-01T00:00:00Z')),
  documentReference('note', typed('11506-3', '2023-06-01T00:00:00Z')),
  documentReference('wrong', typed('11506-3', '2023-06-01T00:00:00Z', { status: 'entered-in-error' })),
  documentReference(
    'stay',
    typed('18842-5', '2024-05-01T00:00:00Z', {
      context: { period: { start: '2021-03-01', end: '2021-03-05' } },
      content: [
        {
          attachment: { contentType: 'text/plain', url: 'urn:oid:1.2.3' },
          format: { system: 'urn:oid:1.3.6.1.4.1.19376.1.2.3', code: 'urn:hl7-org:sdwg:ccda-structuredBody:2.1' },
        },
      ],
    }),
  ),
];

describe('rest: operations', () => {
  let server: Server;
  let client: Client;
  let portal: Client;

  before(async () => {
    server = await startRecords();
    await server.save(records);
    client = await server.client();
    portal = await server.portal('p');
  });
  after(() => server.stop());

  const found = async (path: string, by: Client = client): Promise<string> => {
    const { status, body, text } = await by.get(path);
    assert.equal(status, 200, `${path} ${text}`);
    assert.equal(body.type, 'searchset');
    return matches(body)
      .map(({ id }) => id as string)
      .join(' ');
  };
  const called = (path: string, parameter: object[], by: Client = client): Promise<Answer> =>
    by.send('POST', path, { resourceType: 'Parameters', parameter });
  const link = (body: any, relation: string): string | undefined =>
    body.link.find((each: any) => each.relation === relation)?.url;

  interface Everything {
    readonly ids: string[];
    /** What the provenances among them are about. */
    readonly written: string[];
    readonly beside: string[];
    readonly sizes: number[];
  }

  /** All pages, forwards. */
  async function pages(path: string, by: Client = client): Promise<Everything> {
    const all: Everything = { ids: [], written: [], beside: [], sizes: [] };
    for (let next: string | undefined = path; next !== undefined;) {
      const { status, body, text } = await by.get(next);
      assert.equal(status, 200, text);
      const found = matches(body);
      for (const { resourceType, id, target } of found)
        if (resourceType === 'Provenance') all.written.push((target[0].reference as string).split('/_history/')[0]!);
        else all.ids.push(`${resourceType}/${id}`);
      all.beside.push(...included(body).map(({ resourceType, id }) => `${resourceType}/${id}`));
      all.sizes.push(found.length);
      next = link(body, 'next');
    }
    return all;
  }
  const allOfP = records
    .filter((each: any) => each.id === 'p' || each.subject?.reference === 'Patient/p')
    .map(({ resourceType, id }: any) => `${resourceType}/${id}`)
    .sort();

  it('REST 29: $everything is the compartment, by GET and by POST, in pages of any size', async () => {
    for (const count of [4, 7, 500]) {
      const { ids, written, sizes } = await pages(`Patient/p/$everything?_count=${String(count)}`);
      assert.deepEqual([...ids].sort(), allOfP, String(count));
      assert.deepEqual(written.sort(), allOfP, String(count));
      assert.equal(ids[0], 'Patient/p');
      assert.ok(
        sizes.every((each, index) => each === count || index === sizes.length - 1),
        sizes.join(' '),
      );
    }
    const { body } = await client.get('Patient/p/$everything');
    assert.equal(body.total, 2 * allOfP.length, 'each with its Provenance');
    assert.equal(link(body, 'self'), `${server.base}/Patient/p/$everything`);
    const posted = await called('Patient/p/$everything', [{ name: '_count', valueInteger: 2 }]);
    assert.equal(matches(posted.body).length, 2);
    assert.equal(link(posted.body, 'self'), `${server.base}/Patient/p/$everything?_count=2`);
    assert.equal((await client.ask('Patient/p/$everything', { method: 'POST' })).body.total, 2 * allOfP.length);
    assert.equal((await client.ask('Patient/p/$everything', { method: 'HEAD' })).status, 200);
  });

  it('REST 29: $everything shows what that refers to, but not what belongs to other patients', async () => {
    const { beside } = await pages('Patient/p/$everything');
    assert.deepEqual(beside.sort(), ['Observation/device', 'Organization/org', 'Practitioner/doc']);
    assert.deepEqual((await pages('Patient/p/$everything?_type=Patient,Practitioner')).beside, ['Practitioner/doc']);
    assert.deepEqual((await pages('Patient/p/$everything?_type=Observation')).beside, ['Observation/device']);
  });

  it('REST 29: $everything takes _type, start, end and _since', async () => {
    const ids = async (query: string): Promise<string> =>
      (await pages(`Patient/p/$everything?${query}`)).ids
        .map((each) => each.split('/')[1])
        .sort()
        .join(' ');
    assert.equal(await ids('_type=Patient'), 'p');
    assert.equal(await ids('_type=DocumentReference&_type=Patient'), 'ccd ccd-old note p psr stay wrong');
    assert.equal(await ids('start=2024-01-02&_type=Observation'), 'h2 h3 t3');
    assert.equal(await ids('end=2022&_type=Observation'), 'h4 s1 t3');
    assert.equal(await ids('start=2023-01-02&end=2023-06-01&_type=Observation,Patient'), 'p t3 w2 w3');
    assert.equal(await ids('_since=2100-01-01T00:00:00Z'), '');
    assert.equal((await pages('Patient/p/$everything?_since=2020-01-01T00:00:00%2B01:00')).ids.length, allOfP.length);
    for (const query of [
      'x=1',
      '_type=Nothing',
      'start=never',
      '_since=x',
      '_count=0',
      '_count=x',
      'end=2020&end=2021',
      '_cursor=x',
    ])
      assert.equal((await client.get(`Patient/p/$everything?${query}`)).status, 400, query);
  });

  it('THREAT 50: $everything is narrowed by the scopes of each type, and by the patient of the token', async () => {
    const unknown = (await portal.get('Patient/nobody/$everything')).text;
    for (const path of ['Patient/b/$everything', 'Patient/a/$everything']) {
      const { status, text } = await portal.get(path);
      assert.equal(status, 404, path);
      assert.equal(text, unknown);
    }
    assert.deepEqual((await pages('Patient/p/$everything', portal)).ids.sort(), allOfP);
    assert.deepEqual((await pages('Patient/$everything?_count=3', portal)).ids.sort(), allOfP);
    assert.equal((await client.get('Patient/$everything')).body.issue[0].details.coding[0].code, 'too-costly');
    // What names two patients is nobody's for the token of one.
    const ofA = await server.portal('a');
    const { ids, beside } = await pages('Patient/a/$everything', ofA);
    assert.deepEqual(ids.sort(), ['DocumentReference/a-doc', 'Observation/a1', 'Patient/a']);
    assert.deepEqual(beside, ['Practitioner/doc']);
    assert.ok((await pages('Patient/a/$everything')).ids.includes('Observation/both'));
    const few = await server.client(`system/Patient.r system/Observation.r?category=${CATEGORY}|laboratory`);
    assert.deepEqual((await pages('Patient/p/$everything', few)).ids, ['Patient/p', 'Observation/lab']);
    assert.deepEqual((await pages('Patient/p/$everything', few)).beside, []);
    const none = await server.client('system/Observation.rs');
    assert.equal((await none.get('Patient/p/$everything')).status, 403);
    const searcher = await server.client('system/*.s');
    assert.equal((await searcher.get('Patient/p/$everything')).status, 403);
    const other = await server.client(undefined, OTHER_TENANT);
    assert.equal((await other.get('Patient/p/$everything')).status, 404);
  });

  it('THREAT 40: a page of $everything is for whom it was given to', async () => {
    const next = link((await client.get('Patient/p/$everything?_count=2')).body, 'next') ?? '';
    const again = await server.client();
    for (const by of [again, portal]) assert.equal((await by.get(next)).status, 400);
    assert.equal((await client.get(next.replace('Patient/p/', 'Patient/a/'))).status, 400);
    assert.equal((await client.get(next)).status, 200);
  });

  it('REST 29: $lastn is the newest of each code, code by code', async () => {
    const vitals = 'Observation/$lastn?patient=p&category=vital-signs';
    assert.equal(await found(vitals), 'w3 w2 t2 h3 h4 s1');
    assert.equal(await found(`${vitals}&max=2`), 'w3 w2 w1 t2 t1 h3 h2 h4 s1');
    assert.equal(await found(`${vitals}&max=100`), 'w3 w2 w1 t2 t1 t3 h3 h2 h1 h4 s1');
    assert.equal(await found('Observation/$lastn?subject=Patient/p&code=http://loinc.org|8893-0&max=2'), 'h3 h2');
    assert.equal(await found(`${vitals}&date=lt2024-01-03&code=8893-0`), 'h2 s1');
    assert.equal(await found('Observation/$lastn?patient=nobody&category=vital-signs'), '');
    const posted = await called('Observation/$lastn', [
      { name: 'patient', valueReference: { reference: 'Patient/p' } },
      { name: 'code', valueCoding: { system: LOINC, code: '8893-0' } },
      { name: 'max', valuePositiveInt: 2 },
    ]);
    assert.deepEqual(
      matches(posted.body).map(({ id }) => id),
      ['h3', 'h2'],
    );
    const { body } = await client.get(`${vitals}&_include=Observation:patient&_summary=true`);
    assert.deepEqual(
      included(body).map(({ id }) => id),
      ['p'],
    );
  });

  it('REST 29, 41: $lastn has pages that go forwards and back, and a total', async () => {
    const vitals = 'Observation/$lastn?patient=p&category=vital-signs&max=2';
    for (const count of [2, 9])
      assert.equal(
        (await pages(`${vitals}&_count=${String(count)}`)).ids.map((each) => each.split('/')[1]).join(' '),
        'w3 w2 w1 t2 t1 h3 h2 h4 s1',
      );
    const first = await client.get(`${vitals}&_count=4&_total=accurate`);
    assert.equal(first.body.total, 9);
    assert.equal((await client.get(`${vitals}&_summary=count`)).body.total, 9);
    const second = await client.get(link(first.body, 'next') ?? '');
    assert.equal(await found(link(second.body, 'previous') ?? ''), 'w3 w2 w1 t2');
    assert.equal(await found(link(second.body, 'last') ?? ''), 'h3 h2 h4 s1');
    assert.match(link(first.body, 'self') ?? '', /\/Observation\/\$lastn\?.*max=2/);
  });

  it('REST 29: $lastn refuses what does not say whose or what', async () => {
    for (const query of [
      'patient=p',
      'category=vital-signs',
      'patient=p&status=final',
      'patient:missing=false&code=x',
      'patient=p&category=x&max=0',
      'patient=p&category=x&max=x',
      'patient=p&category=x&max=1000',
      'patient=p&category=x&max=1&max=2',
      'patient=p&category=x&_sort=date',
      'patient=p&category=x&nonsense=1',
    ])
      assert.equal((await client.get(`Observation/$lastn?${query}`)).status, 400, query);
  });

  it('THREAT 50: $lastn is narrowed as a search is', async () => {
    assert.equal(await found('Observation/$lastn?category=vital-signs', portal), 'w3 w2 t2 h3 h4 s1');
    assert.equal(await found('Observation/$lastn?patient=b&code=8893-0', portal), '');
    assert.equal(await found('Observation/$lastn?patient=b&code=8893-0'), 'b1');
    const labs = await server.client(`system/Observation.s?category=${CATEGORY}|laboratory`);
    assert.equal(
      await found('Observation/$lastn?patient=p&code:missing=false&category=laboratory,vital-signs', labs),
      'lab',
    );
    const reader = await server.client('system/Observation.r');
    assert.equal((await reader.get('Observation/$lastn?patient=p&code=x')).status, 403);
  });

  it('USCORE 6.1: $docref finds the documents of a patient by type, date of care and format', async () => {
    const docref = 'DocumentReference/$docref?patient=p';
    assert.equal(await found(docref), 'ccd psr');
    assert.equal(await found(`${docref}&type=http://loinc.org|11506-3`), 'note');
    assert.equal(await found(`${docref}&type=34133-9&type=11506-3`), 'ccd note');
    assert.equal(await found(`${docref}&start=2023-01-01&end=2023-12-31`), 'note psr');
    assert.equal(await found(`${docref}&end=2021-12-31`), 'stay ccd-old');
    assert.equal(await found(`${docref}&start=2021-03-04T10:00:00%2B01:00&end=2021-03-04T10:00:00%2B01:00`), 'stay');
    assert.equal(await found(`${docref}&type=34133-9&start=2019-01-01`), 'ccd ccd-old');
    assert.equal(await found(`${docref}&profile=urn:hl7-org:sdwg:ccda-structuredBody:2.1`), 'stay');
    assert.equal(await found(`${docref}&on-demand=true`), '');
    assert.equal(await found(`${docref}&on-demand=false`), 'ccd psr');
    assert.equal(await found('DocumentReference/$docref?patient=nobody'), '');
    const posted = await called('DocumentReference/$docref', [
      { name: 'patient', valueId: 'p' },
      { name: 'start', valueDateTime: '2023-01-01' },
      { name: 'end', valueDateTime: '2023-12-31' },
      { name: 'type', valueCoding: { system: LOINC, code: '11506-3' } },
    ]);
    assert.deepEqual(
      matches(posted.body).map(({ id }) => id),
      ['note'],
    );
    const { ids } = await pages(`${docref}&start=2000&_count=2`);
    assert.deepEqual(ids.length, 5);
    for (const query of [
      '',
      '?patient=',
      '?patient=Patient/p',
      '?patient=p&start=x',
      '?patient=p&on-demand=x',
      '?patient=p&x=1',
      '?patient=p&start=2020&start=2021',
    ])
      assert.equal((await client.get(`DocumentReference/$docref${query}`)).status, 400, query);
  });

  it('THREAT 50: $docref is narrowed as a search is', async () => {
    assert.equal(await found('DocumentReference/$docref?patient=b&start=2000', portal), '');
    assert.equal(await found('DocumentReference/$docref?patient=p', portal), 'ccd psr');
    const notes = await server.client('system/DocumentReference.s?type=http://loinc.org|11506-3');
    assert.equal(await found('DocumentReference/$docref?patient=p&start=2000', notes), 'note');
    const reader = await server.client('system/DocumentReference.r');
    assert.equal((await reader.get('DocumentReference/$docref?patient=p')).status, 403);
  });

  it('REST 47, 60: operations are entries of a batch, each under its own scopes', async () => {
    const entry = [
      { request: { method: 'GET', url: 'Patient/p/$everything?_type=Patient' } },
      { request: { method: 'GET', url: 'Observation/$lastn?patient=p&category=laboratory' } },
      {
        request: { method: 'POST', url: 'DocumentReference/$docref' },
        resource: { resourceType: 'Parameters', parameter: [{ name: 'patient', valueId: 'p' }] },
      },
      { request: { method: 'POST', url: 'Patient/$validate' }, resource: patient('x', { gender: 'male' }) },
      { request: { method: 'GET', url: 'Patient/b/$everything' } },
      { request: { method: 'GET', url: 'Patient/p/$nothing' } },
    ];
    const statuses = async (by: Client, type: string): Promise<string[]> => {
      const { body, text } = await by.send('POST', '', { resourceType: 'Bundle', type, entry });
      return (body.entry ?? assert.fail(text)).map((each: any) => each.response.status.slice(0, 3));
    };
    assert.deepEqual(await statuses(client, 'batch'), ['200', '200', '200', '200', '200', '404']);
    assert.deepEqual(await statuses(portal, 'batch'), ['200', '200', '200', '200', '404', '404']);
    const few = await server.client('system/Observation.s');
    assert.deepEqual(await statuses(few, 'batch'), ['403', '200', '403', '403', '403', '404']);
    entry.pop();
    assert.deepEqual(await statuses(client, 'transaction'), ['200', '200', '200', '200', '200']);
  });

  it('REST 60: an operation that is not there, or not for this, is refused', async () => {
    const refused: [method: string, path: string, status: number][] = [
      ['GET', 'Patient/p/$nothing', 404],
      ['POST', '$everything', 404],
      ['GET', 'Observation/h1/$everything', 404],
      ['GET', 'Patient/$lastn', 404],
      ['GET', 'Patient/$docref', 404],
      ['GET', 'Nothing/$validate', 404],
      ['GET', 'Patient/$validate', 405],
      ['PUT', 'Patient/p/$everything', 405],
      ['DELETE', 'Observation/$lastn', 405],
      ['GET', 'Binary/x/$validate', 404],
    ];
    for (const [method, path, status] of refused) {
      const answer = await client.ask(path, { method });
      assert.equal(answer.status, status, `${method} ${path}`);
      assert.equal(answer.body.issue[0].severity, 'error');
    }
    const text = await client.ask('Patient/p/$everything', {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    assert.equal(text.status, 415);
    for (const parameter of [
      [{ name: '_count' }],
      [{ valueId: 'p' }],
      [{ name: '_count', valuePeriod: { start: '2020' } }],
    ])
      assert.equal((await called('Patient/p/$everything', parameter)).status, 400, JSON.stringify(parameter));
    for (const body of ['{}', '[]', 'null', '{"resourceType":"Parameters","parameter":{}}', '{'])
      assert.equal((await client.send('POST', 'Patient/p/$everything', body)).status, 400, body);
    assert.equal((await client.get('Patient/p/$everything', { anonymous: true })).status, 401);
  });

  it('REST 61: an operation is in the audit trail, with the patients whose data it showed', async () => {
    const { headers } = await portal.get('Patient/p/$everything?_type=Patient');
    await server.portico.trail.flush();
    const rows = await server.portico.own.objects(
      `select interaction, action, type, entity, status, patient_id from audit where request_id = ${server.portico.own.dialect.name === 'sqlite' ? '?' : '$1'}`,
      [headers.get('x-request-id')],
    );
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ interaction: 'operation', action: 'E', type: 'Patient', entity: 'Patient/p', status: 200, patient_id: 'p' }],
    );
  });
});
