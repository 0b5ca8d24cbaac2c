import assert from 'node:assert/strict';
import { included, matches, type Client } from '../support/client.js';
import { goldens } from '../support/golden.js';
import { start, type Server } from '../support/server.js';

const SHALL = ['read', 'search-type'];
const SHOULD = ['vread'];

/** What the CapabilityStatement of a US Core 6.1.0 server has of the types that are served: SHALL and SHOULD. */
const demanded: Readonly<Record<string, { profiles: string[]; params: string[]; interactions: string[] }>> = {
  Patient: {
    profiles: ['patient'],
    params: ['_id', 'birthdate', 'death-date', 'family', 'gender', 'given', 'identifier', 'name'],
    interactions: [],
  },
  Encounter: {
    profiles: ['encounter'],
    params: ['_id', 'class', 'date', 'identifier', 'patient', 'location', 'status', 'type', 'discharge-disposition'],
    interactions: [],
  },
  Observation: {
    profiles: ['observation-lab', 'blood-pressure', 'pulse-oximetry', 'smokingstatus'],
    params: ['status', 'category', 'code', 'date', 'patient'],
    interactions: [],
  },
  DocumentReference: {
    profiles: ['documentreference'],
    params: ['_id', 'status', 'patient', 'category', 'type', 'date', 'period'],
    interactions: ['create'],
  },
  DiagnosticReport: {
    profiles: ['diagnosticreport-lab', 'diagnosticreport-note'],
    params: ['status', 'patient', 'category', 'code', 'date'],
    interactions: ['create'],
  },
  Specimen: { profiles: ['specimen'], params: ['_id', 'patient'], interactions: [] },
  Location: {
    profiles: ['location'],
    params: ['name', 'address', 'address-city', 'address-state', 'address-postalcode'],
    interactions: [],
  },
  Organization: { profiles: ['organization'], params: ['name', 'address'], interactions: [] },
  Practitioner: { profiles: ['practitioner'], params: ['_id', 'name', 'identifier'], interactions: [] },
  PractitionerRole: { profiles: ['practitionerrole'], params: ['specialty', 'practitioner'], interactions: [] },
  Provenance: { profiles: ['provenance'], params: [], interactions: [] },
};

describe('conformance: a US Core 6.1.0 server', () => {
  let server: Server;
  let client: Client;
  let statement: any;
  const resource = (type: string): any => statement.rest[0].resource.find((each: any) => each.type === type);
  const total = async (query: string): Promise<number> => {
    const { status, body, text } = await client.get(`${query}&_total=accurate`);
    assert.equal(status, 200, `${query} ${text}`);
    return body.total as number;
  };

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save(goldens.map((each) => JSON.parse(each.text(server.base))));
    statement = (await client.get('metadata', { anonymous: true })).body;
  });
  after(() => server.stop());

  it('USCORE 14, 533, 534: declares itself, the patient profile and others', () => {
    assert.ok(statement.instantiates.includes('http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server'));
    const claimed = Object.keys(demanded).filter((type) => resource(type).supportedProfile);
    assert.ok(claimed.includes('Patient') && claimed.length > 1);
  });

  for (const [type, { profiles, params, interactions }] of Object.entries(demanded))
    it(`USCORE 15, 16, 17, 223, 224: ${type} has its profiles, searches and interactions`, () => {
      const { supportedProfile = [], searchParam, interaction } = resource(type);
      for (const name of profiles)
        assert.ok(supportedProfile.includes(`http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}`), name);
      const names = searchParam.map((each: any) => each.name);
      assert.deepEqual(
        params.filter((name) => !names.includes(name)),
        [],
      );
      const codes = interaction.map((each: any) => each.code);
      assert.deepEqual(
        [...SHALL, ...SHOULD, ...interactions].filter((code) => !codes.includes(code)),
        [],
      );
    });

  it('USCORE 17: includes what a PractitionerRole refers to', async () => {
    const found = await client.get('PractitionerRole?_include=PractitionerRole:practitioner');
    assert.deepEqual(
      included(found.body).map(({ id }) => id),
      ['practitioner-full'],
    );
    assert.equal((await client.get('PractitionerRole?_include=PractitionerRole:endpoint')).status, 200);
  });

  it('USCORE 439: a screening says which observations it is derived from, and brings them along', async () => {
    const survey = (text: string, more: object = {}) => ({
      ...{ resourceType: 'Observation', status: 'final', code: { text }, valueInteger: 2 },
      meta: { profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-screening-assessment'] },
      category: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'survey' }] },
      ],
      ...{ subject: { reference: 'Patient/patient-full' }, effectiveDateTime: '2026-01-01T10:00:00Z' },
      ...more,
    });
    const items = ['Little interest', 'Feeling down'].map((text) => client.send('POST', 'Observation', survey(text)));
    const derivedFrom = (await Promise.all(items)).map(({ body }) => ({ reference: `Observation/${String(body.id)}` }));
    const { body: total } = await client.send('POST', 'Observation', survey('PHQ-2 total', { derivedFrom }));
    assert.deepEqual((await client.get(`Observation/${String(total.id)}`)).body.derivedFrom, derivedFrom);
    for (const { reference } of derivedFrom) {
      const { body } = await client.get(`Observation?derived-from=${reference}&_include=Observation:derived-from`);
      assert.deepEqual(
        matches(body).map(({ id }) => id),
        [total.id],
      );
      assert.equal(included(body).length, derivedFrom.length);
    }
  });

  it('USCORE 495, 496, 497, 502, 503: has a Provenance of each of these types', async () => {
    for (const type of ['DiagnosticReport', 'DocumentReference', 'Encounter', 'Observation', 'Patient']) {
      assert.ok(resource(type).searchRevInclude.includes('Provenance:target'), type);
      const { body } = await client.get(`${type}?_revinclude=Provenance:target`);
      const about = included(body).map(({ target }) => target[0].reference.replace('/_history/1', ''));
      assert.deepEqual(
        about.sort(),
        matches(body)
          .map(({ id }) => `${type}/${String(id)}`)
          .sort(),
      );
    }
  });

  it('USCORE 374, 508: a Provenance names the organization that answers for what is written', async () => {
    const { body } = await client.get('DocumentReference?_revinclude=Provenance:target');
    for (const { agent } of included(body)) for (const { onBehalfOf } of agent) assert.ok(onBehalfOf.display);
  });

  it('USCORE 51, 52: is searched by POST as by GET', async () => {
    for (const type of Object.keys(demanded)) {
      const get = await client.ids(`${type}?_count=100`);
      const { status, body } = await client.postSearch(type, { _count: '100' });
      assert.equal(status, 200, type);
      assert.deepEqual(body.entry.map((each: any) => each.resource.id).sort(), [...get].sort(), type);
    }
  });

  it('USCORE 55: a token is a code, or a system and a code', async () => {
    const system = 'http://terminology.hl7.org/CodeSystem/v2-0074';
    for (const value of ['LAB', `${system}|LAB`, `${system}|`])
      assert.equal(await total(`DiagnosticReport?patient=patient-full&category=${value}`), 1, value);
    assert.equal(await total('DiagnosticReport?patient=patient-full&category=http://loinc.org|LAB'), 0);
  });

  it('USCORE 58: a reference is an id, or a type and an id', async () => {
    for (const value of ['patient-full', 'Patient/patient-full', `${server.base}/Patient/patient-full`])
      assert.equal(await total(`Specimen?patient=${value}`), 2, value);
    assert.equal(await total('Specimen?patient:Patient=patient-full'), 2);
  });

  it('USCORE 61, 62: a date is a day, and a time has seconds and an offset', async () => {
    assert.equal(await total('DiagnosticReport?patient=patient-full&date=2026-03-01'), 2);
    for (const value of ['ge2026-03-01T08:15:00-05:00', 'lt2026-03-01T13:15:01Z', '2026-03-01T13:15:00%2B00:00'])
      assert.ok((await total(`DiagnosticReport?patient=patient-full&date=${value}`)) > 0, value);
    assert.equal(await total('DiagnosticReport?patient=patient-full&category=LAB&date=gt2026-03-01T08:15:00-05:00'), 0);
  });

  it('USCORE 46, 47, 48, 49, 64, 66, 67, 68, 69, 73: no status is needed to search, and none is missing', async () => {
    for (const type of ['Observation', 'DiagnosticReport', 'DocumentReference', 'Encounter']) {
      const { status, body } = await client.get(`${type}?patient=patient-full`);
      assert.equal(status, 200, type);
      const [{ resource: found }] = body.entry;
      const { status: _status, id: _id, ...without } = found;
      assert.equal((await client.send('POST', type, without)).status, 400, type);
    }
  });

  it('USCORE 220, 221: the bytes of a report are what a document may name too', async () => {
    const { body: report } = await client.get('DiagnosticReport/diagnostic-report-inline');
    const [{ url, contentType }] = report.presentedForm;
    const document = {
      resourceType: 'DocumentReference',
      status: 'current',
      type: { text: 'Electrocardiogram' },
      subject: report.subject,
      content: [{ attachment: { contentType, url } }],
    };
    assert.equal((await client.send('POST', 'DocumentReference', document)).status, 201);
    assert.equal(await total(`DocumentReference?location=${url}`), 1);
    const documents = await server.client('system/DocumentReference.r');
    const reports = await server.client('system/DiagnosticReport.r');
    for (const each of [documents, reports]) assert.equal((await each.get(url as string)).status, 200);
    assert.equal((await (await server.client('system/Observation.r')).get(url as string)).status, 403);
  });

  it('USCORE 535, 536, 537, 538, 539, 540, 543: refuses with 400, 401, 403 and 404, and speaks JSON', async () => {
    assert.ok(statement.format.includes('json'));
    const narrow = await server.client('system/Patient.rs');
    for (const type of Object.keys(demanded)) {
      assert.equal((await client.get(`${type}?no-such-parameter=1`)).status, 400, type);
      assert.equal((await client.get(type, { anonymous: true })).status, 401, type);
      if (type !== 'Patient') assert.equal((await narrow.get(type)).status, 403, type);
      assert.equal((await client.get(`${type}/no-such-id`)).status, 404, type);
    }
    assert.equal((await client.get('NoSuchType')).status, 404);
  });

  it('USCORE 570: is opened by SMART App Launch', async () => {
    const { status, text } = await client.get('.well-known/smart-configuration', { anonymous: true });
    assert.equal(status, 200);
    const body = JSON.parse(text);
    for (const type of Object.keys(demanded))
      assert.ok(
        body.scopes_supported.some((scope: string) => scope.includes(`/${type}.`) || scope.includes('/*.')),
        type,
      );
    assert.equal(statement.rest[0].security.service[0].coding[0].code, 'SMART-on-FHIR');
  });

  it('USCORE 562: keeps a record of every transaction', async () => {
    await client.get('Specimen/specimen-full');
    await server.portico.trail.flush();
    const { body } = await client.get('AuditEvent?_count=50');
    assert.ok(
      body.entry.some(({ resource: { entity = [] } }: any) => entity[0]?.what?.reference === 'Specimen/specimen-full'),
    );
  });
});
