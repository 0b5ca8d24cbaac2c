import assert from 'node:assert/strict';
import { issueAccessToken, type AuthOptions } from '../../src/auth/issue.js';
import { Keys } from '../../src/auth/keys.js';
import { createCredential, revokeCredential, type NewCredential } from '../../src/auth/store.js';
import { createUser } from '../../src/auth/users.js';
import { coded, documentReference, observation, patient } from '../search/resources.js';
import { Client, included, matches, requestToken } from '../support/client.js';
import { remove } from '../support/remove.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const to = (reference: string): object => ({ reference });
const attached = (text: string): object => ({
  content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(text).toString('base64') } }],
});

/** What belongs to patient b, and what patient a has that refers to it. */
const records: readonly object[] = [
  patient('a', { generalPractitioner: [to('Practitioner/doc')] }),
  patient('b', { name: [{ family: 'Hidden' }], generalPractitioner: [to('Practitioner/doc')] }),
  { resourceType: 'Practitioner', id: 'doc' },
  { resourceType: 'Organization', id: 'org' },
  observation('a1', {
    ...{ subject: to('Patient/a'), performer: [to('Practitioner/doc')], focus: [to('Patient/b')] },
    hasMember: [to('Observation/b1')],
    contained: [
      { resourceType: 'Observation', id: 'in', status: 'final', code: { text: 'x' }, subject: to('Patient/b') },
    ],
  }),
  observation('b1', { subject: to('Patient/b'), performer: [to('Practitioner/doc')], valueString: 'Hidden' }),
  observation('both', { subject: to('Patient/a'), performer: [to('Patient/b')] }),
  observation('nobody', { performer: [to('Practitioner/doc')] }),
  observation('by-identifier', { subject: { identifier: { value: 'a' } } }),
  {
    ...{ resourceType: 'Encounter', id: 'b-visit', status: 'finished', class: { code: 'AMB' } },
    subject: to('Patient/b'),
  },
  documentReference('a-doc', { subject: to('Patient/a'), ...attached('of a') }),
  documentReference('b-doc', { subject: to('Patient/b'), ...attached('of b') }),
  documentReference('both-doc', { subject: to('Patient/a'), author: [to('Patient/b')], ...attached('of both') }),
  {
    ...{ resourceType: 'Communication', id: 'to-b', status: 'completed' },
    ...{ subject: to('Patient/a'), recipient: [to('Patient/b')] },
  },
];

describe('attacks/narrowing', () => {
  let server: Server;
  let all: Client;
  /** Every way in which a credential is confined to patient a. */
  const pinned = new Map<string, Client>();

  const login = async (credential: Partial<NewCredential>, scope?: string): Promise<Client> =>
    Client.login(server.url, await server.credential(credential), scope);
  const update = async (table: string, id: string, values: object): Promise<void> => {
    await (await server.portico.own.knex())(table).where({ id }).update(values);
  };

  before(async () => {
    server = await start();
    await server.save(records);
    await server.save([patient('a'), patient('b'), observation('theirs', { subject: to('Patient/a') })], OTHER_TENANT);
    await server.save([observation('gone', { subject: to('Patient/b') })]);
    await remove(server, 'Observation', 'gone');
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
    for (const client of pinned.values()) {
      assert.equal((await client.get('Patient/b/Observation')).status, 404);
      assert.equal((await client.get('Patient/a/Observation')).status, 404);
      assert.equal((await client.get('Patient?family=Hidden')).body.total, 0);
    }
  });

  it('THREAT 43, 44, 53: a reference to what is hidden is followed by no include, and by no read', async () => {
    for (const [name, client] of pinned) {
      if (name === 'native') continue;
      for (const path of [
        'Observation?_id=a1&_include=Observation:has-member&_include=Observation:subject',
        'Observation?_include=*&_revinclude=Observation:has-member',
        'Practitioner?_id=doc&_revinclude=Observation:performer&_revinclude=Patient:general-practitioner',
        'Patient?_revinclude=Observation:subject&_revinclude=DocumentReference:patient&_revinclude=Encounter:patient',
        'DocumentReference?_include=*',
      ]) {
        const { body, text } = await client.get(path);
        const shown = [...matches(body), ...included(body)].map((each) => each.id as string);
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
    assert.equal((await all.get('Observation?_id=a1&_include=Observation:focus')).status, 400);
    for (const name of ['_include:iterate', '_include:recurse', '_revinclude:iterate'])
      assert.equal((await all.get(`Observation?${name}=Observation:subject`)).status, 400, name);
  });

  it('THREAT 45: there is no chain and no _has, so that no hidden row answers a question', async () => {
    for (const client of [all, ...pinned.values()])
      for (const query of [
        'subject.family=H',
        'subject:Patient.family=Hidden',
        '_has:Observation:patient:code=x',
        'patient.identifier=x',
        'performer.name=x',
        'has-member.value-string=Hidden',
      ])
        for (const type of ['Observation', 'Patient']) {
          const answer = await client.get(`${type}?${query}`);
          assert.equal(answer.status, 400, query);
          const lenient = await client.get(`${type}?${query}`, { headers: { prefer: 'handling=lenient' } });
          if (lenient.status === 400) continue;
          // Left out, and not half understood.
          const whole = await client.get(type);
          assert.deepEqual(
            matches(lenient.body).map(({ id }) => id),
            matches(whole.body).map(({ id }) => id),
          );
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

  it('THREAT 35, 36, ICANOTES 6: a wider scope than the credential has is invalid_scope', async () => {
    const key = { kind: 'portal', patient: 'a', scopeCeiling: 'patient/*.rs' } as const;
    const credential = await server.credential(key);
    for (const scope of [
      'system/*.read',
      'patient/*.write',
      'patient/*.cruds',
      'user/*.rs',
      'user/Patient.read',
      'apiv2',
      'system/patients.read',
      'system/Patient.rs',
      'act_as_user',
      'patient/AuditEvent.rs',
      'patient/Patient.sr',
      'patient/Patient.rs patient/Patient.c',
      'patient/Patient.rs%20system/*.rs',
      'patient/Patient.rs?category=x&',
      'patient/Observation.rs?category=a&category:not=b',
      'patient/Observation.rs?patient=b',
      'patient/Observation.rs?_id=b1',
      'patient/Observation.rs?subject.family=x',
      'patient/patient.rs',
      'patient/Pаtient.rs',
      'patient/Patient.rs\u0000',
    ]) {
      const { status, body } = await requestToken(server.url, { ...credential, scope });
      assert.deepEqual([status, body.error], [400, 'invalid_scope'], scope);
    }
    const narrow = await Client.login(server.url, credential, 'patient/Patient.r');
    assert.equal((await narrow.get('Patient/a')).status, 200);
    assert.equal((await narrow.get('Patient')).status, 403);
    assert.equal((await narrow.get('Observation/a1')).status, 403);
  });

  it('THREAT 35: a ceiling or an organization policy that is lowered counts on the next request', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2 system/*.cruds' });
    const clients = await Promise.all(
      ['apiv2', 'system/*.cruds', 'system/Observation.rs system/Patient.rs'].map((scope) =>
        Client.login(server.url, credential, scope),
      ),
    );
    const answers = async (path: string): Promise<number[]> =>
      Promise.all(clients.map(async (each) => (await each.get(path)).status));
    assert.deepEqual(await answers('Observation/a1'), [200, 200, 200]);
    await update('credential', credential.id, { scope_ceiling: 'system/Patient.rs' });
    assert.deepEqual(await answers('Observation/a1'), [403, 403, 403]);
    assert.deepEqual(await answers('Patient/a'), [403, 403, 200], 'only a scope that the ceiling covers is left');
    await update('credential', credential.id, { scope_ceiling: 'apiv2 system/*.cruds' });
    assert.deepEqual(await answers('Observation/a1'), [200, 200, 200]);
    for (const policy of ['', 'system/Patient.rs', 'nonsense', '']) {
      await update('org', TENANT, { scope_policy: policy });
      assert.deepEqual(await answers('Observation/a1'), [403, 403, 403], policy);
    }
    await update('org', TENANT, { scope_policy: null });
    assert.deepEqual(await answers('Observation/a1'), [200, 200, 200]);
  });

  it('THREAT 35: a granular ceiling confines tokens that were made before it', async () => {
    await server.save([observation('a2', { subject: to('Patient/a'), category: [coded('urn:oid:1', 'x')] })]);
    const wide = 'system/Observation.rs?category=x,y';
    const credential = await server.credential({ scopeCeiling: wide });
    const client = await Client.login(server.url, credential, wide);
    assert.deepEqual(await client.ids('Observation'), ['a2']);
    await update('credential', credential.id, { scope_ceiling: 'system/Observation.rs?category=y' });
    assert.equal((await client.get('Observation/a2')).status, 403);
    for (const scope of ['system/Observation.rs', wide, 'system/Observation.rs?code=x', 'system/*.rs'])
      assert.equal((await requestToken(server.url, { ...credential, scope })).body.error, 'invalid_scope', scope);
    await remove(server, 'Observation', 'a2');
  });

  it('THREAT 11, 37: a pin that changes takes the tokens of the old one along', async () => {
    const credential = await server.credential({ patient: 'a', scopeCeiling: 'apiv2' });
    const client = await Client.login(server.url, credential);
    assert.equal((await client.get('Patient/a')).status, 200);
    await update('credential', credential.id, { patient: 'b' });
    for (const path of ['Patient/a', 'Patient/b', 'Patient']) assert.equal((await client.get(path)).status, 401, path);
  });

  it('THREAT 38, 40: nothing of one organization answers another: id, version, tag, cursor, cache', async () => {
    const theirs = await server.client(undefined, OTHER_TENANT);
    const unknown = (await theirs.get('Observation/unknown')).text;
    for (let round = 0; round < 2; round += 1)
      for (const id of ['a1', 'b1', 'gone', 'both']) {
        assert.equal((await all.get(`Observation/${id}`)).status, id === 'gone' ? 410 : 200);
        for (const path of [`Observation/${id}`, `Observation/${id}/_history/1`])
          for (const headers of [
            {},
            { 'if-none-match': 'W/"1"' },
            { 'if-none-match': '*' },
            { 'x-organization-id': OTHER_TENANT },
          ]) {
            const answer = await theirs.get(path, { headers: headers as Record<string, string> });
            assert.deepEqual([answer.status, answer.text], [404, unknown], path);
          }
      }
    // The same id and version in both: each sees its own, also when the other's is in the cache.
    for (const [client, family] of [
      [all, 'Hidden'],
      [theirs, undefined],
      [all, 'Hidden'],
    ] as const)
      assert.equal((await client.get('Patient/b')).body.name?.[0].family, family);
    const { body } = await all.get('Observation?_count=1');
    const next = body.link.find((each: any) => each.relation === 'next').url as string;
    for (const [client, status] of [
      [all, 200],
      [theirs, 400],
      [await server.client(), 400],
    ] as const)
      assert.equal((await client.get(next)).status, status);
    assert.equal((await theirs.get('Observation?_include=*&_summary=false&_total=accurate')).body.total, 1);
  });

  it('THREAT 38: an id of another organization takes as long as one that nobody has', async function () {
    this.timeout(60_000);
    const theirs = await server.client(undefined, OTHER_TENANT);
    const times: Record<string, number[]> = { a1: [], unknown: [] };
    for (let count = 0; count < 400; count += 1)
      // In turn, so that what else the machine does falls on both.
      for (const [id, taken] of Object.entries(times)) {
        const began = performance.now();
        await theirs.get(`Observation/${id}`);
        taken.push(performance.now() - began);
      }
    const median = (of: number[]): number => [...of].sort((x, y) => x - y)[of.length / 2]!;
    const [foreign, unknown] = [median(times['a1']!), median(times['unknown']!)];
    assert.ok(Math.abs(foreign - unknown) < 0.25 * unknown, `${foreign.toFixed(3)} and ${unknown.toFixed(3)} ms`);
  });

  it('THREAT 39: X-Organization-ID is one value that agrees, or nothing is answered', async () => {
    const ask = async (value: string): Promise<number> =>
      (await all.get('Patient/a', { headers: { 'x-organization-id': value } })).status;
    assert.equal(await ask(TENANT), 200);
    for (const value of [
      OTHER_TENANT,
      'nobody',
      TENANT.toUpperCase(),
      `${TENANT},${OTHER_TENANT}`,
      `${TENANT}, ${TENANT}`,
      '',
    ])
      assert.equal(await ask(value), 403, value);
    const bodies = await Promise.all(
      [OTHER_TENANT, 'nobody'].map((value) => all.get('Patient/a', { headers: { 'x-organization-id': value } })),
    );
    assert.equal(bodies[0]!.text, bodies[1]!.text, 'whether there is such an organization is not told');
  });

  it('THREAT 40: a page link belongs to one user and one patient, also among those of one app', async () => {
    const { own, secret, now, config, base } = server.portico;
    const app = await createCredential(
      own,
      { tenant: TENANT, kind: 'app', name: 'app', scopeCeiling: 'patient/*.rs' },
      now(),
    );
    const keys = new Keys(own, secret, now);
    await keys.load();
    const options = { keys, issuer: config.baseUrl, audience: base, now } as AuthOptions;
    const user = async (patientId: string, grant: string): Promise<Client> => {
      const details = { email: `${patientId}@portico.example`, name: 'x', password: 'a long password' };
      const roles = { roles: ['patient'] as const, canManageKeys: false, fhirUser: `Patient/${patientId}` };
      const id = (await createUser(own, { tenant: TENANT, ...details, ...roles }, now()))!;
      const times = { created_at: now(), expires_at: now() + 1e9 };
      const row = { id: grant, org: TENANT, credential_id: app.id, user_id: id, scope: 'patient/*.rs' };
      await (await own.knex())('auth_grant').insert({ ...row, ...times, patient: patientId });
      const holder = { tenant: TENANT, kind: 'app', clientId: app.id, credential: { id: app.id, epoch: 1 } };
      const { token } = await issueAccessToken(
        options,
        { ...holder, user: { id, epoch: 1 }, grant, patient: patientId },
        'patient/*.rs',
        900,
      );
      return new Client(server.url, token);
    };
    await server.save([observation('b2', { subject: to('Patient/b'), performer: [to('Practitioner/doc')] })]);
    const [a, b] = [await user('a', 'grant-a'), await user('b', 'grant-b')];
    const { body } = await b.get('Observation?performer=Practitioner/doc&_count=1&_total=accurate');
    assert.equal(body.total, 2);
    const next = body.link.find((each: any) => each.relation === 'next').url as string;
    assert.equal((await b.get(next)).status, 200);
    assert.equal((await a.get(next)).status, 400, 'it would say what was asked, and how many there are');
    await remove(server, 'Observation', 'b2');
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

  it('THREAT 50, 51: no operation and no export is there to go round the narrowing', async () => {
    for (const client of [all, ...pinned.values()])
      for (const path of [
        'Patient/b/$everything',
        'Patient/$everything',
        '$export',
        'Patient/$export',
        'Group/g/$export',
        'Observation/$lastn',
        '$graphql',
        'Patient/b/$summary',
      ])
        assert.equal((await client.get(path)).status, 404, path);
    for (const path of ['', 'Bundle', '_search', '_history', 'Patient/_history', 'Patient/a/_history'])
      assert.ok((await all.get(path)).status >= 400, path);
    assert.ok((await all.ask('', { method: 'POST', body: '{}' })).status >= 400, 'no batch');
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

  it('PULSARA 1, 4: a revoked organization token is dead on the next request; what it did is in its log, without a word of it', async () => {
    const token = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    const client = await Client.login(server.url, token);
    await client.get('Patient?family=Hidden');
    assert.equal(await revokeCredential(server.portico.own, TENANT, token.id, Date.now()), true);
    assert.equal((await client.get('Patient/a')).status, 401);
    assert.equal((await requestToken(server.url, token)).body.error, 'invalid_client');
    await server.portico.trail.flush();
    const rows = (await (await server.portico.own.knex())('audit').where({ credential_id: token.id })) as any[];
    assert.deepEqual(rows.map((row) => row.interaction as string).sort(), ['search-type', 'token']);
    assert.ok(!JSON.stringify(rows).includes('Hidden'));
  });

  it('ICANOTES 4: after a set is deleted its tokens are dead at once, and the other set works on', async () => {
    const key = { kind: 'portal', patient: 'a', scopeCeiling: 'patient/*.rs' } as const;
    const [one, two] = [await server.credential(key), await server.credential(key)];
    const [first, second] = [await Client.login(server.url, one), await Client.login(server.url, two)];
    assert.equal((await first.get('Patient/a')).status, 200);
    await revokeCredential(server.portico.own, TENANT, one.id, Date.now());
    for (const path of ['Patient/a', 'Patient', 'Binary/x']) assert.equal((await first.get(path)).status, 401, path);
    assert.equal((await requestToken(server.url, one)).status, 401);
    assert.equal((await second.get('Patient/a')).status, 200);
  });

  it('ICANOTES 5: a wrong secret and an unknown key have one answer', async () => {
    const { id, secret } = await server.credential({ kind: 'portal', patient: 'a', scopeCeiling: 'patient/*.rs' });
    const wrong = await requestToken(server.url, { id, secret: secret.replace(/.$/, '~') });
    const unknown = await requestToken(server.url, { id: id.replace(/.$/, '~'), secret });
    assert.deepEqual([wrong.status, wrong.text], [unknown.status, unknown.text]);
    assert.equal(wrong.body.error, 'invalid_client');
  });

  it('raised no alarm', () => {
    assert.deepEqual(server.alarms, []);
  });
});
