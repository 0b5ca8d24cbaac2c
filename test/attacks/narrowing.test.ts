import assert from 'node:assert/strict';
import { type NewCredential } from '../../src/auth/store.js';
import { documentReference, observation } from '../search/resources.js';
import { Client, included, matches } from '../support/client.js';
import { remove } from '../support/remove.js';
import { OTHER_TENANT, TENANT, type Server } from '../support/server.js';
import { startRecords, to } from './records.js';

/** The id of a resource; of a Provenance, that of what it is about. */
const idOf = ({ id, target }: any): string => (target ? target[0].reference.split('/')[1] : id) as string;

describe('attacks/narrowing', () => {
  let server: Server;
  let all: Client;
  /** Every way in which a credential is confined to patient a. */
  const pinned = new Map<string, Client>();

  const login = async (credential: Partial<NewCredential>, scope?: string): Promise<Client> =>
    Client.login(server.url, await server.credential(credential), scope);

  before(async () => {
    server = await startRecords();
    all = await server.client();
    pinned.set('a key', await server.portal('a'));
    for (const scope of ['apiv2', 'system/*.rs', 'system/*.cruds', 'patient/*.rs', 'patient/*.rs system/Patient.rs'])
      pinned.set(scope, await login({ patient: 'a', scopeCeiling: 'apiv2 system/*.cruds' }, scope));
    const native = 'system/patients.read system/vitals.read system/visit_notes.read system/thread_messages.read';
    pinned.set('native', await login({ patient: 'a', scopeCeiling: 'apiv2' }, native));
  });
  after(() => server.stop());

  it('THREAT 37, 41, ICANOTES 3: a pinned credential reads its own patient alone, whatever its scopes are', async () => {
    for (const [name, client] of pinned) {
      assert.equal((await client.get('Patient/a')).status, 200, name);
      const unknown = (await client.get('Observation/unknown')).text;
      for (const path of [
        ...['Patient/b', 'Observation/b1', 'Observation/both', 'Observation/nobody', 'Observation/gone'],
        ...['Observation/by-identifier', 'Encounter/b-visit', 'Communication/to-b'],
        ...['Patient/b/_history/1', 'Observation/b1/_history/1', 'Observation/gone/_history/1'],
      ])
        for (const headers of [{}, { 'if-none-match': 'W/"1"' }, { 'if-modified-since': new Date().toUTCString() }]) {
          const answer = await client.get(path, { headers });
          assert.equal(answer.status, 404, `${name}: ${path}`);
          assert.equal(answer.text, unknown, `${name}: ${path}`);
          assert.equal(answer.headers.get('etag'), null);
        }
    }
    assert.deepEqual(server.alarms, []);
  });

  it('THREAT 37, 42, ICANOTES 3: a pinned credential searches its own patient alone, also without a patient', async () => {
    for (const [name, client] of pinned) {
      assert.deepEqual(await client.ids('Patient'), ['a'], name);
      assert.equal((await client.get('Patient?_summary=count')).body.total, 1, name);
      const types = ['Encounter', 'Communication'];
      for (const type of types) assert.deepEqual(await client.ids(type), [], `${name}: ${type}`);
      if (name === 'native') continue;
      assert.deepEqual(await client.ids('Observation'), ['a1'], name);
      assert.deepEqual(await client.ids('DocumentReference'), ['a-doc'], name);
      for (const query of [
        'patient=b',
        'subject=Patient/b',
        'performer=Patient/b',
        'value-string=Hidden',
        'focus=Patient/x',
      ])
        for (const way of ['', '&_summary=count', '&_total=accurate']) {
          const { body } = await client.get(`Observation?${query}${way}`);
          assert.equal(body.total, 0, `${name}: ${query}${way}`);
          assert.deepEqual(matches(body), []);
        }
      const { body } = await client.postSearch('Observation', { subject: 'Patient/b' });
      assert.equal(body.total, 0, name);
    }
  });

  it('THREAT 42: a compartment URL and an identifier of another patient lead nowhere', async () => {
    for (const [name, client] of pinned) {
      for (const type of ['Observation', 'Encounter', 'Patient', '*'])
        for (const way of ['', '?_summary=count', '?_count=1&_total=accurate']) {
          const { status, body, text } = await client.get(`Patient/b/${type}${way}`);
          assert.equal(status, 200, `${name}: ${type}${way} ${text}`);
          assert.equal(body.total, 0, `${name}: ${type}${way}`);
          assert.equal(body.entry, undefined);
        }
      const types = [...matches((await client.get('Patient/a/*?_count=100')).body)].map(idOf);
      assert.deepEqual(
        types.filter((id) => !['a', 'a1', 'a-doc'].includes(id)),
        [],
        name,
      );
      assert.equal((await client.get('Patient?family=Hidden')).body.total, 0);
    }
  });

  it('THREAT 43, 44, 53: a reference to what is hidden is followed by no include, and by no read', async () => {
    for (const [name, client] of pinned) {
      if (name === 'native') continue;
      for (const path of [
        'Observation?_id=a1&_include=Observation:has-member&_include=Observation:subject&_include=Observation:focus',
        'Observation?_include=*&_revinclude=Observation:has-member',
        'Practitioner?_id=doc&_revinclude=Observation:performer&_revinclude=Patient:general-practitioner',
        'Patient?_revinclude=Observation:subject&_revinclude=DocumentReference:patient&_revinclude=Encounter:patient',
        'DocumentReference?_include=*',
        'Observation?_include:iterate=*&_revinclude:iterate=*',
        'Practitioner?_id=doc&_revinclude=*&_include:iterate=*&_revinclude:iterate=*',
      ]) {
        const { body, text } = await client.get(path);
        const shown = [...matches(body), ...included(body)].map(idOf);
        assert.ok(shown.length > 0, `${name}: ${path}`);
        assert.deepEqual(
          shown.filter((id) => !['a', 'a1', 'a-doc', 'doc'].includes(id)),
          [],
          `${name}: ${path}`,
        );
        assert.ok(!text.includes('Hidden'));
      }
      const { body } = await client.get('Observation/a1');
      for (const reference of [
        body.focus[0].reference,
        body.hasMember[0].reference,
        body.contained[0].subject.reference,
      ])
        assert.equal((await client.get(reference as string)).status, 404, name);
    }
    assert.equal(included((await all.get('Observation?_id=a1&_include=Observation:focus')).body).length, 1);
    assert.equal((await all.get('Observation?_include:recurse=Observation:subject')).status, 400);
  });

  it('THREAT 45: a chain or _has about a hidden row finds what one about nobody does: nothing', async () => {
    for (const [name, client] of pinned) {
      if (name === 'native') continue;
      for (const query of [
        'Observation?focus:Patient.family=H',
        'Observation?focus:Patient.family=Hidden',
        'Observation?has-member.value-string=Hidden',
        'Observation?has-member.patient.family=Hidden',
        'Observation?performer:Patient._id=b',
        'Patient?_has:Observation:patient:value-string=Hidden',
        'Patient?_has:Observation:focus:_id=b1',
        'Practitioner?_has:Patient:general-practitioner:family=Hidden',
        'Practitioner?_has:Observation:performer:value-string=Hidden',
      ])
        for (const way of ['', '&_summary=count', '&_total=accurate&_count=1']) {
          const { status, body, text } = await client.get(`${query}${way}`);
          assert.equal(status, 200, `${name}: ${query}${way} ${text}`);
          assert.equal(body.total, 0, `${name}: ${query}${way}`);
        }
    }
  });

  it('THREAT 46: what could ask past the narrowing is not there', async () => {
    for (const query of [
      '_filter=x',
      '_text=Hidden',
      '_content=Hidden',
      '_query=x',
      '_list=x',
      '_sort=subject',
      '_type=Patient',
    ])
      assert.equal((await all.get(`Observation?${query}`)).status, 400, query);
    const { body } = await pinned.get('a key')!.get('Observation?_elements=subject,valueString&_sort=value-quantity');
    assert.deepEqual(
      matches(body).map(({ id }) => id),
      ['a1'],
    );
  });

  it('THREAT 48, 49, ICANOTES 3: the bytes of another patient, and of two, are not there', async () => {
    const url = async (id: string): Promise<string> =>
      (await all.get(`DocumentReference/${id}`)).body.content[0].attachment.url as string;
    const urls = await Promise.all(['b-doc', 'both-doc'].map(url));
    // Somebody wrote the id of the other patient's bytes into a's row.
    await server.save([documentReference('borrowed', { subject: to('Patient/a') })]);
    const knex = await server.portico.own.knex();
    const borrowed = { organization_id: TENANT, parent_id: 'borrowed' };
    const changed = await knex('document_content')
      .where(borrowed)
      .update({ blob_id: urls[0]!.slice('Binary/'.length) });
    assert.equal(changed, 1);
    for (const [name, client] of pinned) {
      for (const each of urls)
        for (const accept of ['*/*', 'application/fhir+json'])
          assert.equal((await client.get(each, { headers: { accept } })).status, 404, `${name}: ${each}`);
      if (name !== 'native') assert.equal((await client.get(await url('a-doc'))).status, 200, name);
    }
    await remove(server, 'DocumentReference', 'borrowed');
  });

  it('THREAT 41: what moves to another patient is gone at once, with its past, also from the cache', async () => {
    const a = pinned.get('a key')!;
    const b = await server.portal('b');
    const moved = (who: string): object => observation('moved', { subject: to(`Patient/${who}`) });
    await server.save([moved('a')]);
    assert.equal((await a.get('Observation/moved')).status, 200);
    assert.equal((await all.get('Observation/moved')).status, 200);
    await server.save([moved('b')]);
    for (const path of ['Observation/moved', 'Observation/moved/_history/1', 'Observation/moved/_history/2'])
      assert.equal((await a.get(path)).status, 404, path);
    assert.deepEqual(await a.ids('Observation?_id=moved'), []);
    assert.equal((await b.get('Observation/moved')).status, 200);
    assert.equal((await b.get('Observation/moved/_history/1')).status, 404);
    await remove(server, 'Observation', 'moved');
    assert.equal((await a.get('Observation/moved')).status, 404);
    assert.equal((await a.get('Observation/moved/_history/1')).status, 404, "it was a's, but is no longer");
    assert.equal((await b.get('Observation/moved')).status, 410);
  });

  it('THREAT 50, 51: no operation, no export and no search of everything goes round the narrowing', async () => {
    for (const client of [all, ...pinned.values()])
      for (const path of ['$export', 'Patient/$export', 'Group/g/$export', '$graphql', 'Patient/b/$summary'])
        assert.equal((await client.get(path)).status, 404, path);
    for (const [name, client] of pinned) {
      const unknown = (await client.get('Patient/nobody/$everything')).text;
      const hidden = await client.get('Patient/b/$everything');
      assert.deepEqual([hidden.status, hidden.text], [404, unknown], name);
      for (const path of [
        '?_count=100',
        'Patient/a/$everything',
        'Patient/$everything',
        'Observation/$lastn?patient=b&code=8893-0',
        'Observation/$lastn?code=8893-0&max=100',
        'DocumentReference/$docref?patient=b&start=2000',
      ]) {
        const { status, body } = await client.get(path);
        assert.equal(status, 200, `${name}: ${path}`);
        const shown = [...matches(body), ...included(body)].map(idOf);
        assert.deepEqual(
          shown.filter((id) => !['a', 'a1', 'a-doc', 'doc', 'org'].includes(id)),
          [],
          `${name}: ${path}`,
        );
      }
    }
    for (const path of ['Bundle', '_search']) assert.ok((await all.get(path)).status >= 400, path);
  });

  it('THREAT 50: the audit trail opens under its own scope alone, and to no pinned credential', async () => {
    await server.portico.trail.flush();
    const wide = await Promise.all(
      ['apiv2', 'system/*.rs'].map((scope) => login({ scopeCeiling: 'apiv2 system/*.rs' }, scope)),
    );
    for (const each of [...wide, ...pinned.values()]) {
      assert.equal((await each.get('AuditEvent')).status, 403);
      const { body } = await each.get('Patient?_include=*&_revinclude=*', { headers: { prefer: 'handling=lenient' } });
      assert.ok(![...matches(body), ...included(body)].some(({ resourceType }) => resourceType === 'AuditEvent'));
    }
    const own = await login({ scopeCeiling: 'system/AuditEvent.rs' });
    assert.ok((await own.ids('AuditEvent')).length > 0);
    const theirs = await login({ scopeCeiling: 'system/AuditEvent.rs', tenant: OTHER_TENANT });
    const [first] = await own.ids('AuditEvent?_count=1');
    assert.equal((await theirs.get(`AuditEvent/${first!}`)).status, 404);
  });

  it('raised no alarm', () => {
    assert.deepEqual(server.alarms, []);
  });
});
