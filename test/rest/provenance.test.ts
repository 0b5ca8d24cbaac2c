import assert from 'node:assert/strict';
import { validate } from '../../src/validate/structure.js';
import { Client, included } from '../support/client.js';
import { start, OTHER_TENANT, TENANT, type Server } from '../support/server.js';

const TIME = '2026-03-01T08:15:00Z';
const observation = (id: string, patient: string, category: string, value: number): any => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: category }] }],
  code: { text: id },
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: TIME,
  valueInteger: value,
});

describe('rest: Provenance', () => {
  let server: Server;
  let client: Client;
  const write = async (each: Client, resource: any): Promise<void> => {
    const { status, text } = await each.send('PUT', `${resource.resourceType}/${resource.id}`, resource);
    assert.ok(status === 200 || status === 201, text);
  };
  const targets = (list: any[]): string[] => list.map((each) => each.target[0].reference).sort();
  const find = async (each: Client, query: string): Promise<any[]> => {
    const { status, body, text } = await each.get(`Provenance?${query}`);
    assert.equal(status, 200, text);
    return (body.entry ?? []).map((entry: any) => entry.resource);
  };

  before(async () => {
    server = await start();
    client = await server.client();
    for (const id of ['a', 'b']) await write(client, { resourceType: 'Patient', id, active: true });
    await write(client, { resourceType: 'Practitioner', id: 'dr', name: [{ family: 'Rahn' }] });
    await write(client, observation('vital', 'a', 'vital-signs', 1));
    await write(client, observation('vital', 'a', 'vital-signs', 2));
    await write(client, observation('lab', 'a', 'laboratory', 1));
    await write(client, observation('other', 'b', 'laboratory', 1));
    await write(client, observation('gone', 'a', 'laboratory', 1));
    await client.remove('Observation/gone');
    await write(client, observation('moved', 'a', 'laboratory', 1));
    await write(client, observation('moved', 'b', 'laboratory', 1));
  });
  after(() => server.stop());

  it('USCORE: says who wrote which version, through which client, for which organization', async () => {
    const found = await find(client, 'target=Observation/vital');
    assert.deepEqual(targets(found), ['Observation/vital/_history/1', 'Observation/vital/_history/2']);
    const [latest] = found;
    assert.equal(latest.target[0].reference, 'Observation/vital/_history/2', 'the last comes first');
    const version = await client.get('Observation/vital/_history/2');
    assert.equal(latest.recorded, version.body.meta.lastUpdated);
    assert.deepEqual(latest.activity.coding[0].code, 'UPDATE');
    const [author, transmitter] = latest.agent;
    assert.equal(author.type.coding[0].code, 'author');
    assert.equal(transmitter.type.coding[0].code, 'transmitter');
    assert.equal(transmitter.who.type, 'Device');
    assert.ok(transmitter.who.identifier.value);
    for (const { onBehalfOf } of latest.agent)
      assert.deepEqual(onBehalfOf.identifier, { system: `${server.base}/ids/organization`, value: TENANT });
    assert.ok(latest.meta.profile.includes('http://hl7.org/fhir/us/core/StructureDefinition/us-core-provenance'));
    assert.deepEqual(
      validate(latest).filter(({ severity }) => severity === 'error'),
      [],
    );
    const { status, body } = await client.get(`Provenance/${latest.id}`);
    assert.equal(status, 200);
    assert.deepEqual(body, latest);
  });

  it('USCORE: _revinclude=Provenance:target works on every type that is written', async () => {
    for (const type of server.portico.registry.all().filter(({ write: written }) => written)) {
      assert.ok(type.revInclude.includes('Provenance:target'), type.type);
      const { status, text } = await client.get(`${type.type}?_revinclude=Provenance:target`);
      assert.equal(status, 200, text);
    }
    const { body } = await client.get('Observation?_id=vital,lab&_revinclude=Provenance:target');
    assert.deepEqual(targets(included(body)), [
      'Observation/lab/_history/1',
      'Observation/vital/_history/1',
      'Observation/vital/_history/2',
    ]);
  });

  it('is found by target, patient, agent and time, by chains and by _has', async () => {
    const ids = (list: any[]): string[] =>
      [...new Set(list.map((each) => each.target[0].reference.split('/')[1]))].sort();
    assert.deepEqual(ids(await find(client, 'target:Observation=lab')), ['lab']);
    assert.deepEqual(ids(await find(client, 'target=lab')), ['lab']);
    assert.deepEqual(ids(await find(client, 'target=Observation/lab,Patient/b')), ['b', 'lab']);
    assert.deepEqual(ids(await find(client, 'patient=b&_count=50')), ['b', 'moved', 'other']);
    assert.deepEqual(ids(await find(client, 'target:Observation.category=vital-signs')), ['vital']);
    assert.deepEqual(await find(client, 'recorded=lt2000'), []);
    assert.ok((await find(client, 'recorded=gt2000&patient=a')).length > 0);
    assert.deepEqual(await find(client, 'agent=Practitioner/dr'), []);
    assert.deepEqual(await client.ids('Observation?_has:Provenance:target:recorded=gt2000&category=vital-signs'), [
      'vital',
    ]);
    const { body } = await client.get('Provenance?target=Observation/lab&_include=Provenance:target');
    assert.deepEqual(
      included(body).map((each) => each.id),
      ['lab'],
    );
    assert.deepEqual(ids(await find(client, '_sort=recorded&_count=1')), ['a']);
    const compartment = await client.get('Patient/b/Provenance');
    assert.deepEqual(ids(compartment.body.entry.map((each: any) => each.resource)), ['b', 'moved', 'other']);
  });

  it('names the person who wrote, and is found by them', async () => {
    const secret = await server.credential({ kind: 'portal', patient: 'a', scopeCeiling: 'patient/*.cruds' });
    const app = await Client.login(server.url, secret);
    const { id: _id, ...own } = observation('own', 'a', 'vital-signs', 3);
    const { status, body } = await app.send('POST', 'Observation', own);
    assert.equal(status, 201);
    const [found, ...others] = await find(client, 'agent=Patient/a');
    assert.deepEqual(others, []);
    assert.deepEqual(found.agent[0].who, { reference: 'Patient/a' });
    assert.equal(found.target[0].reference, `Observation/${String(body.id)}/_history/1`);
    await client.remove(`Observation/${String(body.id)}`);
  });

  it('THREAT 50: is seen where what it is about is seen, and nowhere else', async () => {
    const opens = async (each: Client): Promise<string[]> => targets(await find(each, '_count=100'));
    const vitals = await server.client(
      'system/Provenance.rs system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs',
    );
    assert.deepEqual(await opens(vitals), ['Observation/vital/_history/1', 'Observation/vital/_history/2']);
    const hidden = (await find(client, 'target=Observation/lab'))[0].id as string;
    assert.equal((await vitals.get(`Provenance/${hidden}`)).status, 404);
    assert.equal((await client.get(`Provenance/${hidden}`)).status, 200);
    assert.deepEqual(await opens(await server.client('system/Provenance.rs')), []);
    const native = await server.credential({ scopeCeiling: 'apiv2' });
    assert.deepEqual(await opens(await Client.login(server.url, native, 'system/Provenance.rs system/vitals.read')), [
      'Observation/vital/_history/1',
      'Observation/vital/_history/2',
    ]);
    assert.deepEqual(await opens(await server.client('system/Provenance.rs system/Patient.r')), [
      'Patient/a/_history/1',
      'Patient/b/_history/1',
    ]);
    const app = await server.portal('a');
    assert.deepEqual(await opens(app), [
      'Observation/lab/_history/1',
      'Observation/vital/_history/1',
      'Observation/vital/_history/2',
      'Patient/a/_history/1',
    ]);
    const strange = (await find(client, 'target=Observation/other'))[0].id as string;
    assert.equal((await app.get(`Provenance/${strange}`)).status, 404);
    const { body } = await app.get('Observation?_revinclude=Provenance:target');
    assert.deepEqual(targets(included(body)), [
      'Observation/lab/_history/1',
      'Observation/vital/_history/1',
      'Observation/vital/_history/2',
    ]);
    const without = await server.client('system/Observation.rs');
    assert.deepEqual(included((await without.get('Observation?_revinclude=Provenance:target')).body), []);
    assert.equal((await without.get('Provenance')).status, 403);
  });

  it('THREAT 38: is of one organization', async () => {
    const other = await server.client(undefined, OTHER_TENANT);
    assert.deepEqual(await find(other, '_count=100'), []);
    const [one] = await find(client, 'target=Observation/lab');
    assert.equal((await other.get(`Provenance/${one.id}`)).status, 404);
  });

  it('is only read', async () => {
    const [one] = await find(client, 'target=Observation/lab');
    assert.equal((await client.send('PUT', `Provenance/${one.id}`, one)).status, 405);
    assert.equal((await client.send('POST', 'Provenance', one)).status, 405);
    assert.equal((await client.remove(`Provenance/${one.id}`)).status, 405);
  });
});
