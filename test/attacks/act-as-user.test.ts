import assert from 'node:assert/strict';
import { createUser, type NewUser } from '../../src/auth/users.js';
import { observation, patient } from '../search/resources.js';
import { Client, type Answer } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

describe('attacks/act-as-user', () => {
  let server: Server;
  let doctor: string;
  let count = 0;

  const user = async (more: Partial<NewUser> = {}): Promise<string> => {
    const each = { tenant: TENANT, name: 'x', canManageKeys: false, password: 'a long password', ...more };
    const email = `user-${String(++count)}@portico.example`;
    const id = await createUser(server.portico.own, { roles: ['clinician'], email, ...each }, Date.now());
    return id!;
  };
  const acting = (who: Client, id: string, path = 'Patient/a'): Promise<Answer> =>
    who.get(path, { headers: { 'x-on-behalf-of': id } });
  const refused = ({ status, body }: Answer, text: string): void => {
    assert.equal(status, 401);
    assert.equal(body.issue[0].details.text, text);
  };
  const unscoped = 'Token does not have act_as_user scope';
  const unknown = 'On-behalf-of user not found or not authorized';
  const change = async (table: string, id: string, values: object): Promise<void> => {
    await (await server.portico.own.knex())(table).where({ id }).update(values);
  };

  before(async () => {
    server = await start();
    await server.save([
      patient('a'),
      observation('a1', { subject: { reference: 'Patient/a' } }),
      { resourceType: 'Practitioner', id: 'doc' },
    ]);
    await server.save([patient('a')], OTHER_TENANT);
    doctor = await user({ fhirUser: 'Practitioner/doc' });
  });
  after(() => server.stop());

  it('ELATION 3: act_as_user alone is granted, and opens nothing', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    const alone = await Client.login(server.url, credential, 'act_as_user');
    assert.equal(alone.granted['scope'], 'act_as_user');
    for (const path of ['Patient/a', 'Patient', 'Patient/a/_history/1', 'Observation?_include=*', 'Binary/x']) {
      assert.equal((await alone.get(path)).status, 403, path);
      assert.equal((await acting(alone, doctor, path)).status, 403, path);
    }
  });

  it('ELATION 3: a user is named by a token with the scope alone, and must be a clinician of the organization', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    const without = await Client.login(server.url, credential, 'apiv2');
    const having = await Client.login(server.url, credential, 'apiv2 act_as_user');
    refused(await acting(without, doctor), unscoped);
    assert.equal((await acting(having, doctor)).status, 200);
    const others = [
      'nobody',
      await user({ roles: ['admin'] }),
      await user({ roles: ['patient'], fhirUser: 'Patient/a' }),
      await user({ tenant: OTHER_TENANT }),
      `${doctor}, ${doctor}`,
      '',
      "' or 1=1--",
    ];
    for (const each of others) refused(await acting(having, each), unknown);
    const gone = await user();
    assert.equal((await acting(having, gone)).status, 200);
    await change('user_account', gone, { disabled_at: Date.now() });
    refused(await acting(having, gone), unknown);
  });

  it('ELATION 3: acting for somebody opens no more than the token does', async () => {
    const credential = await server.credential({ scopeCeiling: 'system/Patient.rs act_as_user' });
    const client = await Client.login(server.url, credential, 'system/Patient.rs act_as_user');
    assert.equal((await acting(client, doctor)).status, 200);
    assert.equal((await acting(client, doctor, 'Observation')).status, 403);
    const pinned = await server.credential({ patient: 'a', scopeCeiling: 'apiv2 act_as_user' });
    const one = await Client.login(server.url, pinned, 'apiv2 act_as_user');
    await server.save([patient('b')]);
    assert.equal((await acting(one, doctor, 'Patient/b')).status, 404);
  });

  it('THREAT 35: the scope taken from the ceiling, or left out of the policy, counts on the next request', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    const client = await Client.login(server.url, credential, 'apiv2 act_as_user');
    assert.equal((await acting(client, doctor)).status, 200);
    await change('credential', credential.id, { scope_ceiling: 'apiv2' });
    refused(await acting(client, doctor), unscoped);
    assert.equal((await client.get('Patient/a')).status, 200);
    await change('credential', credential.id, { scope_ceiling: 'apiv2 act_as_user' });
    assert.equal((await acting(client, doctor)).status, 200);
    await change('org', TENANT, { scope_policy: 'apiv2' });
    refused(await acting(client, doctor), unscoped);
    await change('org', TENANT, { scope_policy: null });
    assert.equal((await acting(client, doctor)).status, 200);
  });

  it('THREAT 81: the trail names the practitioner for whom the service acted', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2 act_as_user' });
    const client = await Client.login(server.url, credential, 'apiv2 act_as_user');
    await acting(client, doctor, 'Observation?patient=a');
    const plain = await user();
    await acting(client, plain, 'Observation/a1');
    await client.get('Patient/a');
    await server.portico.trail.flush();
    const knex = await server.portico.own.knex();
    const rows = (await knex('audit')
      .where({ credential_id: credential.id })
      .whereNot('interaction', 'token')) as any[];
    const agents = Object.fromEntries(rows.map((row) => [row.type as string, row.agent as unknown]));
    assert.equal(rows.length, 3);
    assert.deepEqual(new Set(rows.map(({ agent }) => agent)), new Set(['Practitioner/doc', plain, null]));
    assert.equal(agents['Patient'], null);
  });
});
