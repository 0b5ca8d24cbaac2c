import assert from 'node:assert/strict';
import { Client } from '../support/client.js';
import { start, TENANT, type Server } from '../support/server.js';
import { person } from '../support/users.js';

const SCOPE = 'system/*.rs act_as_user';

describe('attacks/act-as-user-live', () => {
  let server: Server;

  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  const knex = () => server.portico.own.knex();
  const acting = async (): Promise<{ id: string; status: () => Promise<number> }> => {
    const user = await person(server);
    const credential = await server.credential({ scopeCeiling: SCOPE });
    const client = await Client.login(server.url, credential, SCOPE);
    const headers = { 'x-on-behalf-of': user.id };
    return { id: credential.id, status: async () => (await client.get('Patient', { headers })).status };
  };

  it('THREAT 11: acts for nobody when the ceiling of its credential no longer has act_as_user', async () => {
    const { id, status } = await acting();
    assert.equal(await status(), 200);
    await (await knex())('credential').where({ id }).update({ scope_ceiling: 'system/*.rs' });
    assert.equal(await status(), 401);
  });

  it('THREAT 11: acts for nobody when the policy of its organization leaves act_as_user out', async () => {
    const { status } = await acting();
    const policy = async (text: string | null): Promise<void> => {
      await (await knex())('org').where('id', TENANT).update({ scope_policy: text });
    };
    await policy('system/*.rs');
    assert.equal(await status(), 401);
    await policy(SCOPE);
    assert.equal(await status(), 200);
    await policy(null);
  });
});
