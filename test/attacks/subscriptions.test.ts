import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { receiver, type Receiver } from '../support/receiver.js';
import { start, TENANT, type Server } from '../support/server.js';
import { until } from '../support/until.js';

describe('attacks/subscriptions', () => {
  let server: Server;
  let client: Client;
  let other: Receiver;
  let thief: Receiver;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    client = await server.client();
    [other, thief] = [await receiver(), await receiver()];
  });
  after(async () => {
    await server.stop();
    await Promise.all([other.close(), thief.close()]);
  });

  const subscription = (header?: string[]) => ({
    ...{ resourceType: 'Subscription', status: 'requested', reason: 'test', criteria: 'Observation?code=x' },
    channel: { type: 'rest-hook', endpoint: other.url, ...(header && { header }) },
  });
  const read = async (id: string): Promise<any> => (await client.get(`Subscription/${id}`)).body;

  it('THREAT 20, 54: headers that are kept go to no other endpoint, whoever changes it', async () => {
    const made = await client.send(
      'POST',
      'Subscription',
      subscription(['Authorization: Bearer receiver-canary', 'X-Tenant: a']),
    );
    const { id } = made.body;
    await until(async () => (await read(id as string)).status === 'active');
    const whole = await read(id as string);
    const moved = { ...whole, channel: { ...whole.channel, endpoint: thief.url } };
    const patch = [{ op: 'replace', path: '/channel/endpoint', value: thief.url }];
    const path = `Subscription/${String(id)}`;
    for (const by of [client, await server.client()]) {
      assert.equal((await by.send('PUT', path, moved)).status, 422);
      const type = { 'content-type': 'application/json-patch+json' };
      assert.equal((await by.send('PATCH', path, JSON.stringify(patch), type)).status, 422);
      assert.equal((await by.send('PUT', path, { ...whole, reason: 'another' })).status, 200);
    }
    const bare = { ...moved, channel: { ...moved.channel, header: ['X-Tenant: b'] } };
    assert.equal((await client.send('PUT', path, bare)).status, 200);
    await until(() => thief.received.length > 0);
    assert.deepEqual(
      thief.received.map(({ headers }) => [headers.authorization, headers['x-tenant']]),
      [[undefined, 'b']],
    );
  });

  it('THREAT 73: an organization has a hundred of them, since each is asked about every change', async () => {
    const knex = await server.portico.own.knex();
    const row = { organization_id: TENANT, credential_id: 'x', scopes: '', live: false, last_sent_at: 0, events: 0 };
    await knex('subscription_state').insert(Array.from({ length: 99 }, (_, index) => ({ ...row, id: `s${index}` })));
    const refused = await client.send('POST', 'Subscription', subscription());
    assert.deepEqual([refused.status, /100 subscriptions/.test(refused.text)], [422, true]);
    await knex('subscription_state').where('id', 's0').delete();
    assert.equal((await client.send('POST', 'Subscription', subscription())).status, 201);
  });
});
