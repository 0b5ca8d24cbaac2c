import assert from 'node:assert/strict';
import { nativeScopes } from '../../fhir/native-scopes.js';
import { coded, documentReference, observation, patient } from '../search/resources.js';
import { Client, included, matches, requestToken } from '../support/client.js';
import { remove } from '../support/remove.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const categories = 'http://terminology.hl7.org/CodeSystem/observation-category';
const of = (id: string) => ({ subject: { reference: `Patient/${id}` } });
const measured = (id: string, category: string, who = 'a', more: object = {}) =>
  observation(id, { ...of(who), category: [coded(categories, category)], ...more });
const document = (id: string, loinc: string) =>
  documentReference(id, {
    ...of('a'),
    type: coded('http://loinc.org', loinc),
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(id).toString('base64') } }],
  });

/** Every name of the native system, and the scopes that there are of it. */
const scopes = Object.values(nativeScopes)
  .flatMap((group) => Object.entries(group))
  .flatMap(([name, { permissions }]) => permissions.map((each) => `system/${name}.${each}`));

describe('attacks/native-scopes', () => {
  let server: Server;
  const binaries = new Map<string, string>();
  const vitalSigns = ['both', 'vital', 'vital-of-lab'];
  const ids = (resources: any[]): string[] => resources.map((each) => each.id as string).sort();

  before(async () => {
    server = await start();
    await server.save([
      patient('a'),
      patient('b'),
      measured('vital', 'vital-signs'),
      measured('lab', 'laboratory', 'a', { hasMember: [{ reference: 'Observation/vital' }] }),
      measured('history', 'social-history'),
      measured('imaging', 'imaging'),
      measured('vital-of-lab', 'vital-signs', 'a', { derivedFrom: [{ reference: 'Observation/lab' }] }),
      // It is the first name that fits, in the order of the declaration: vitals, and not reports.
      observation('both', {
        ...of('a'),
        category: ['laboratory', 'vital-signs'].map((code) => coded(categories, code)),
      }),
      measured('gone-vital', 'vital-signs'),
      measured('gone-lab', 'laboratory'),
      document('letter', '51852-2'),
      document('report', '67796-3'),
      document('ccda', '34133-9'),
      document('note', '11506-3'),
      document('plain', '18842-5'),
      {
        ...{ resourceType: 'Encounter', id: 'visit', status: 'finished', class: { code: 'AMB' } },
        ...of('a'),
      },
    ]);
    await server.save([measured('gone-vital', 'vital-signs'), measured('vital', 'vital-signs', 'b')], OTHER_TENANT);
    await remove(server, 'Observation', 'gone-vital');
    await remove(server, 'Observation', 'gone-lab');
    const all = await server.client();
    for (const resource of matches((await all.get('DocumentReference')).body))
      binaries.set(resource.id as string, resource.content[0].attachment.url as string);
  });
  after(() => server.stop());

  const client = (scope: string): Promise<Client> =>
    server.credential({ scopeCeiling: 'apiv2' }).then((credential) => Client.login(server.url, credential, scope));

  it('ELATION 2: all 151 scopes, one by one, are granted and echoed, and open no type that they do not govern', async function () {
    this.timeout(60_000);
    assert.equal(scopes.length, 151);
    const credential = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    const types = server.portico.registry.types;
    for (const scope of scopes) {
      const granted = await Client.login(server.url, credential, scope);
      assert.equal(granted.granted['scope'], scope);
      const [name, permission] = scope.slice('system/'.length).split('.') as [string, string];
      const governs = Object.values(nativeScopes).find((group) => name in group)![name]!.governs;
      for (const type of types) {
        const opens = permission === 'read' && governs.some((each) => each.split('?')[0] === type);
        const { status, body } = await granted.get(`${type}?_count=100`);
        assert.equal(status, opens ? 200 : 403, `${scope} on ${type}`);
        // The server says which native resource a row is: nothing else has come along.
        for (const resource of opens ? matches(body) : [])
          assert.ok(
            resource.meta.tag.some((tag: any) => tag.code === name && tag.system.endsWith('/native-resource')),
            `${scope}: ${type}/${String(resource.id)}`,
          );
      }
    }
  });

  it('ELATION 2: what is no scope of the native system is invalid_scope, and no token is made', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    const readOnly = scopes.filter((each) => !scopes.includes(each.replace(/\.read$/, '.write')));
    assert.equal(readOnly.length, 5);
    for (const scope of [
      ...readOnly.map((each) => each.replace(/read$/, 'write')),
      'system/nosuch.read',
      'system/patients.delete',
      'system/patients.rs',
      'system/Patients.read',
      'patients.read',
      'patient/patients.read',
      'user/patients.read',
      'apiv2 system/patients.read',
      'apiv2 system/Patient.rs',
      'system/patients.read nonsense',
      'system/vitals.read?category=x',
    ]) {
      const { status, body } = await requestToken(server.url, { ...credential, scope });
      assert.equal(status, 400, scope);
      assert.equal(body.error, 'invalid_scope', scope);
      assert.equal(body.access_token, undefined);
    }
  });

  it('ELATION 4, 6: order and doubles widen nothing; without a request the assigned scopes are granted', async () => {
    const credential = await server.credential({ scopeCeiling: 'system/patients.read system/vitals.read' });
    const every = await Client.login(server.url, credential);
    assert.equal(every.granted['scope'], 'system/patients.read system/vitals.read');
    const twice = await Client.login(server.url, credential, ' system/vitals.read  system/vitals.read ');
    assert.equal(twice.granted['scope'], 'system/vitals.read');
    assert.equal((await twice.get('Patient/a')).status, 403);
    for (const scope of ['apiv2', 'system/vitals.write', 'system/reports.read', 'system/Patient.rs', 'system/*.rs'])
      assert.equal((await requestToken(server.url, { ...credential, scope })).body.error, 'invalid_scope', scope);
  });

  it('ELATION 7: a write scope reads nothing', async () => {
    const write = await client('system/vitals.write');
    for (const path of [
      'Observation/vital',
      'Observation/vital/_history/1',
      'Observation',
      'Observation?_summary=count',
      'Observation/gone-vital',
    ])
      assert.equal((await write.get(path)).status, 403, path);
    const beside = await client('system/patients.read system/vitals.write');
    const { body } = await beside.get('Patient?_id=a&_revinclude=Observation:patient');
    assert.deepEqual(ids(matches(body)), ['a']);
    assert.deepEqual(included(body), []);
    assert.equal((await (await client('system/letters.write')).get(binaries.get('letter')!)).status, 403);
    const read = await client('system/vitals.read');
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      assert.ok((await read.ask('Observation/vital', { method, body: '{}' })).status >= 400, method);
    assert.equal((await read.get('Observation/vital')).body.meta.versionId, '1');
  });

  it('ELATION 9: vitals are vitals on search, count, read and every version, and no other Observation', async () => {
    const vitals = await client('system/vitals.read');
    const all = await server.client();
    const unknown = (await vitals.get('Observation/nobody')).text;
    assert.deepEqual((await vitals.ids('Observation')).sort(), vitalSigns);
    assert.deepEqual((await vitals.ids(`Observation?category=vital-signs`)).sort(), vitalSigns);
    for (const query of [
      'category=laboratory&_id:not=both',
      '_id=lab',
      'has-member=Observation/vital',
      '_id:not=both,vital,vital-of-lab',
    ]) {
      assert.deepEqual(await vitals.ids(`Observation?${query}`), [], query);
      const { body } = await vitals.get(`Observation?${query}&_summary=count`);
      assert.equal(body.total, 0, query);
      assert.ok((await all.ids(`Observation?${query}`)).length > 0, query);
    }
    assert.equal((await vitals.get('Observation?_summary=count')).body.total, 3);
    assert.equal((await vitals.get('Observation?_total=accurate&_count=1')).body.total, 3);
    for (const id of ['lab', 'history', 'imaging', 'gone-lab'])
      for (const path of [`Observation/${id}`, `Observation/${id}/_history/1`]) {
        const answer = await vitals.get(path);
        assert.equal(answer.status, 404, path);
        assert.equal(answer.text, unknown, path);
        const tag = { headers: { 'if-none-match': 'W/"1"' } };
        assert.equal((await vitals.get(path, tag)).status, 404, path);
        assert.equal((await vitals.get(path, { method: 'HEAD' })).status, 404, path);
      }
    assert.equal((await vitals.get('Observation/vital/_history/1')).status, 200);
  });

  it('ELATION 9: a deleted vital is 410 to whoever could read it, and 404 to whoever could not', async () => {
    const [vitals, reports] = [await client('system/vitals.read'), await client('system/reports.read')];
    assert.equal((await vitals.get('Observation/gone-vital')).status, 410);
    assert.equal((await vitals.get('Observation/gone-vital/_history/1')).status, 200);
    assert.equal((await vitals.get('Observation/gone-vital/_history/2')).status, 410);
    for (const path of ['gone-vital', 'gone-vital/_history/1', 'gone-vital/_history/2'])
      assert.equal((await reports.get(`Observation/${path}`)).status, 404, path);
    assert.equal((await reports.get('Observation/both')).status, 404);
    assert.equal((await reports.get('Observation/gone-lab')).status, 410);
    assert.equal((await vitals.get('Observation/gone-lab')).status, 404);
  });

  it('ELATION 9: no include brings an Observation of another name', async () => {
    const vitals = await client('system/vitals.read system/patients.read');
    const show = async (path: string): Promise<string[]> => {
      const { body } = await vitals.get(path);
      return ids([...matches(body), ...included(body)]);
    };
    assert.deepEqual(await show('Patient?_id=a&_revinclude=Observation:patient&_revinclude=Observation:subject'), [
      'a',
      ...vitalSigns,
    ]);
    assert.deepEqual(await show('Observation?_include=*'), ['a', ...vitalSigns]);
    assert.deepEqual(await show('Observation?_id=vital-of-lab&_include=Observation:derived-from'), ['vital-of-lab']);
    assert.deepEqual(await show('Observation?_id=vital&_revinclude=Observation:has-member'), ['vital']);
    assert.deepEqual(await show('Patient?_id=a&_revinclude=DocumentReference:patient&_revinclude=Encounter:patient'), [
      'a',
    ]);
  });

  it('ELATION 10: letters are letters, and so are the bytes that they open', async () => {
    const letters = await client('system/letters.read');
    assert.deepEqual(await letters.ids('DocumentReference'), ['letter']);
    assert.equal((await letters.get('DocumentReference?_summary=count')).body.total, 1);
    const unknown = (await letters.get('Binary/nobody')).text;
    for (const [id, url] of binaries) {
      const status = id === 'letter' ? 200 : 404;
      assert.equal((await letters.get(`DocumentReference/${id}`)).status, status, id);
      for (const accept of ['*/*', 'application/fhir+json']) {
        const answer = await letters.get(url, { headers: { accept } });
        assert.equal(answer.status, status, id);
        if (status === 404) assert.equal(answer.text, unknown, id);
      }
    }
    const vitals = await client('system/vitals.read');
    for (const url of binaries.values()) assert.equal((await vitals.get(url)).status, 403);
  });

  it('ELATION 9, 10: several names open what each of them opens, and names mix with SMART scopes', async () => {
    const mixed = await client('system/vitals.read system/histories.read system/reports.read');
    assert.deepEqual((await mixed.ids('Observation')).sort(), ['both', 'history', 'lab', 'vital', 'vital-of-lab']);
    assert.deepEqual(await mixed.ids('DocumentReference'), ['report']);
    const documents = await client('system/letters.read system/ccda.read system/visit_notes.read');
    assert.deepEqual((await documents.ids('DocumentReference')).sort(), ['ccda', 'letter', 'note']);
    assert.deepEqual(await documents.ids('Encounter'), ['visit']);
    assert.equal((await documents.get('Observation')).status, 403);
    const smart = await client('system/vitals.read system/Observation.rs?category=imaging');
    assert.deepEqual((await smart.ids('Observation')).sort(), ['both', 'imaging', 'vital', 'vital-of-lab']);
    const whole = await client('system/vitals.read system/Observation.r');
    assert.equal((await whole.get('Observation/lab')).status, 200);
    assert.deepEqual((await whole.ids('Observation')).sort(), vitalSigns, 'r is not s');
  });

  it('ELATION 9, THREAT 38: a name opens rows of the organization alone', async () => {
    const theirs = await Client.login(
      server.url,
      await server.credential({ tenant: OTHER_TENANT, scopeCeiling: 'apiv2' }),
      'system/vitals.read',
    );
    assert.deepEqual((await theirs.ids('Observation')).sort(), ['gone-vital', 'vital']);
    assert.equal((await theirs.get('Observation/vital')).body.subject.reference, 'Patient/b');
    assert.equal((await theirs.get('Observation/vital-of-lab')).status, 404);
    assert.deepEqual(server.alarms, []);
  });

  it('ELATION 9, THREAT 37: a name on a pinned credential opens rows of its patient alone', async () => {
    const pinned = await Client.login(
      server.url,
      await server.credential({ patient: 'b', scopeCeiling: 'apiv2' }),
      'system/vitals.read',
    );
    assert.deepEqual(await pinned.ids('Observation'), []);
    for (const path of ['Observation/vital', 'Observation/gone-vital', 'Observation/gone-vital/_history/1'])
      assert.equal((await pinned.get(path)).status, 404, path);
  });
});

describe('attacks/native-scopes: lifetime', () => {
  it('ELATION 11: a token is dead after 36,000 seconds, and there is none to refresh it with', async () => {
    let now = Date.now();
    const server = await start({ now: () => now });
    try {
      await server.save([patient('a')]);
      const client = await Client.login(server.url, await server.credential({ scopeCeiling: 'apiv2' }));
      assert.equal(client.granted['refresh_token'], undefined);
      assert.equal(client.granted['expires_in'], 36_000);
      now += 35_990_000;
      assert.equal((await client.get('Patient/a')).status, 200);
      now += 10_000;
      assert.equal((await client.get('Patient/a')).status, 401);
    } finally {
      await server.stop();
    }
  });
});
