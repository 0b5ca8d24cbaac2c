import smart from 'fhirclient';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { MedplumClient, OperationOutcomeError } from '@medplum/core';
import { Client as KitClient } from 'fhir-kit-client';
import assert from 'node:assert/strict';
import { requestToken } from '../support/client.js';
import { startJudged, type Judged } from '../support/foreign.js';

const patient = (family: string): any => ({ resourceType: 'Patient', name: [{ family }] });
const identified = (value: string): any => ({ ...patient('x'), identifier: [{ system: 'urn:oid:2.999', value }] });

describe('conformance: foreign clients write', () => {
  let judged: Judged;
  let kit: KitClient;
  let medplum: MedplumClient;
  let token: string;

  before(async () => {
    judged = await startJudged();
    const { url, base } = judged.server;
    const credential = await judged.server.credential({ scopeCeiling: 'system/*.cruds' });
    kit = new KitClient({ baseUrl: base });
    token = (await requestToken(url, credential)).body.access_token;
    kit.bearerToken = token;
    medplum = new MedplumClient({ baseUrl: url, fhirUrlPath: '/fhir/R4/', tokenUrl: '/oauth/token', cacheTime: 0 });
    await medplum.startClientLogin(credential.id, credential.secret);
  });
  // What went by was judged, and is asked for here.
  afterEach(() => void judged.ear.heard());
  after(() => judged.stop());

  it('REST 19-25: fhir-kit-client creates, updates, patches, deletes and reads the history', async () => {
    const made: any = await kit.create({ resourceType: 'Patient', body: patient('Kit') });
    const { id } = made;
    const changed: any = await kit.update({ resourceType: 'Patient', id, body: { ...made, gender: 'other' } });
    assert.equal(changed.meta.versionId, '2');
    const jsonPatch: any = [{ op: 'replace', path: '/gender', value: 'male' }];
    const patched: any = await kit.patch({ resourceType: 'Patient', id, jsonPatch });
    assert.equal(patched.gender, 'male');
    const history: any = await kit.resourceHistory({ resourceType: 'Patient', id });
    assert.equal(history.total, 3);
    assert.equal(((await kit.typeHistory({ resourceType: 'Patient' })) as any).type, 'history');
    assert.equal(((await kit.systemHistory()) as any).type, 'history');
    await kit.delete({ resourceType: 'Patient', id });
    await assert.rejects(kit.read({ resourceType: 'Patient', id }), (error: any) => error.response.status === 410);
  });

  it('REST 47, 48: fhir-kit-client sends a batch and a transaction', async () => {
    const entry = [{ resource: patient('Bundle'), request: { method: 'POST', url: 'Patient' } }];
    for (const type of ['batch', 'transaction'] as const) {
      const body: any = { resourceType: 'Bundle', type, entry };
      const answered: any = await kit[type]({ body });
      assert.equal(answered.type, `${type}-response`);
      assert.equal(answered.entry[0].response.status, '201 Created');
    }
  });

  it('REST 19-25: fhirclient creates, updates, patches and deletes', async () => {
    const page = new IncomingMessage(new Socket());
    const storage = { get: async () => undefined, set: async () => undefined, unset: async () => false };
    const state = { serverUrl: judged.server.base, tokenResponse: { access_token: token } };
    const client = smart(page, new ServerResponse(page), () => storage).client(state);
    const made: any = await client.create(patient('Smart'));
    const changed: any = await client.update({ ...made, gender: 'other' });
    assert.equal(changed.meta.versionId, '2');
    const path = `Patient/${String(made.id)}`;
    const patched: any = await client.patch(path, [{ op: 'replace', path: '/gender', value: 'male' }]);
    assert.equal(patched.gender, 'male');
    await client.delete(path);
    await assert.rejects(client.request(path), /410|deleted/i);
  });

  it('REST 19-27: MedplumClient creates, once and by condition, updates, upserts, patches and deletes', async () => {
    const made = await medplum.createResource(patient('Medplum'));
    const changed = await medplum.updateResource({ ...made, gender: 'other' });
    assert.equal(changed.meta?.versionId, '2');
    const patched: any = await medplum.patchResource('Patient', made.id, [{ op: 'add', path: '/active', value: true }]);
    assert.equal(patched.active, true);
    const query = 'identifier=urn:oid:2.999|once';
    const [first, second] = [
      await medplum.createResourceIfNoneExist(identified('once'), query),
      await medplum.createResourceIfNoneExist(identified('once'), query),
    ];
    assert.equal(first.id, second.id);
    const upserted: any = await medplum.upsertResource({ ...identified('once'), gender: 'male' }, query);
    assert.equal(upserted.id, first.id);
    assert.equal((await medplum.readHistory('Patient', made.id)).entry?.length, 3);
    await medplum.deleteResource('Patient', made.id);
    await assert.rejects(medplum.readResource('Patient', made.id), (error: unknown) => {
      assert.ok(error instanceof OperationOutcomeError);
      return error.outcome.issue[0]?.code === 'deleted';
    });
  });

  it('REST 48: MedplumClient executes a transaction, and is told which entry failed', async () => {
    const fullUrl = 'urn:uuid:00000000-0000-4000-8000-000000000001';
    const observation: any = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: fullUrl },
    };
    const entry: any[] = [
      { fullUrl, resource: patient('Whole'), request: { method: 'POST', url: 'Patient' } },
      { resource: observation, request: { method: 'POST', url: 'Observation' } },
    ];
    const done: any = await medplum.executeBatch({ resourceType: 'Bundle', type: 'transaction', entry });
    assert.equal(done.entry[1].resource.subject.reference, `Patient/${String(done.entry[0].resource.id)}`);
    entry[1].resource = { ...observation, status: 'nonsense', code: undefined };
    await assert.rejects(medplum.executeBatch({ resourceType: 'Bundle', type: 'transaction', entry }), (error: any) =>
      /Entry 1/.test(error.outcome.issue[0].details.text as string),
    );
  });
});
