import smart from 'fhirclient';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { requestToken } from '../support/client.js';
import { OBSERVATIONS, PATIENT, startJudged, type Judged } from '../support/foreign.js';
import { TENANT } from '../support/server.js';

type SmartClient = ReturnType<ReturnType<typeof smart>['client']>;

const storage = { get: async () => undefined, set: async () => undefined, unset: async () => false };

/** fhirclient serves web pages with what it fetches: this is the request of one, which it only keeps. */
function connectTo(state: string | object): SmartClient {
  const page = new IncomingMessage(new Socket());
  return smart(page, new ServerResponse(page), () => storage).client(state as string);
}

describe('conformance: fhirclient (Node)', () => {
  let judged: Judged;
  let client: SmartClient;
  /** An app that the patient gave a key to. */
  let app: SmartClient;

  const connect = async (credential: { id: string; secret: string }): Promise<SmartClient> => {
    const { body } = await requestToken(judged.server.url, { ...credential, inBody: true });
    const state = { serverUrl: judged.server.base, tokenResponse: body, clientId: credential.id };
    return connectTo(state);
  };

  before(async () => {
    judged = await startJudged();
    client = await connect(judged.credential);
    const key = { kind: 'portal', patient: PATIENT, scopeCeiling: 'patient/*.rs' } as const;
    app = await connect(await judged.server.credential(key));
  });
  afterEach(() => void judged.ear.heard());
  after(() => judged.stop());

  it('recognises the FHIR version', async () => {
    assert.equal(await client.getFhirVersion(), '4.0.1');
    assert.equal(await client.getFhirRelease(), 4);
  });

  it('reads a resource and an earlier version of it', async () => {
    const patient = await client.request(`Patient/${PATIENT}`);
    assert.equal(patient.gender, 'other');
    const first = await client.request(`Patient/${PATIENT}/_history/1`);
    assert.equal(first.meta.versionId, '1');
    assert.notEqual(first.gender, 'other');
  });

  it('knows its patient from the token, and reads them', async () => {
    assert.equal(app.patient.id, PATIENT);
    assert.equal((await app.patient.read()).id, PATIENT);
  });

  it('searches within its patient, by the search parameters that it finds in the CapabilityStatement', async () => {
    const found = await app.patient.request<any>('Observation?code=http://loinc.org|85354-9');
    assert.ok(found.entry.length > 0);
    for (const { resource } of found.entry) assert.equal(resource.subject.reference, `Patient/${PATIENT}`);
    const [asked] = judged.ear.heard().filter((line) => line.includes('/Observation'));
    assert.match(asked ?? '', /[?&](patient|subject)=/);
  });

  it('follows every page to the end', async () => {
    const sorted = `${OBSERVATIONS}&_sort=date&_count=4`;
    const flat = await client.request(sorted, { pageLimit: 0, flat: true });
    assert.deepEqual(
      flat.map(({ id }: any) => id),
      judged.observations,
    );
    const ids: string[] = [];
    for await (const each of client.resources(sorted)) ids.push((each as any).id);
    assert.deepEqual(ids, judged.observations);
  });

  it('searches by POST', async () => {
    const found = await client.request({
      url: 'Observation/_search',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ patient: PATIENT, _count: '100', _sort: 'date' }).toString(),
    });
    assert.deepEqual(
      found.entry.map(({ resource }: any) => resource.id),
      judged.observations,
    );
  });

  it('resolves references', async () => {
    const options = { resolveReferences: ['subject', 'author.0', 'custodian', 'context.encounter.0'] };
    const document = await client.request('DocumentReference/document-inline', options);
    assert.equal(document.subject.id, PATIENT);
    assert.equal(document.author[0].id, 'practitioner-full');
    assert.equal(document.custodian.id, 'organization-full');
    assert.equal(document.context.encounter[0].id, 'encounter-channel');
  });

  it('reads the bytes of a document', async () => {
    const document = await client.request('DocumentReference/document-inline');
    const { url, size } = document.content[0].attachment;
    const answer = await client.request({ url, headers: { accept: 'application/pdf' } });
    assert.equal((await answer.arrayBuffer()).byteLength, size);
  });

  it('shows what an OperationOutcome says', async () => {
    await assert.rejects(client.request('Patient?shoe=42'), /400 Bad Request[^]*shoe/);
    await assert.rejects(client.request('Patient/nobody'), (error: any) => {
      assert.equal(error.status, 404);
      assert.match(error.message, /There is no such resource/);
      return true;
    });
  });

  it('is turned away without a token, and when its credential is deleted', async () => {
    const stranger = connectTo(judged.server.base);
    await assert.rejects(stranger.request(`Patient/${PATIENT}`), (error: any) => error.status === 401);
    const credential = await judged.server.credential({});
    const other = await connect(credential);
    assert.equal((await other.request(`Patient/${PATIENT}`)).id, PATIENT);
    await revokeCredential(judged.server.portico.own, TENANT, credential.id, Date.now());
    await assert.rejects(other.request(`Patient/${PATIENT}`), /Unauthorized|expired/);
  });
});
