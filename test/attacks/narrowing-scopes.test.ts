import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { coded, observation } from '../search/resources.js';
import { Client, requestToken } from '../support/client.js';
import { basic, post } from '../support/oauth.js';
import { remove } from '../support/remove.js';
import { TENANT, type Server } from '../support/server.js';
import { startRecords, to } from './records.js';

const CATEGORIES = 'http://terminology.hl7.org/CodeSystem/observation-category';

describe('attacks/narrowing: scopes and credentials', () => {
  let server: Server;

  const update = async (table: string, id: string, values: object): Promise<void> => {
    await (await server.portico.own.knex())(table).where({ id }).update(values);
  };

  before(async () => {
    server = await startRecords();
  });
  after(() => server.stop());

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
    assert.deepEqual(await answers('Patient/a'), [200, 200, 200], 'what the ceiling still allows is left of each');
    for (const each of clients) assert.equal((await each.get('Encounter/b-visit')).status, 403);
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
    assert.equal((await client.get('Observation/a2')).status, 404);
    assert.deepEqual(await client.ids('Observation'), []);
    await update('credential', credential.id, { scope_ceiling: 'system/Observation.r?category=x' });
    assert.equal((await client.get('Observation/a2')).status, 200);
    assert.equal((await client.get('Observation')).status, 403);
    await update('credential', credential.id, { scope_ceiling: 'system/Observation.rs?category=y' });
    for (const scope of ['system/Observation.rs', wide, 'system/Observation.rs?code=x', 'system/*.rs'])
      assert.equal((await requestToken(server.url, { ...credential, scope })).body.error, 'invalid_scope', scope);
    await remove(server, 'Observation', 'a2');
  });

  it('SMART 3, THREAT 35: a token is what the policy of the organization leaves of it, and says so', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2 system/*.cruds', canIntrospect: true });
    const wide = await Client.login(server.url, credential, 'system/*.rs');
    const shown = async ({ token }: Client): Promise<string> =>
      (await post(`${server.url}/oauth/introspect`, { token }, basic(credential))).body.scope as string;
    await update('org', TENANT, { scope_policy: 'system/Observation.rs act_as_user' });
    assert.equal(await shown(wide), 'system/Observation.rs');
    assert.equal((await wide.get('Observation/a1')).status, 200);
    assert.equal((await wide.get('Patient/a')).status, 403);
    for (const [asked, granted] of [
      ['system/*.rs', 'system/Observation.rs'],
      ['system/*.cruds', 'system/Observation.rs'],
      ['system/Observation.r', 'system/Observation.r'],
      [undefined, 'system/Observation.rs'],
    ] as const) {
      const made = await Client.login(server.url, credential, asked);
      assert.equal(made.granted['scope'], granted);
      assert.equal(await shown(made), granted);
      assert.equal((await made.get('Observation/a1')).status, 200);
      assert.equal((await made.get('Patient/a')).status, 403);
    }
    for (const scope of ['system/Patient.rs', 'system/vitals.read', 'system/Observation.cud'])
      assert.equal((await requestToken(server.url, { ...credential, scope })).body.error, 'invalid_scope', scope);
    await update('org', TENANT, { scope_policy: null });
    assert.equal((await wide.get('Patient/a')).status, 200);
    assert.equal(await shown(wide), 'system/*.rs');
  });

  it('ELATION 9: a policy that names a native resource leaves its rows alone to a scope of the whole type', async () => {
    const vital = { subject: to('Patient/a'), category: [coded(CATEGORIES, 'vital-signs')] };
    await server.save([observation('vital', vital), observation('lab', { subject: to('Patient/a') })]);
    const client = await server.client('system/Observation.rs');
    const token = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    assert.ok((await client.ids('Observation')).includes('lab'));
    await update('org', TENANT, { scope_policy: 'system/vitals.read' });
    assert.deepEqual(await client.ids('Observation'), ['vital']);
    assert.equal((await client.get('Observation/lab')).status, 404);
    assert.equal((await requestToken(server.url, token)).body.scope, 'system/vitals.read');
    await update('org', TENANT, { scope_policy: null });
    for (const id of ['vital', 'lab']) await remove(server, 'Observation', id);
  });

  it('SMART 3: a policy with one query leaves to a scope with another what both find', async () => {
    const made = (id: string, category: string, code: string) =>
      observation(id, {
        subject: to('Patient/a'),
        category: [coded('urn:oid:9', category)],
        code: coded('urn:oid:9', code),
      });
    await server.save([made('both', 'y', 'x'), made('category', 'y', 'z'), made('code', 'z', 'x')]);
    const client = await server.client('system/Observation.rs?category=urn:oid:9|y');
    assert.deepEqual((await client.ids('Observation')).sort(), ['both', 'category']);
    await update('org', TENANT, { scope_policy: 'system/Observation.rs?code=urn:oid:9|x' });
    assert.deepEqual(await client.ids('Observation'), ['both']);
    for (const id of ['category', 'code']) assert.equal((await client.get(`Observation/${id}`)).status, 404, id);
    await update('org', TENANT, { scope_policy: null });
    for (const id of ['both', 'category', 'code']) await remove(server, 'Observation', id);
  });

  it('THREAT 11, 37: a pin that changes takes the tokens of the old one along', async () => {
    const credential = await server.credential({ patient: 'a', scopeCeiling: 'apiv2' });
    const client = await Client.login(server.url, credential);
    assert.equal((await client.get('Patient/a')).status, 200);
    await update('credential', credential.id, { patient: 'b' });
    for (const path of ['Patient/a', 'Patient/b', 'Patient']) assert.equal((await client.get(path)).status, 401, path);
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
    assert.deepEqual(rows.map((row) => `${String(row.interaction)} ${String(row.status)}`).sort(), [
      'read 401',
      'search-type 200',
      'token 200',
      'token 401',
    ]);
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
