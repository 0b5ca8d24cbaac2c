import { Client } from 'fhir-kit-client';
import assert from 'node:assert/strict';
import { matches, requestToken } from '../support/client.js';
import { PATIENT, startJudged, type Judged } from '../support/foreign.js';

describe('conformance: fhir-kit-client', () => {
  let judged: Judged;
  let client: Client;

  before(async () => {
    judged = await startJudged();
    client = new Client({ baseUrl: judged.server.base });
    const { body } = await requestToken(judged.server.url, judged.credential);
    client.bearerToken = body.access_token;
  });
  afterEach(() => void judged.ear.heard());
  after(() => judged.stop());

  const read = (resourceType: string, id: string): Promise<any> => client.read({ resourceType, id });

  it('finds the token endpoint by itself', async () => {
    const stranger = new Client({ baseUrl: judged.server.base });
    const { tokenUrl } = await stranger.smartAuthMetadata();
    assert.equal(tokenUrl?.href, `${judged.server.url}/oauth/token`);
  });

  it('reads the CapabilityStatement without a token', async () => {
    const statement: any = await new Client({ baseUrl: judged.server.base }).capabilityStatement();
    assert.equal(statement.fhirVersion, '4.0.1');
    assert.ok(statement.rest[0].resource.some(({ type }: any) => type === 'Observation'));
  });

  it('reads a resource, with the headers of its version', async () => {
    const patient = await read('Patient', PATIENT);
    assert.equal(patient.gender, 'other');
    assert.equal(Client.httpFor(patient).response?.headers.get('etag'), `W/"${String(patient.meta.versionId)}"`);
  });

  it('reads an earlier version', async () => {
    const first: any = await client.vread({ resourceType: 'Patient', id: PATIENT, version: '1' });
    assert.equal(first.meta.versionId, '1');
    assert.notEqual(first.gender, 'other');
  });

  for (const postSearch of [false, true])
    it(`searches by ${postSearch ? 'POST' : 'GET'} and follows every page, there and back`, async () => {
      const searchParams = { patient: PATIENT, _sort: 'date', _count: 4 };
      let page: any = await client.search({ resourceType: 'Observation', searchParams, options: { postSearch } });
      const pages: string[][] = [];
      let last = page;
      for (; page; page = await client.nextPage({ bundle: page })) {
        pages.push(matches(page).map(({ id }) => id));
        last = page;
      }
      assert.ok(pages.length >= 3, 'there is more than one page to follow');
      assert.deepEqual(pages.flat(), judged.observations);
      const before: any = await client.prevPage({ bundle: last });
      assert.deepEqual(
        matches(before).map(({ id }) => id),
        pages.at(-2),
      );
      assert.equal(judged.ear.heard().filter((line) => line.startsWith('POST')).length, postSearch ? 1 : 0);
    });

  it('searches by several values of one parameter', async () => {
    const searchParams = { _id: ['patient-full', 'patient-links'].join(',') };
    const bundle = await client.search({ resourceType: 'Patient', searchParams });
    assert.equal(matches(bundle).length, 2);
  });

  it('resolves references: relative, absolute, contained, and within a Bundle', async () => {
    const observation = await read('Observation', 'observation-blood-pressure');
    const { reference } = observation.subject;
    assert.equal((await client.resolve({ reference })).id, PATIENT);
    assert.equal((await client.resolve({ reference: `${judged.server.base}/${String(reference)}` })).id, PATIENT);
    const organization = await read('Organization', 'organization-contained-endpoint');
    const [endpoint] = organization.endpoint;
    const inside = await client.resolve({ reference: endpoint.reference, context: organization });
    assert.equal(inside.resourceType, 'Endpoint');

    const searchParams = { _id: observation.id, _include: 'Observation:subject' };
    const bundle: any = await client.search({ resourceType: 'Observation', searchParams });
    judged.ear.heard();
    assert.equal((await client.resolve({ reference, context: bundle })).id, PATIENT);
    assert.deepEqual(judged.ear.heard(), [], 'fullUrl is what a client looks references up by');
  });

  it('reads a Binary that a document points to', async () => {
    const document = await read('DocumentReference', 'document-inline');
    const { url, size } = document.content[0].attachment;
    const binary: any = await client.resolve({ reference: url });
    assert.equal(binary.resourceType, 'Binary');
    assert.equal(binary.contentType, 'application/pdf');
    assert.equal(Buffer.from(binary.data, 'base64').length, size);
  });

  const errors: [string, number, string, () => Promise<unknown>][] = [
    ['a resource that is not there', 404, 'not-found', () => read('Patient', 'nobody')],
    ['a type that is not served', 404, 'not-supported', () => read('Medication', 'x')],
    [
      'a parameter that is not declared',
      400,
      'not-supported',
      () => client.search({ resourceType: 'Patient', searchParams: { shoe: '42' } }),
    ],
    [
      'no token',
      401,
      'login',
      () => new Client({ baseUrl: judged.server.base }).read({ resourceType: 'Patient', id: PATIENT }),
    ],
  ];
  for (const [what, status, code, ask] of errors)
    it(`shows the OperationOutcome of ${what}`, () =>
      assert.rejects(ask, ({ response }: any) => {
        assert.equal(response.status, status);
        assert.equal(response.data.issue[0].code, code);
        return true;
      }));
});
