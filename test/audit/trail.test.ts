import assert from 'node:assert/strict';
import { verify } from '../../src/audit/verify.js';
import { Trail } from '../../src/audit/trail.js';
import { activityOf } from '../../src/audit/activity.js';
import { Client } from '../support/client.js';
import { start, TENANT, type Server } from '../support/server.js';

const observation = (id: string, patient: string): object => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'sample' },
  subject: { reference: `Patient/${patient}` },
});

describe('audit: who asked for what', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([
      { resourceType: 'Patient', id: 'a' },
      { resourceType: 'Patient', id: 'b' },
      observation('of-a', 'a'),
      observation('of-b', 'b'),
    ]);
  });
  after(() => server.stop());

  const events = async (query: string): Promise<any[]> => {
    await server.portico.trail.flush();
    const { body, status, text } = await client.get(`AuditEvent?${query}&_count=200`);
    assert.equal(status, 200, text);
    return (body.entry ?? []).map((each: any) => each.resource);
  };
  const ours = (): string => String(client.granted['client_id'] ?? clientId(client.token));

  it('THREAT 81: a read says who, what, whose, when and what came of it', async () => {
    const before = Date.now();
    await client.get('Observation/of-a');
    const [event] = await events('patient=a');
    assert.equal(event.entity[0].what.reference, 'Observation/of-a');
    assert.equal(event.entity[1].what.reference, 'Patient/a');
    assert.equal(event.agent[0].altId, ours());
    assert.equal(event.outcome, '0');
    assert.equal(event.action, 'R');
    assert.equal(event.subtype[0].code, 'read');
    assert.ok(Date.parse(event.recorded) >= before);
  });

  it('a search is recorded for every patient whose data it showed, and hidden from each of them', async () => {
    await client.get('Observation');
    const [event] = await events('patient=b');
    assert.deepEqual(event.entity.map((each: any) => each.what.reference).sort(), ['Patient/a', 'Patient/b']);
    const pinned = await Client.login(
      server.url,
      await server.credential({ kind: 'client', patient: 'a', scopeCeiling: 'system/AuditEvent.rs' }),
    );
    const { body } = await pinned.get('AuditEvent');
    const shown: any[] = (body.entry ?? []).map((each: any) => each.resource);
    assert.ok(shown.length > 0);
    assert.ok(
      shown.every((each) => !JSON.stringify(each).includes('Patient/b')),
      'nothing of another patient',
    );
  });

  it('refused and fruitless requests are recorded too', async () => {
    const narrow = await server.client('system/Patient.r');
    assert.equal((await narrow.get('Observation/of-a')).status, 403);
    assert.equal((await client.get('Observation/nobody')).status, 404);
    const refusedOf = async (asked: string) =>
      (await events('_sort=-date')).filter(
        ({ entity, outcome }) => entity?.[0]?.what.reference === asked && outcome === '4',
      );
    assert.equal((await refusedOf('Observation/nobody')).length, 1);
    const refused = await refusedOf('Observation/of-a');
    assert.equal(refused.length, 1);
  });

  it('keeps no search value and no text of a client', async () => {
    await client.get('Patient?name=Canaryname');
    await client.get('Patient/canary%20id%20that%20is%20none');
    await server.portico.trail.flush();
    const rows = await server.portico.own.objects('select * from audit', []);
    assert.doesNotMatch(JSON.stringify(rows), /canary/i);
  });

  it('opens by its own scope alone: neither * nor apiv2 is enough', async () => {
    for (const scope of ['system/*.rs', 'system/*.cruds']) {
      const other = await server.client(scope);
      assert.equal((await other.get('AuditEvent')).status, 403, scope);
    }
    const wide = await server.credential({ scopeCeiling: 'apiv2' });
    assert.equal((await (await Client.login(server.url, wide)).get('AuditEvent')).status, 403);
    assert.equal((await client.get('AuditEvent')).status, 200);
  });

  it('THREAT 41: a patient’s own log holds when another patient is who acted, and does not say who', async () => {
    const about = { tenant: TENANT, interaction: 'read', action: 'R', status: 200, type: 'Patient' } as const;
    const { trail } = server.portico;
    for (const [agent, user] of [
      ['Patient/b', 'user-b'],
      ['Patient/a', 'user-a'],
      ['Practitioner/doc', 'user-doc'],
    ] as const)
      await trail.record({ ...about, at: Date.now(), entity: 'Patient/a', agent, user, patients: ['a'] });
    await trail.flush();
    const credential = { kind: 'client', patient: 'a', scopeCeiling: 'system/AuditEvent.rs' } as const;
    const pinned = await Client.login(server.url, await server.credential(credential));
    const { status, body, text } = await pinned.get('AuditEvent?_count=200');
    assert.equal(status, 200, text);
    assert.ok(!text.includes('Patient/b'), 'nothing of another patient');
    const agents = (body.entry as any[]).map(({ resource }) => resource.agent[0]);
    const who = (user: string) => agents.find(({ name }) => name === `user ${user}`)?.who?.reference;
    assert.deepEqual(['user-b', 'user-a', 'user-doc'].map(who), [undefined, 'Patient/a', 'Practitioner/doc']);
    assert.deepEqual(await pinned.ids('AuditEvent?agent=Patient/b'), []);
    assert.deepEqual(server.alarms, []);
  });

  it('finds the events of a credential and a date', async () => {
    const app = await server.portal('a');
    await app.get('Patient/a');
    const found = await events(`altid=${clientId(app.token)}`);
    assert.deepEqual(
      found.map((each) => each.subtype[0].code),
      ['read', 'token'],
    );
    assert.equal((await events(`date=gt${new Date(Date.now() + 60_000).toISOString()}`)).length, 0);
    const [log] = await activityOf(server.portico.own, TENANT, clientId(app.token));
    assert.equal(log?.entity, 'Patient/a');
    assert.equal(log.status, 200);
  });
});

describe('audit: the chain', () => {
  let server: Server;

  before(async () => {
    server = await start();
    const client = await server.client();
    for (let index = 0; index < 5; index++) await client.get(`Patient/p${String(index)}`);
    await server.portico.trail.flush();
  });
  after(() => server.stop());

  const own = () => server.portico.own;
  const faults = async (): Promise<readonly string[]> => (await verify(own(), Date.now())).faults;
  const sql = async (text: string): Promise<unknown> => (await own().knex()).raw(text);

  it('is whole', async () => {
    const { events, faults } = await verify(own(), Date.now());
    assert.ok(events >= 5);
    assert.deepEqual(faults, []);
  });

  it('THREAT 81: names an event that was changed', async () => {
    await sql(`update audit set status = 201 where entity = 'Patient/p2'`);
    assert.match((await faults()).join(), /was changed/);
    await sql(`update audit set status = 404 where entity = 'Patient/p2'`);
    assert.deepEqual(await faults(), []);
  });

  it('THREAT 81: names events that were removed, in the middle and at the end', async () => {
    await sql(`delete from audit where entity = 'Patient/p1'`);
    assert.match((await faults()).join(), /are missing/);
    await sql(`delete from audit where entity in ('Patient/p2', 'Patient/p3', 'Patient/p4')`);
    assert.match((await faults()).join(), /its head is/);
  });

  it('THREAT 81: names a chain that was removed whole', async () => {
    const { db, trail, at } = await quietTrail();
    await trail.flush();
    await sql(`delete from audit_head where at = ${String(at)}`);
    assert.match((await verify(db, at + 120_000)).faults.join(), /have no link/);
  });

  /** A second process on the same database, whose clock is its own. */
  async function quietTrail() {
    const at = Date.now() - 3_600_000;
    const trail = new Trail(own(), () => at);
    const event = { at, tenant: TENANT, interaction: 'test', action: 'E', status: 200, patients: [] } as const;
    await trail.record(event);
    return { db: own(), trail, at, event };
  }

  it('gives the events of a write that its process could not link to the next process', async () => {
    const { trail, event } = await quietTrail();
    const { statements } = await trail.plan({ ...event, entity: 'Patient/orphan' });
    await own().commit({ statements });
    const next = new Trail(own(), Date.now);
    const after = new Trail(own(), Date.now);
    await Promise.all([next.start(), after.start()]);
    await Promise.all([next.stop(), after.stop()]);
    const [row] = await own().objects(`select sequence from audit where entity = 'Patient/orphan'`, []);
    assert.ok(row && row['sequence'] !== null);
  });

  it('ends a flush with the events that waited when it began, however many come meanwhile', async () => {
    const commits: unknown[] = [];
    let more = 50;
    const trail = new Trail(
      Object.create(own(), {
        commit: {
          value: (plan: never) => {
            commits.push(plan);
            if (more-- > 0) void trail.record(sample);
            return own().commit(plan);
          },
        },
      }),
      Date.now,
    );
    const sample = {
      at: Date.now(),
      tenant: TENANT,
      interaction: 'test',
      action: 'E',
      status: 200,
      patients: [],
    } as const;
    await trail.record(sample);
    await trail.flush();
    assert.equal(commits.length, 1);
    await trail.stop();
    assert.equal(commits.length, 51, 'and stopping writes all of them');
  });

  it('writes what came during a flush before the next one answers', async () => {
    const { own } = server.portico;
    const trail = new Trail(own, Date.now);
    const event = (requestId: string) => ({
      ...({ at: Date.now(), tenant: TENANT, interaction: 'read', action: 'R', type: 'Patient', status: 200 } as const),
      ...{ requestId, patients: [] },
    });
    void trail.record(event('during-1'));
    const first = trail.flush();
    void trail.record(event('during-2'));
    await trail.flush();
    const found = await own.objects(`select request_id from audit where request_id like 'during-%'`, []);
    assert.deepEqual(found.map((row) => row['request_id']).sort(), ['during-1', 'during-2']);
    await first;
  });

  it('writes many as soon as they are many, and syncs them by the clock; tries a broken database by the clock alone', async () => {
    const synced: boolean[] = [];
    let broken = false;
    const commit = (plan: { unsynced?: true }): Promise<void> => {
      synced.push(plan.unsynced !== true);
      return broken ? Promise.reject(new Error('disk full')) : own().commit(plan as never);
    };
    const trail = new Trail(Object.create(own(), { commit: { value: commit } }), Date.now);
    const many = async (): Promise<void> => {
      for (let count = 0; count < 260; count++)
        await trail.record({
          ...({ at: Date.now(), tenant: TENANT, interaction: 'test', action: 'E', status: 200, patients: [] } as const),
        });
    };
    await many();
    while (trail.waiting === 260) await new Promise(setImmediate);
    assert.deepEqual([trail.waiting, synced], [10, [false]]);
    await trail.flush();
    assert.deepEqual([trail.waiting, synced], [0, [false, true]]);
    await many();
    while (trail.waiting === 260) await new Promise(setImmediate);
    await trail.stop();
    assert.deepEqual(synced, [false, true, false, true], 'what was written in haste is synced at the end');
    broken = true;
    await many();
    await many();
    await trail.flush();
    assert.equal(synced.length, 6, 'once in haste, once by the clock');
    broken = false;
    await trail.stop();
    assert.equal(trail.waiting, 0);
  });

  it('keeps events that cannot be written, tells the operator, and writes them when it can', async () => {
    const alarms: unknown[] = [];
    let broken = true;
    const db = Object.create(own(), {
      commit: { value: (plan: never) => (broken ? Promise.reject(new Error('disk full')) : own().commit(plan)) },
    });
    const trail = new Trail(db, Date.now, (error) => alarms.push(error));
    await trail.record({
      at: Date.now(),
      tenant: TENANT,
      interaction: 'test',
      action: 'E',
      entity: 'Patient/kept',
      status: 200,
      patients: [],
    });
    await trail.flush();
    assert.equal(alarms.length, 1);
    broken = false;
    await trail.stop();
    assert.equal((await own().objects(`select id from audit where entity = 'Patient/kept'`, [])).length, 1);
  });
});

const clientId = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { client_id: string }).client_id;
