import assert from 'node:assert/strict';
import { openApi } from '../../src/api/openapi.js';
import { routes } from '../../src/api/table.js';
import { readPages, textOf } from '../support/pdf.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const encounter = (id: string, start: string, end?: string) => ({
  resourceType: 'Encounter',
  id,
  status: end === undefined ? 'in-progress' : 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'FLD' },
  type: [{ text: 'Stroke' }],
  subject: { reference: 'Patient/p1' },
  period: { start, ...(end !== undefined && { end }) },
});

const observation = (id: string, at: string, value: object, category: string, code: object) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: category }] }],
  code,
  subject: { reference: 'Patient/p1' },
  encounter: { reference: 'Encounter/c1' },
  effectiveDateTime: at,
  ...value,
});

const document = (id: string, version: number, pdf: string, more: object = {}) => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  type: { coding: [{ system: 'http://loinc.org', code: '67796-3' }] },
  subject: { reference: 'Patient/p1' },
  date: `2026-03-0${String(version)}T10:00:00Z`,
  content: [{ attachment: { contentType: 'application/pdf', data: Buffer.from(pdf).toString('base64') } }],
  context: { encounter: [{ reference: 'Encounter/c2' }] },
  ...more,
});

describe('api: lists, summaries and OpenAPI', () => {
  let server: Server;
  let secret: string;

  before(async () => {
    server = await start();
    ({ secret } = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' }));
    const loinc = (code: string, text: string) => ({ coding: [{ system: 'http://loinc.org', code }], text });
    await server.save([
      { resourceType: 'Patient', id: 'p1', name: [{ family: 'Canary', given: ['Yellow'] }], birthDate: '1958-07-14' },
      encounter('c1', '2026-03-01T10:00:00Z'),
      encounter('c2', '2026-03-02T10:00:00Z', '2026-03-02T12:00:00Z'),
      encounter('c3', '2026-03-03T10:00:00Z', '2026-03-03T12:00:00Z'),
      observation(
        'o1',
        '2026-03-01T10:05:00Z',
        { valueQuantity: { value: 88, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' } },
        'vital-signs',
        loinc('8867-4', 'HR'),
      ),
      observation(
        'o2',
        '2026-03-01T10:20:00Z',
        { valueQuantity: { value: 3.1, unit: 'mmol/L' } },
        'laboratory',
        loinc('2524-7', 'Lactate'),
      ),
      document('d1', 1, '%PDF-1.7 old', { status: 'superseded' }),
      document('d2', 2, '%PDF-1.7 stored'),
    ]);
    await server.save([encounter('c9', '2026-03-04T10:00:00Z')], OTHER_TENANT);
  });
  after(() => server.stop());

  const ask = (path: string, headers: Record<string, string> = {}, as = secret) =>
    fetch(`${server.url}/api/v1${path}`, { headers: { 'x-api-key': as, ...headers } });
  const list = async (query: string, as = secret): Promise<any> =>
    (await ask(`/patient-channels${query}`, {}, as)).json();
  const ids = (page: any) => page.patient_channels.map(({ id }: any) => id);
  const pdf = { accept: 'application/pdf' };

  it('lists channels by date and by status, with who they are about and no numbers', async () => {
    const all = await list('');
    assert.deepEqual(ids(all), ['c3', 'c2', 'c1']);
    assert.deepEqual([all.next, all.patient_channels[0].last_name], [null, 'Canary']);
    assert.deepEqual(ids(await list('?status=active')), ['c1']);
    assert.deepEqual(ids(await list('?status=stopped')), ['c3', 'c2']);
    assert.deepEqual(ids(await list('?status=stopped&from=2026-03-03')), ['c3']);
    assert.deepEqual(ids(await list('?to=2026-03-02T09:00:00Z')), ['c1']);
    for (const query of ['?status=canary', '?limit=0', '?limit=101', '?from=x', '?limit=1&limit=2', '?other=1'])
      assert.equal((await ask(`/patient-channels${query}`)).status, 400, query);
    const without = await server.credential({ kind: 'org', scopeCeiling: 'system/Encounter.rs' });
    assert.doesNotMatch(JSON.stringify(await list('', without.secret)), /Canary|1958/);
    const nothing = await server.credential({ kind: 'org', scopeCeiling: 'system/Patient.rs' });
    assert.equal((await ask('/patient-channels', {}, nothing.secret)).status, 403);
  });

  it('THREAT 40: gives the pages of a list to whom it gave the first one, for the same question', async () => {
    const found: string[] = [];
    let page = await list('?limit=1');
    const first = new URL(page.next as string);
    for (let count = 1; count < 5; count += 1) {
      found.push(...ids(page));
      if (page.next === null) break;
      page = await list(new URL(page.next as string).search);
    }
    assert.deepEqual(found, ['c3', 'c2', 'c1']);
    const other = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    assert.equal((await ask(`/patient-channels${first.search}`, {}, other.secret)).status, 400);
    first.searchParams.set('status', 'active');
    assert.equal((await ask(`/patient-channels${first.search}`)).status, 400);
  });

  it('PULSARA 5: gives a summary to whoever names application/pdf, and 406 to everybody else', async () => {
    for (const accept of [
      '*/*',
      'application/json',
      'application/*',
      'application/pdf;q=0',
      'text/html, */*;q=0.1',
      '',
    ])
      assert.equal((await ask('/patient-channels/c2/summary', { accept })).status, 406, accept);
    for (const accept of ['application/pdf', 'application/json, Application/PDF;q=0.5']) {
      const answer = await ask('/patient-channels/c2/summary', { accept });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-type'), 'application/pdf');
      assert.equal(await answer.text(), '%PDF-1.7 stored');
    }
    const other = await server.credential({ kind: 'org', scopeCeiling: 'apiv2', tenant: OTHER_TENANT });
    assert.equal((await ask('/patient-channels/c2/summary', pdf, other.secret)).status, 404);
    const notes = await server.credential({ kind: 'org', scopeCeiling: 'system/Encounter.rs system/letters.read' });
    const hidden = await ask('/patient-channels/c2/summary', pdf, notes.secret);
    assert.doesNotMatch(await hidden.text(), /stored/);
  });

  it('makes the summary of a case that has none: the same bytes for the same case, others when it goes on', async () => {
    const get = async () => {
      const answer = await ask('/patient-channels/c1/summary', pdf);
      assert.equal(answer.status, 200);
      return Buffer.from(await answer.arrayBuffer());
    };
    const [one, two] = [await get(), await get()];
    assert.ok(one.equals(two));
    const text = textOf(readPages(one));
    for (const said of [
      /Canary, Yellow/,
      /1958-07-14/,
      /Stroke/,
      /Lactate/,
      /3\.1 mmol\/L/,
      /88/,
      /preliminary/,
      /One/,
    ])
      assert.match(text, said);
    const more = { valueQuantity: { value: 99, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' } };
    await server.save([
      observation('o3', '2026-03-01T10:25:00Z', more, 'vital-signs', {
        coding: [{ system: 'http://loinc.org', code: '8867-4' }],
      }),
    ]);
    const three = await get();
    assert.ok(!three.equals(one));
    assert.match(textOf(readPages(three)), /99/);
    // Half a summary would be taken for a whole one.
    const partly = 'system/Encounter.rs system/Patient.rs system/DocumentReference.rs system/Observation.rs';
    const token = await server.credential({ kind: 'org', scopeCeiling: partly });
    assert.equal((await ask('/patient-channels/c1/summary', pdf, token.secret)).status, 403);
  });

  it('describes itself in OpenAPI 3.1, made of what checks the input, and as a page without scripts of others', async () => {
    const answer = await fetch(`${server.url}/api/v1/openapi.json`);
    const document: any = await answer.json();
    assert.deepEqual(document, JSON.parse(JSON.stringify(openApi(server.base))));
    assert.equal(document.openapi, '3.1.0');
    const described = Object.entries<any>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(
      described.sort(),
      routes.map(({ method, path }) => `${method} ${path.replace(':id', '{id}')}`).sort(),
    );
    const channel = document.components.schemas.NewPatientChannel;
    assert.equal(channel.properties.chief_complaint.maxLength, 255);
    assert.ok(channel.properties.patient_type.enum.includes('Shock/ECMO'));
    const page = await fetch(`${server.url}/api/v1/docs`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self'/);
    const html = await page.text();
    for (const { summary } of Object.values<any>(document.paths).flatMap((each) => Object.values<any>(each)))
      assert.ok(html.includes(summary as string), summary as string);
    assert.match(html, /<a href="#NewVitalSigns">/);
    for (const method of ['POST', 'PUT']) {
      const refused = await fetch(`${server.url}/api/v1/patient-channels/c1`, {
        method,
        headers: { 'x-api-key': secret },
      });
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD']);
    }
  });
});
