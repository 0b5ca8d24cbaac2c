import assert from 'node:assert/strict';
import { updateOrg, listOrgs } from '../../src/auth/orgs.js';
import { plans } from '../../src/limits/rules.js';
import { Traffic } from '../../src/limits/traffic.js';
import { openDatabase } from '../../src/store/database.js';
import type { Answer, Client } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server, type StartOptions } from '../support/server.js';
import { itOn } from '../support/only.js';

const unexpected = (error: unknown): void => assert.fail(String(error));

describe('limits/traffic', () => {
  let server: Server;
  const begin = async (plan: NonNullable<StartOptions['plan']>, now?: () => number): Promise<void> => {
    server = await start({ plan, ...(now && { now }) });
  };
  afterEach(() => server.stop());

  const statuses = async (client: Client, count: number): Promise<number[]> => {
    const answers: Promise<Answer>[] = [];
    for (let index = 0; index < count; index++) answers.push(client.get('Patient/none'));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  const refused = (all: readonly number[]): number => all.filter((status) => status === 429).length;

  it('VITALEDGE 6: lets 1,000 requests a minute through and says of each how many are left', async () => {
    assert.deepEqual(plans, {
      standard: { perMinute: 1000, burst: 100 },
      enterprise: { perMinute: 10_000, burst: 1000 },
    });
    await begin({ plan: 'custom', perMinute: 1000, burst: 10_000 });
    const client = await server.client();
    const first = await client.get('Patient/none');
    assert.equal(first.headers.get('ratelimit-limit'), '1000');
    assert.equal(first.headers.get('ratelimit-remaining'), '999');
    assert.equal(first.headers.get('ratelimit-policy'), '1000;w=60, 10000;w=1');
    assert.match(first.headers.get('ratelimit-reset') ?? '', /^(60|59)$/);
    for (let batch = 0; batch < 9; batch++) assert.equal(refused(await statuses(client, 111)), 0);
    const last = await client.get('Patient/none');
    assert.equal(last.status, 429);
    assert.equal(last.body.issue[0].code, 'throttled');
    assert.equal(last.body.issue[0].details.coding[0].code, 'throttled');
    assert.equal(last.headers.get('ratelimit-remaining'), '0');
    const wait = Number(last.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 60, String(wait));
    // It is the organization's limit: another one is served.
    assert.equal((await (await server.client(undefined, OTHER_TENANT)).get('Patient/none')).status, 404);
  });

  it('VITALEDGE 6: refuses what is more than a burst within one second, and serves the next second', async () => {
    await begin({ plan: 'custom', perMinute: 10_000, burst: 20 });
    const client = await server.client();
    const all = await statuses(client, 60);
    assert.ok(refused(all) >= 1, 'one too many');
    assert.ok(refused(all) <= 40, 'a burst is served');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal((await client.get('Patient/none')).status, 404);
  });

  it('counts an organization, not an address or an app: all its apps together have one limit', async () => {
    await begin({ plan: 'custom', perMinute: 20, burst: 1000 });
    const clients = await Promise.all([server.client(), server.client()]);
    for (const client of clients) assert.equal(refused(await statuses(client, 10)), 0);
    assert.equal((await clients[0].get('Patient/none')).status, 429);
  });

  it('lets no app starve the others of its organization', async () => {
    await begin({ plan: 'custom', perMinute: 20, burst: 1000 });
    const greedy = await server.client();
    const quiet = await server.client();
    assert.equal(refused(await statuses(quiet, 1)), 0);
    // 16 are four fifths of 20; what was refused is not taken from the others.
    assert.equal(refused(await statuses(greedy, 50)), 34);
    assert.equal(refused(await statuses(quiet, 3)), 0);
  });

  it('gives each key of a patient a share of its own, all of them together half, and tells each what is its own', async () => {
    await begin({ plan: 'custom', perMinute: 40, burst: 1000 });
    await server.save([{ resourceType: 'Patient', id: 'a' }]);
    const [greedy, ...others] = await Promise.all(Array.from({ length: 8 }, () => server.portal('a')));
    const first = await greedy!.get('Patient/none');
    assert.equal(first.headers.get('ratelimit-policy'), '4;w=60, 250;w=1');
    assert.equal(first.headers.get('ratelimit-limit'), '4');
    assert.equal(first.headers.get('ratelimit-remaining'), '3');
    assert.equal(refused(await statuses(greedy!, 30)), 27);
    const served: number[] = [];
    for (const other of others) served.push(4 - refused(await statuses(other, 4)));
    assert.deepEqual(served, [4, 4, 4, 4, 0, 0, 0], 'twenty of forty are for all keys');
    // What they may not have is the organization's own.
    assert.equal(refused(await statuses(await server.client(), 20)), 0);
  });

  itOn('postgres', 'counts the keys of patients together over several processes', async () => {
    await begin({ plan: 'custom', perMinute: 40, burst: 1000 });
    const other = await openDatabase(server.portico.config.databaseUrl);
    const elsewhere = new Traffic(other, Date.now, unexpected);
    const here = new Traffic(server.portico.own, Date.now, unexpected);
    for (const each of [elsewhere, here]) await each.start();
    const count = async (traffic: Traffic, credential: string): Promise<boolean> =>
      (await traffic.count({ tenant: TENANT, credential, kind: 'portal' })).refused === undefined;
    try {
      for (let key = 0; key < 5; key++)
        for (let index = 0; index < 4; index++) assert.ok(await count(elsewhere, `key-${String(key)}`));
      await new Promise((resolve) => setTimeout(resolve, 2500));
      assert.equal(await count(here, 'key-0'), false, 'its own share is used up');
      assert.equal(await count(here, 'key-9'), false, 'that of all keys is, too');
      const client = { tenant: TENANT, credential: 'client', kind: 'client' };
      for (let index = 0; index < 20; index++) assert.equal((await here.count(client)).refused, undefined);
    } finally {
      for (const each of [elsewhere, here]) await each.stop();
      await other.close();
    }
  });

  it('serves whoever may ask at all once, however small its share is', async () => {
    await begin({ plan: 'custom', perMinute: 2, burst: 1 });
    await server.save([{ resourceType: 'Patient', id: 'a' }]);
    const [key, client] = [await server.portal('a'), await server.client()];
    assert.equal((await key.get('Patient/none')).status, 404);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    assert.equal((await client.get('Patient/none')).status, 404);
  });

  it('does not count what nobody known asks for, and gives an app that is alone everything', async () => {
    await begin({ plan: 'custom', perMinute: 20, burst: 1000 });
    const client = await server.client();
    for (let index = 0; index < 30; index++) await client.get('Patient/none', { anonymous: true });
    assert.equal(refused(await statuses(client, 20)), 0);
    assert.equal(refused(await statuses(client, 1)), 1);
  });

  it('notices a changed plan within seconds', async () => {
    let ahead = 0;
    await begin({ plan: 'custom', perMinute: 1, burst: 1000 }, () => Date.now() + ahead);
    const client = await server.client();
    assert.deepEqual((await statuses(client, 2)).sort(), [404, 429]);
    const org = (await listOrgs(server.portico.own)).find(({ id }) => id === TENANT)!;
    await updateOrg(server.portico.own, { ...org, plan: 'enterprise', perMinute: undefined, burst: undefined });
    ahead = 10_001;
    const answer = await client.get('Patient/none');
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get('ratelimit-limit'), '10000');
  });

  itOn('postgres', 'keeps one limit for several processes on one database', async () => {
    await begin({ plan: 'custom', perMinute: 20, burst: 1000 });
    const client = await server.client();
    const other = await openDatabase(server.portico.config.databaseUrl);
    const elsewhere = new Traffic(other, Date.now, unexpected);
    await elsewhere.start();
    try {
      const sender = { tenant: TENANT, credential: 'another', kind: 'client' };
      for (let index = 0; index < 12; index++) assert.equal((await elsewhere.count(sender)).refused, undefined);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      assert.equal(refused(await statuses(client, 12)), 4);
    } finally {
      await elsewhere.stop();
      await other.close();
    }
  });

  it('takes some microseconds a request', async () => {
    await begin({ plan: 'custom', perMinute: 100_000_000, burst: 10_000_000 });
    const traffic = new Traffic(server.portico.own, Date.now, unexpected);
    const sender = { tenant: TENANT, credential: 'one', kind: 'client' };
    const round = async (): Promise<number> => {
      const began = performance.now();
      for (let index = 0; index < 20_000; index++) await traffic.count(sender);
      return ((performance.now() - began) * 1000) / 20_000;
    };
    const rounds = [await round(), await round(), await round()];
    assert.ok(Math.min(...rounds) < 25, rounds.join(' '));
  });
});
