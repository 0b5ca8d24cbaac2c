import assert from 'node:assert/strict';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { openPortico } from '../../src/main.js';
import { startOutgoing } from '../../src/outgoing.js';
import { sendTest } from '../../src/webhooks/deliver.js';
import {
  allowHosts,
  createWebhook,
  readWebhook,
  rotateWebhook,
  webhookKey,
  type NewWebhook,
} from '../../src/webhooks/webhook.js';
import { receiver, type Received, type Receiver } from '../support/receiver.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { until } from '../support/until.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const LOOPBACK = { allowLoopback: true };

describe('webhooks', () => {
  let server: Server;
  let token: string;
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const open: Receiver[] = [];

  before(async () => {
    server = await start({ now, env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    token = (await server.credential({ kind: 'org', scopeCeiling: 'apiv2' })).secret;
  });
  after(async () => {
    await Promise.all(open.map((each) => each.close()));
    await server.stop();
  });
  afterEach(async () => {
    const { own } = server.portico;
    await (await own.knex())('webhook').delete();
    await until(async () => (await untold()) === 0);
    await (await own.knex())('job').delete();
  });

  const key = () => webhookKey(server.portico.secret);
  const hook = async (more: Partial<NewWebhook> = {}, outbound = LOOPBACK) => {
    const other = await receiver();
    open.push(other);
    const wanted: NewWebhook = { tenant: TENANT, name: 'test', scheme: 'hmac', url: other.url, events: [], ...more };
    return { other, ...(await createWebhook(server.portico.own, key(), wanted, { outbound, now: now() })) };
  };
  const api = async (path: string, body: object): Promise<any> => {
    const answer = await fetch(`${server.url}/api/v1/patient-channels${path}`, {
      method: 'POST',
      headers: { 'x-api-key': token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, await answer.clone().text());
    return answer.json();
  };
  const rows = (sql: string) => server.portico.own.objects(sql, []);
  const waiting = () => rows(`select * from job where state in ('waiting', 'running')`);
  const untold = async () => (await rows('select sequence from outbox where told_at is null')).length;
  const settled = async () => (await untold()) === 0 && (await waiting()).length === 0;
  const channel = {
    ...{ method_of_arrival: 'ED_PATIENT', patient_type: 'Stroke', first_name: 'Yellow', last_name: 'Canary' },
    identifiers: [
      { name: 'Hospital MRN', category: 'MRN', value: 'mrn-canary' },
      { name: 'Visit canary-csn', category: 'CSN', value: 'canary-csn' },
    ],
  };
  const named = (all: readonly Received[], event: string) => all.filter(({ body }) => body.event === event);
  const observation = (id: string, patient: string) => ({
    ...{ resourceType: 'Observation', id, status: 'final', code: { text: 'x' } },
    subject: { reference: `Patient/${patient}` },
  });
  const idOf = ({ body }: Received) => body.data.observation.id as string;

  const fail = (error: unknown) => assert.fail(String(error));
  const IDENTIFIERS = ['patient_channel.identifier.created', 'patient_channel.identifier.updated'];

  it('PULSARA 6, 7: tells of an identifier once as created, of another value once, of the same value never', async () => {
    const { other } = await hook({ events: IDENTIFIERS });
    const { other: theirs } = await hook({ events: IDENTIFIERS, tenant: OTHER_TENANT });
    const { id } = await api('', channel);
    await until(settled);
    const created = named(other.taken, 'patient_channel.identifier.created');
    assert.equal(other.taken.length, 2);
    assert.deepEqual(created.map(({ body }) => [body.data.patient_channel.id, body.data.identifier.category]).sort(), [
      [id, 'CSN'],
      [id, 'MRN'],
    ]);
    const read = await fetch(`${server.url}/api/v1/patient-channels/${String(id)}`, {
      headers: { 'x-api-key': token },
    });
    const identifiers = (await read.json()).identifiers.map((each: any) => each.id).sort();
    assert.deepEqual(created.map(({ body }) => body.data.identifier.id).sort(), identifiers);

    await api(`/${String(id)}/identifiers`, { name: 'Hospital MRN', category: 'MRN', value: 'mrn-canary' });
    await api(`/${String(id)}/vital-signs`, { at: '2026-03-01T10:00:00Z', pain: 1 });
    await until(settled);
    assert.equal(other.taken.length, 2);
    for (const value of ['mrn-canary-2', 'mrn-canary-3'])
      await api(`/${String(id)}/identifiers`, { name: 'Hospital MRN', category: 'MRN', value }).then(() =>
        until(settled),
      );
    const updated = named(other.taken, 'patient_channel.identifier.updated');
    assert.equal(other.taken.length, 4);
    assert.equal(new Set(updated.map(({ body }) => body.data.identifier.id)).size, 1);
    assert.equal(new Set(other.taken.map(({ body }) => body.id)).size, 4);
    assert.deepEqual(theirs.received, []);
    for (const { text, headers } of other.received) {
      assert.doesNotMatch(text + JSON.stringify(headers), /canary|yellow/i);
      assert.equal(headers['content-type'], 'application/json');
    }
    assert.doesNotMatch(
      JSON.stringify([await rows('select * from job'), await rows('select * from channel_told')]),
      /canary/i,
    );
  });

  it('PULSARA 7: tells of a number of a channel that was there before the webhook as what it is: changed, or not', async () => {
    const { id } = await api('', { ...channel, identifiers: [{ name: 'MRN', category: 'MRN', value: 'before' }] });
    await until(settled);
    const { other } = await hook({ events: IDENTIFIERS });
    await api(`/${String(id)}/identifiers`, { name: 'Visit', category: 'CSN', value: 'v1' });
    await until(settled);
    await api(`/${String(id)}/identifiers`, { name: 'MRN', category: 'MRN', value: 'after' });
    await until(settled);
    assert.deepEqual(
      other.taken.map(({ body }) => `${String(body.event).split('.')[2]} ${String(body.data.identifier.category)}`),
      ['created CSN', 'updated MRN'],
    );
    // A patient who gets a number and a new case in one transaction: the number is new to the case once.
    const fhir = await server.client();
    const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] };
    const patient = { resourceType: 'Patient', id: 'both', name: [{ family: 'Both' }] };
    await server.save([patient]);
    const encounter = {
      resourceType: 'Encounter',
      status: 'in-progress',
      class: { code: 'EMER' },
      subject: { reference: 'Patient/both' },
    };
    const entry = [
      {
        resource: { ...patient, identifier: [{ type, value: 'm1' }] },
        request: { method: 'PUT', url: 'Patient/both' },
      },
      { resource: encounter, request: { method: 'POST', url: 'Encounter' } },
    ];
    const sent = await fhir.send('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
    assert.equal(sent.status, 200, sent.text);
    await until(settled);
    assert.equal(other.taken.length, 3);
  });

  it('tells of channels, documents and observations what was asked for, in order, and of nothing else', async () => {
    const events = ['patient_channel.created', 'patient_channel.stopped', 'document.created', 'observation.created'];
    const { other } = await hook({ events });
    const { id } = await api('', { ...channel, vital_signs: [{ at: '2026-03-01T10:00:00Z', heart_rate: 80 }] });
    const fhir = await server.client();
    const encounter = (await fhir.get(`Encounter/${String(id)}`)).body;
    const period = { ...encounter.period, end: '2026-12-01T12:00:00Z' };
    await fhir.send('PUT', `Encounter/${String(id)}`, { ...encounter, status: 'finished', period });
    const document = {
      ...{ resourceType: 'DocumentReference', status: 'current', subject: encounter.subject },
      content: [{ attachment: { contentType: 'application/pdf', data: Buffer.from('%PDF').toString('base64') } }],
      context: { encounter: [{ reference: `Encounter/${String(id)}` }] },
    };
    const made = await fhir.send('POST', 'DocumentReference', document);
    await until(settled);
    const said = other.taken.map(({ body }) => [body.event, body.data]);
    const patient_channel = { id };
    const observationId = (await fhir.ids(`Observation?encounter=${String(id)}`))[0];
    assert.deepEqual(said, [
      ['patient_channel.created', { patient_channel }],
      ['observation.created', { patient_channel, observation: { id: observationId } }],
      ['patient_channel.stopped', { patient_channel }],
      ['document.created', { patient_channel, document: { id: made.body.id } }],
    ]);
    const sequences = other.taken.map(({ body }) => body.sequence as number);
    assert.deepEqual(
      sequences,
      [...sequences].sort((a, b) => a - b),
    );
  });

  it('signs with a timestamped HMAC or with Ed25519, over the raw bytes; a rotated secret signs beside the new one', async () => {
    const { other, id, secret = '' } = await hook({ events: ['observation.created'] });
    const keyed = await hook({ events: ['observation.created'], scheme: 'ed25519' });
    await server.save([observation('s1', 'p1')]);
    await until(settled);
    const valid = ({ headers, text }: Received, by: string) => {
      const [t = '', ...all] = String(headers['portico-signature']).split(',');
      assert.ok(Math.abs(now() / SECOND - Number(t.slice(2))) < 30);
      const mac = createHmac('sha256', by)
        .update(`${t.slice(2)}.${text}`)
        .digest('hex');
      return all.includes(`v1=${mac}`);
    };
    const [first] = other.taken as [Received];
    assert.ok(valid(first, secret));
    assert.ok(!valid({ ...first, text: first.text.replace('s1', 's2') }, secret));
    assert.ok(!JSON.stringify(await rows('select * from webhook')).includes(secret));
    const [signed] = keyed.other.taken as [Received];
    const publicKey = createPublicKey({ key: Buffer.from(keyed.publicKey!, 'base64'), format: 'der', type: 'spki' });
    const check = (text: string) =>
      verify(null, Buffer.from(text), publicKey, Buffer.from(String(signed.headers['portico-signature']), 'base64'));
    assert.deepEqual([check(signed.text), check(`${signed.text} `)], [true, false]);

    const { own } = server.portico;
    const known = await readWebhook(own, TENANT, id);
    const next = await rotateWebhook(own, key(), known!, now() + HOUR);
    assert.equal(await rotateWebhook(own, key(), known!, now() + HOUR), undefined);
    await server.save([observation('s2', 'p1')]);
    await until(settled);
    assert.deepEqual([valid(other.taken[1]!, secret), valid(other.taken[1]!, next!.secret!)], [true, true]);
    ahead += HOUR + SECOND;
    await server.save([observation('s3', 'p1')]);
    await until(settled);
    assert.deepEqual([valid(other.taken[2]!, secret), valid(other.taken[2]!, next!.secret!)], [false, true]);
  });

  it('keeps the order of a patient while it tries again, and lets other patients pass', async () => {
    const { other } = await hook({ events: ['observation.created'] });
    let fails = true;
    other.answer = (what) => (fails && idOf(what) === 'a1' ? 503 : 200);
    await server.save([observation('a1', 'pa')]);
    await until(() => other.received.length === 1);
    await server.save([observation('a2', 'pa'), observation('b1', 'pb')]);
    await until(() => other.taken.length === 1);
    assert.deepEqual(other.taken.map(idOf), ['b1']);
    fails = false;
    ahead += 6 * SECOND;
    await until(settled);
    assert.deepEqual(other.taken.map(idOf), ['b1', 'a1', 'a2']);
    const [one, two] = other.received.filter((each) => idOf(each) === 'a1');
    assert.equal(one!.body.id, two!.body.id);
    assert.deepEqual([one!.headers['portico-attempt'], two!.headers['portico-attempt']], ['1', '2']);
    // Signed anew: what was heard the first time is too old by now.
    assert.notEqual(one!.headers['portico-signature'], two!.headers['portico-signature']);
  });

  it('lets later events of a patient go after ten minutes, with their numbers, and gives one up after 72 hours', async () => {
    const { other } = await hook({ events: ['observation.created'] });
    other.answer = (what) => (idOf(what) === 'c1' ? 500 : 200);
    await server.save([observation('c1', 'pc')]);
    await until(() => other.received.length === 1);
    await server.save([observation('c2', 'pc')]);
    await until(async () => (await untold()) === 0);
    ahead += 9 * MINUTE;
    await until(() => other.received.length === 2);
    assert.equal(other.taken.length, 0);
    ahead += 2 * MINUTE;
    await until(() => other.taken.length === 1);
    assert.deepEqual(other.taken.map(idOf), ['c2']);
    assert.ok(other.received[0]!.body.sequence < other.taken[0]!.body.sequence);
    ahead += 70 * HOUR;
    const attempts = other.received.length;
    await until(() => other.received.length > attempts);
    assert.equal((await rows(`select state from job where state = 'dead'`)).length, 0);
    ahead += 3 * HOUR;
    await until(async () => (await rows(`select state from job where state = 'dead'`)).length === 1);
    const [dead] = await rows(`select reason from job where state = 'dead'`);
    assert.equal(dead!['reason'], 'http-500');
  });

  it('THREAT 20, 21: follows no redirect, and reads nothing of an answer but its status', async () => {
    const { other: inner } = await hook({ events: ['document.deleted'] });
    const { other } = await hook({ events: ['observation.created'] });
    const shapes = ['redirect', 'bomb', 'gone'];
    other.answer = (what) => {
      const shape = shapes[Number(idOf(what).slice(1)) - 1];
      if (shape === 'redirect') return (response) => void response.writeHead(307, { Location: inner.url }).end();
      if (shape === 'gone') return 410;
      return (response) => {
        response.writeHead(200);
        const write = (): unknown => (response.write(Buffer.alloc(65_536)) ? setImmediate(write) : undefined);
        write();
      };
    };
    await server.save(shapes.map((_, index) => observation(`d${String(index + 1)}`, `pd${String(index)}`)));
    const reason = async () =>
      (await rows('select id, state, reason from job order by sequence')).map((r) => [r['state'], r['reason']]);
    await until(async () => (await reason()).filter(([state, why]) => state === 'done' || why !== null).length === 3);
    assert.deepEqual((await reason()).map(String).sort(), ['dead,http-410', 'done,', 'waiting,it-redirects']);
    assert.deepEqual(inner.received, []);
  });

  it('THREAT 20: no destination that only this machine can reach, when it is saved and when it is sent to', async () => {
    const closed = { allowLoopback: false };
    const urls = [
      'http://hooks.example/',
      'https://127.0.0.1/',
      'https://10.0.0.1/',
      'https://[::1]/',
      'https://u:p@hooks.example/',
    ];
    for (const url of urls)
      await assert.rejects(hook({ url, events: ['document.created'] }, closed), /The URL is not allowed/);
    const { own } = server.portico;
    // A name may be saved, and lead to this machine when it is sent to.
    const { id } = await hook({ url: 'https://localhost:9/', events: ['document.created'] }, closed);
    const named = await readWebhook(own, TENANT, id);
    const tested = await sendTest(named!, { own, key: key(), now, outbound: closed });
    assert.deepEqual(tested, { ok: false, said: 'its address is not public' });

    const { other } = await hook({ events: ['observation.created'] });
    await allowHosts(own, TENANT, ['allowed.example']);
    await assert.rejects(
      hook({ url: 'https://other.example/', events: ['document.created'] }, closed),
      /organization allows/,
    );
    await server.save([observation('e1', 'pe')]);
    const reason = async () => (await rows('select reason from job'))[0]?.['reason'];
    await until(async () => (await reason()) === 'its-host-is-not-one-that-the-organization-allows');
    assert.deepEqual(other.received, []);
    await allowHosts(own, TENANT, undefined);
  });

  it('tells of each change once, whatever processes go through the outbox at the same time', async () => {
    const { other } = await hook({ events: ['observation.created', 'patient_channel.identifier.created'] });
    const second = await openPortico(server.portico.config, { registry: server.portico.registry, now });
    // SQLite in memory is one process's alone.
    const beside = server.portico.config.databaseUrl.includes(':memory:') ? server.portico : second;
    const outgoing = [1, 2].map(() => startOutgoing({ ...beside, outbound: LOOPBACK, onError: fail }));
    const many = Array.from({ length: 60 }, (_, index) => observation(`f${String(index)}`, `pf${String(index % 5)}`));
    await Promise.all([server.save(many.slice(0, 30)), server.save(many.slice(30)), api('', channel)]);
    await until(settled, 30_000);
    assert.equal(other.received.length, 62);
    assert.equal(new Set(other.received.map(({ body }) => body.id)).size, 62);
    await Promise.all(outgoing.map((each) => each.stop()));
    await second.close();
  });
});
