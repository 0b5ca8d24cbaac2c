import { MedplumClient, OperationOutcomeError } from '@medplum/core';
import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { PATIENT, startJudged, type Judged } from '../support/foreign.js';
import { TENANT } from '../support/server.js';

describe('conformance: MedplumClient', () => {
  let judged: Judged;
  let client: MedplumClient;

  const connect = (authCredentialsMethod: 'body' | 'header' = 'body'): MedplumClient =>
    new MedplumClient({
      baseUrl: judged.server.url,
      fhirUrlPath: '/fhir/R4/',
      tokenUrl: '/oauth/token',
      authCredentialsMethod,
      cacheTime: 0,
    });

  before(async () => {
    judged = await startJudged();
    client = connect();
    await client.startClientLogin(judged.credential.id, judged.credential.secret);
  });
  afterEach(() => void judged.ear.heard());
  after(() => judged.stop());

  it('gets a token with its secret in the body, and by Basic', async () => {
    assert.ok(client.isAuthenticated());
    const basic = connect('header');
    await basic.startClientLogin(judged.credential.id, judged.credential.secret);
    assert.equal((await basic.readResource('Patient', PATIENT)).id, PATIENT);
  });

  it('is refused with a wrong secret, and says why', () =>
    assert.rejects(
      connect().startClientLogin(judged.credential.id, 'wrong'),
      /Failed to fetch tokens|secret is wrong/,
    ));

  it('reads a resource and an earlier version of it', async () => {
    assert.equal((await client.readResource('Patient', PATIENT)).gender, 'other');
    const first = await client.readVersion('Patient', PATIENT, '1');
    assert.equal(first.meta?.versionId, '1');
    assert.notEqual(first.gender, 'other');
  });

  it('searches, and follows every page to the end', async () => {
    const ids: (string | undefined)[] = [];
    let pages = 0;
    for await (const page of client.searchResourcePages('Observation', {
      patient: PATIENT,
      _sort: 'date',
      _count: '4',
    })) {
      pages++;
      ids.push(...page.map(({ id }) => id));
    }
    assert.ok(pages >= 3);
    assert.deepEqual(ids, judged.observations);
  });

  it('searches for one resource, by identifiers and by names', async () => {
    const patient = await client.readResource('Patient', PATIENT);
    const { system, value } = patient.identifier![0]!;
    const found = await client.searchOne('Patient', { identifier: `${system!}|${value!}` });
    assert.equal(found?.id, PATIENT);
    const named = await client.searchResources('Patient', { family: patient.name![0]!.family! });
    assert.ok(named.some(({ id }) => id === PATIENT));
  });

  it('searches by POST', async () => {
    const form = new URLSearchParams({ patient: PATIENT, _count: '100', _sort: 'date' });
    const url = client.fhirUrl('Observation', '_search');
    const bundle: any = await client.post(url, form.toString(), 'application/x-www-form-urlencoded');
    assert.deepEqual(
      bundle.entry.map(({ resource }: any) => resource.id),
      judged.observations,
    );
  });

  it('resolves references', async () => {
    const document = await client.readResource('DocumentReference', 'document-inline');
    assert.equal((await client.readReference(document.subject!)).id, PATIENT);
    assert.equal((await client.readReference(document.author![0]!)).id, 'practitioner-full');
  });

  it('reads a Binary as a resource and downloads its bytes', async () => {
    const document = await client.readResource('DocumentReference', 'document-inline');
    const { url, size } = document.content[0]!.attachment;
    const binary = await client.readResource('Binary', url!.replace('Binary/', ''));
    assert.equal(binary.contentType, 'application/pdf');
    const bytes = Buffer.from(await (await client.download(url!)).arrayBuffer());
    assert.equal(bytes.length, size);
    assert.equal(bytes.toString('base64'), binary.data);
  });

  it('throws the OperationOutcome of an error', async () => {
    const code = (expected: string) => (error: unknown) => {
      assert.ok(error instanceof OperationOutcomeError);
      assert.equal(error.outcome.issue[0]?.code, expected);
      return true;
    };
    await assert.rejects(client.readResource('Patient', 'nobody'), code('not-found'));
    await assert.rejects(client.search('Patient', { shoe: '42' }), code('not-supported'));
    await assert.rejects(client.search('Medication', {}), code('not-supported'));
  });

  it('is locked out when its credential is deleted', async () => {
    const { own } = judged.server.portico;
    const credential = await judged.server.credential({});
    const other = connect();
    await other.startClientLogin(credential.id, credential.secret);
    assert.equal((await other.readResource('Patient', PATIENT)).id, PATIENT);
    await revokeCredential(own, TENANT, credential.id, Date.now());
    await assert.rejects(other.readResource('Patient', PATIENT));
    await assert.rejects(other.startClientLogin(credential.id, credential.secret));
  });
});
