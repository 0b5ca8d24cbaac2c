import assert from 'node:assert/strict';
import practitioner from '../../fhir/practitioner.js';
import { createRegistry } from '../../src/registry.js';
import { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';

describe('attacks/native-of-all', () => {
  let server: Server;

  before(async () => {
    const { native: _native, ...source } = practitioner.source;
    server = await start({ registry: createRegistry([{ ...practitioner, source, revInclude: [] }]) });
    const row = { organization_id: 'org_one', id: 'dr', version: 1, updated_at: Date.now() };
    const knex = await server.portico.own.knex();
    await knex('practitioner').insert({ ...row, native_resource: 'physicians' });
  });
  after(() => server.stop());

  it('THREAT 42: counts no rows of another native resource with the statement of the right one', async () => {
    const total = async (scope: string): Promise<number> => {
      const { id, secret } = await server.credential({ scopeCeiling: scope });
      const client = await Client.login(server.url, { id, secret }, scope);
      return (await client.get('Practitioner?_summary=count')).body.total as number;
    };
    assert.equal(await total('system/physicians.read'), 1);
    assert.equal(await total('system/contacts.read'), 0);
    assert.equal(await total('system/physicians.read'), 1);
    assert.deepEqual(server.alarms, []);
  });
});
