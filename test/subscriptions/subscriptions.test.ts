import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { validate } from '../../src/validate/structure.js';
import { Client } from '../support/client.js';
import { receiver, type Received, type Receiver } from '../support/receiver.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { until } from '../support/until.js';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';
const CEILING = 'system/*.cruds system/Subscription.cruds';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const [SECOND, HOUR] = [1000, 3_600_000];

const observation = (id: string, patient: string, category = 'vital-signs') => ({
  ...{ resourceType: 'Observation', id, status: 'final', code: { text: 'Canary' } },
  category: [{ coding: [{ system: CATEGORY, code: category }] }],
  subject: { reference: `Patient/${patient}` },
});

/** What a Parameters resource says, by name. */
const said = (parameters: any): any =>
  Object.fromEntries(
    parameters.parameter.map(({ name, part, ...value }: any) => [
      name,
      part ? said({ parameter: part }) : Object.values(value)[0],
    ]),
  );
const statusOf = ({ body }: Received) => said(body.entry[0].resource);

describe('subscriptions', () => {
  let server: Server;
  let client: Client;
  let other: Receiver;
  let ahead = 0;
  const now = () => Date.now() + ahead;

  before(async () => {
    server = await start({ now, mostCharacters: 1_000_000, env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    client = await subscriber(CEILING);
  });
  beforeEach(async () => {
    other = await receiver();
  });
  afterEach(async () => {
    const { own } = server.portico;
    for (const table of ['subscription_state', 'job']) await (await own.knex())(table).delete();
    await other.close();
  });
  after(() => server.stop());

  async function subscriber(scopeCeiling: string, scope?: string, tenant = TENANT) {
    const made = await server.credential({ scopeCeiling, tenant });
    return Object.assign(await Client.login(server.url, made, scope), { id: made.id });
  }
  const topic = (type = 'observation') => `${server.base}/SubscriptionTopic/${type}`;
  const ofTopic = (content: string, more: { filter?: string; type?: string; channel?: object; end?: string } = {}) => ({
    ...{ resourceType: 'Subscription', status: 'requested', reason: 'test', criteria: topic(more.type) },
    ...(more.end !== undefined && { end: more.end }),
    ...(more.filter !== undefined && {
      _criteria: { extension: [{ url: `${BACKPORT}backport-filter-criteria`, valueString: more.filter }] },
    }),
    channel: {
      ...{ type: 'rest-hook', endpoint: other.url, payload: 'application/fhir+json' },
      _payload: { extension: [{ url: `${BACKPORT}backport-payload-content`, valueCode: content }] },
      ...more.channel,
    },
  });
  const criteria = (search: string, payload?: string) => ({
    ...{ resourceType: 'Subscription', status: 'requested', reason: 'test', criteria: search },
    channel: { type: 'rest-hook', endpoint: other.url, ...(payload !== undefined && { payload }) },
  });
  const subscribe = async (body: object, by: Client = client): Promise<string> => {
    const { status, body: made, text } = await by.send('POST', 'Subscription', body);
    assert.equal(status, 201, text);
    await until(async () => (await read(made.id)).status === 'active');
    return made.id as string;
  };
  const read = async (id: string): Promise<any> => (await client.get(`Subscription/${id}`)).body;
  const rows = (sql: string) => server.portico.own.objects(sql, []);
  const settled = async () =>
    (await rows('select sequence from outbox where told_at is null')).length === 0 &&
    (await rows(`select id from job where queue = 'subscription' and state in ('waiting', 'running')`)).length === 0;
  const saved = async (...resources: object[]) => {
    await server.save(resources);
    await until(settled);
  };
  const events = () => other.received.filter((each) => each.body && statusOf(each).type === 'event-notification');
  const valid = (bundle: any) => {
    const errors = validate(bundle).filter(({ severity }) => severity === 'error');
    assert.deepEqual(errors, [], JSON.stringify(bundle));
  };

  it('is requested until its endpoint has taken the handshake; its headers are sent, sealed and never shown', async () => {
    other.answer = () => 503;
    const header = ['Authorization: Bearer receiver-canary', 'X-Tenant: a'];
    const made = await client.send('POST', 'Subscription', ofTopic('id-only', { channel: { header } }));
    assert.equal(made.status, 201);
    assert.equal(made.body.status, 'requested');
    assert.deepEqual(made.body.channel.header, ['Authorization: ***', 'X-Tenant: ***']);
    await until(() => other.received.length === 1);
    assert.equal((await read(made.body.id)).status, 'requested');
    other.answer = () => 200;
    ahead += 3 * SECOND;
    await until(async () => (await read(made.body.id)).status === 'active');
    const [handshake] = other.taken as [Received];
    assert.deepEqual([handshake.headers.authorization, handshake.headers['x-tenant']], ['Bearer receiver-canary', 'a']);
    assert.equal(handshake.headers['content-type'], 'application/fhir+json');
    valid(handshake.body);
    assert.equal(handshake.body.type, 'history');
    assert.deepEqual(handshake.body.meta.profile, [`${BACKPORT}backport-subscription-notification-r4`]);
    assert.deepEqual(handshake.body.entry[0].resource.meta.profile, [`${BACKPORT}backport-subscription-status-r4`]);
    const { subscription, ...status } = statusOf(handshake);
    assert.equal(subscription.reference, `${server.base}/Subscription/${String(made.body.id)}`);
    assert.deepEqual(status, {
      ...{ topic: topic(), status: 'requested', type: 'handshake' },
      'events-since-subscription-start': '0',
    });
    const everything = [
      await client.get(`Subscription/${String(made.body.id)}/_history`),
      await client.get('Subscription'),
    ];
    assert.doesNotMatch(everything.map(({ text }) => text).join(''), /canary/);
    assert.doesNotMatch(
      JSON.stringify([await rows('select * from subscription_state'), await rows('select * from job')]),
      /canary/,
    );
    // Who changes what they have read keeps the header, and the subscription goes on.
    const { body } = await client.get(`Subscription/${String(made.body.id)}`);
    const kept = await client.send('PUT', `Subscription/${String(made.body.id)}`, { ...body, reason: 'other' });
    assert.equal(kept.body.status, 'active', kept.text);
    await saved(observation('h1', 'ph'));
    assert.equal(events()[0]?.headers.authorization, 'Bearer receiver-canary');
  });

  it('sends what its content says: nothing, ids, or the resource; its events are numbered', async () => {
    const [empty, ids, whole] = [await receiver(), await receiver(), await receiver()];
    for (const [content, { url: endpoint }] of [
      ['empty', empty],
      ['id-only', ids],
      ['full-resource', whole],
    ] as const)
      await subscribe(ofTopic(content, { filter: 'Observation?category=vital-signs', channel: { endpoint } }));
    await saved(observation('n1', 'pn'), observation('lab', 'pn', 'laboratory'));
    await saved(observation('n2', 'pn'));
    await saved({ ...observation('n1', 'pn'), status: 'amended' });
    // A deletion is no event: not of a topic, and not of criteria.
    assert.equal((await client.remove('Observation/n2')).status, 204);
    await until(settled);
    const told = (each: Receiver) => each.taken.slice(1);
    for (const each of [empty, ids, whole]) {
      const numbers = told(each).map((one) => {
        const { 'events-since-subscription-start': sinceStart, 'notification-event': event } = statusOf(one);
        return [sinceStart, event['event-number']];
      });
      assert.deepEqual(numbers, [
        ['1', '1'],
        ['2', '2'],
        ['3', '3'],
      ]);
      for (const { body } of told(each)) valid(body);
    }
    assert.doesNotMatch(
      told(empty)
        .map(({ text }) => text)
        .join(''),
      /n1|n2|Canary|Patient|observation/,
    );
    for (const each of [ids, whole]) for (const one of told(each)) assert.equal(statusOf(one).topic, topic());
    assert.ok(told(empty).every(({ body }) => body.entry.length === 1));
    assert.doesNotMatch(
      told(ids)
        .map(({ text }) => text)
        .join(''),
      /Canary|Patient/,
    );
    const entries = told(ids).map(({ body }) => body.entry[1]);
    assert.deepEqual(
      entries.map(({ fullUrl, request, resource }) => [fullUrl, request.method, resource]),
      [
        [`${server.base}/Observation/n1`, 'POST', undefined],
        [`${server.base}/Observation/n2`, 'POST', undefined],
        [`${server.base}/Observation/n1`, 'PUT', undefined],
      ],
    );
    assert.equal(statusOf(told(ids)[0]!)['notification-event'].focus.reference, `${server.base}/Observation/n1`);
    assert.deepEqual(
      told(whole).map(({ body }) => body.entry[1].resource.status),
      ['final', 'final', 'amended'],
    );
    await Promise.all([empty, ids, whole].map((each) => each.close()));
  });

  it('takes criteria of R4: an empty call, or the resource put to where a FHIR server would have it', async () => {
    await subscribe(criteria('Observation?category=laboratory'));
    await subscribe(criteria('Observation?category=laboratory', 'application/fhir+json'));
    const methods: string[] = [];
    other.answer = ({ text }) => (methods.push(text === '' ? 'call' : JSON.parse(text).id), 200);
    await saved(observation('v1', 'pr'), observation('r1', 'pr', 'laboratory'));
    assert.deepEqual(methods.sort(), ['call', 'r1']);
    assert.equal(other.received.at(-1)!.headers['content-type'] ?? 'application/fhir+json', 'application/fhir+json');
  });

  it('THREAT 54: tells what the subscriber may see when it is told, and nothing else', async () => {
    const vitals = `system/Observation.rs?category=${CATEGORY}|vital-signs`;
    const narrow = await subscriber(`${vitals} system/Subscription.cruds`);
    // Granted less than its ceiling: it is told no more than the token could read.
    const granted = await subscriber(CEILING, `${vitals} system/Subscription.cruds`);
    const foreign = await subscriber(CEILING, undefined, OTHER_TENANT);
    for (const by of [narrow, granted]) await subscribe(ofTopic('full-resource'), by);
    const theirs = await foreign.send('POST', 'Subscription', ofTopic('full-resource'));
    await until(async () => (await foreign.get(`Subscription/${String(theirs.body.id)}`)).body.status === 'active');
    await saved(observation('t1', 'pt', 'laboratory'), observation('t2', 'pt'));
    assert.deepEqual(
      events().map(({ body }) => body.entry[1].resource.id),
      ['t2', 't2'],
    );
    // What waits is asked anew: the credential is gone, and the resource is another one's.
    other.answer = () => 500;
    await server.save([observation('t3', 'pt')]);
    await until(() => events().length === 4);
    assert.equal(await revokeCredential(server.portico.own, TENANT, narrow.id, now()), true);
    await server.save([observation('t3', 'pt', 'laboratory')]);
    other.answer = () => 200;
    ahead += 10 * SECOND;
    await until(settled);
    assert.equal(events().length, 4);
    const all = (await client.get('Subscription?_count=50')).body.entry.map((each: any) => each.resource);
    const ended = all.filter((each: any) => each.error === 'The credential that it belongs to has ended');
    assert.deepEqual(
      ended.map((each: any) => each.status),
      ['off'],
    );
  });

  it('THREAT 54: belongs to a service, and only a scope that names it opens it', async () => {
    const wide = await server.client('system/*.cruds');
    assert.equal((await wide.send('POST', 'Subscription', ofTopic('empty'))).status, 403);
    assert.equal((await wide.get('Subscription')).status, 403);
    const blind = await subscriber('system/Subscription.cruds system/Encounter.rs');
    assert.equal((await blind.send('POST', 'Subscription', ofTopic('empty'))).status, 403);
    const searching = await subscriber('system/Subscription.cruds system/Observation.s');
    assert.equal((await searching.send('POST', 'Subscription', ofTopic('full-resource'))).status, 403);
    assert.equal((await searching.send('POST', 'Subscription', ofTopic('id-only'))).status, 201);
    const foreign = await subscriber(CEILING, undefined, OTHER_TENANT);
    const id = await subscribe(ofTopic('empty'));
    for (const path of [`Subscription/${id}`, `Subscription/${id}/$status`, `Subscription/${id}/$events`])
      assert.equal((await foreign.get(path)).status, 404, path);
    assert.equal((await foreign.remove(`Subscription/${id}`)).status, 204);
    assert.equal((await read(id)).status, 'active');
  });

  it('refuses what is not offered, and says where it stands', async () => {
    const good = ofTopic('id-only');
    const bad: [object, RegExp][] = [
      [{ ...good, channel: { ...good.channel, type: 'websocket' } }, /Subscription\.channel\.type/],
      [
        {
          ...good,
          channel: {
            ...good.channel,
            _type: {
              extension: [
                { url: `${BACKPORT}backport-channel-type`, valueCoding: { system: 'urn:oid:2.999', code: 'pager' } },
              ],
            },
          },
        },
        /Subscription\.channel\.type/,
      ],
      [{ ...good, channel: { ...good.channel, payload: 'application/fhir+xml' } }, /channel\.payload/],
      [ofTopic('everything'), /channel\.payload/],
      [{ ...good, criteria: 'http://topics.example/none' }, /criteria/],
      [criteria('Subscription?status=active'), /criteria/],
      [criteria('Nothing?x=y'), /criteria/],
      [criteria('Observation?nothing=x'), /criteria/],
      [criteria('Observation?_count=5'), /criteria/],
      [ofTopic('empty', { filter: 'Patient?name=x' }), /criteria/],
      [ofTopic('empty', { channel: { endpoint: 'http://10.0.0.1/' } }), /channel\.endpoint/],
      [ofTopic('empty', { channel: { header: ['Host: evil.example'] } }), /channel\.header/],
      [ofTopic('empty', { channel: { header: ['Authorization: ***'] } }), /channel\.header/],
      [
        ofTopic('empty', { channel: { extension: [{ url: `${BACKPORT}backport-timeout`, valueUnsignedInt: 61 }] } }),
        /channel/,
      ],
    ];
    for (const [body, where] of bad) {
      const { status, body: outcome } = await client.send('POST', 'Subscription', body);
      assert.equal(status, 422, JSON.stringify(body));
      assert.match(outcome.issue[0].expression[0], where);
    }
    // In a transaction and by a patch as well.
    const entry = [{ resource: bad.at(-4)![0], request: { method: 'POST', url: 'Subscription' } }];
    assert.equal((await client.send('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })).status, 422);
    const id = await subscribe(good);
    const patch = [{ op: 'replace', path: '/channel/endpoint', value: 'http://10.0.0.1/' }];
    const headers = { 'content-type': 'application/json-patch+json' };
    assert.equal((await client.send('PATCH', `Subscription/${id}`, patch, headers)).status, 422);
    assert.equal(other.received.length, 1);
  });

  it('goes on in order when its endpoint fails, says that it is in error, and is active again', async () => {
    const id = await subscribe(ofTopic('id-only'));
    other.answer = () => 500;
    for (const each of ['f1', 'f2']) await server.save([observation(each, 'pf')]);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await until(() => events().length === attempt);
      ahead += 40 * SECOND;
    }
    await until(async () => (await read(id)).status === 'error');
    assert.match((await read(id)).error, /does not answer: http 500/);
    other.answer = () => 200;
    ahead += 60 * SECOND;
    await until(settled);
    assert.equal((await read(id)).status, 'active');
    assert.deepEqual(
      other.taken.slice(1).map((each) => statusOf(each)['notification-event'].focus.reference.split('/').at(-1)),
      ['f1', 'f2'],
    );
  });

  it('sends a heartbeat when nothing else was sent, and ends when it says so; one that is off or deleted is told nothing', async () => {
    const extension = [
      { url: `${BACKPORT}backport-heartbeat-period`, valueUnsignedInt: 60 },
      { url: `${BACKPORT}backport-timeout`, valueUnsignedInt: 60 },
    ];
    const end = new Date(now() + HOUR).toISOString();
    const id = await subscribe(ofTopic('empty', { channel: { extension }, end }));
    ahead += 61 * SECOND;
    await until(() => other.taken.length === 2);
    assert.deepEqual([statusOf(other.taken[1]!).type, statusOf(other.taken[1]!).status], ['heartbeat', 'active']);
    await until(settled);
    ahead += HOUR;
    await until(async () => (await read(id)).status === 'off');
    const [second, third] = [await subscribe(ofTopic('empty')), await subscribe(ofTopic('empty'))];
    await client.remove(`Subscription/${second}`);
    await client.send('PUT', `Subscription/${third}`, { ...(await read(third)), status: 'off' });
    const before = other.received.length;
    await saved(observation('e1', 'pe'));
    assert.equal(other.received.length, before);
    assert.deepEqual(await rows(`select id from subscription_state where id = '${second}'`), []);
  });

  it('asks the endpoint again when it is changed', async () => {
    const id = await subscribe(ofTopic('empty'));
    const changed = { ...ofTopic('id-only', { filter: 'Observation?status=final' }), id, status: 'active' };
    const put = await client.send('PUT', `Subscription/${id}`, changed);
    assert.equal(put.body.status, 'requested');
    await until(async () => (await read(id)).status === 'active');
    assert.deepEqual(
      other.taken.map((each) => statusOf(each).type),
      ['handshake', 'handshake'],
    );
  });

  it('says by $status what it is, and by $events what it told: as whoever asks may see it', async () => {
    const id = await subscribe(ofTopic('id-only'));
    for (const each of ['q1', 'q2', 'q3']) await saved(observation(each, 'pq'));
    const status = (await client.get(`Subscription/${id}/$status`)).body;
    assert.deepEqual([status.type, status.total], ['searchset', 1]);
    assert.equal(status.link[0].url, `${server.base}/Subscription/${id}/$status`);
    const { type, 'events-since-subscription-start': count } = said(status.entry[0].resource);
    assert.deepEqual([type, count], ['query-status', '3']);
    const asked = `Subscription/$status?id=${id},none`;
    const several = (await client.get(asked)).body;
    assert.equal(several.total, 1);
    assert.equal((await client.get(several.link[0].url as string)).body.total, 1);
    assert.match(several.link[0].url as string, /\/Subscription\/\$status\?id=/);
    const bundle = async (query: string, by: Client = client) =>
      (await by.get(`Subscription/${id}/$events?${query}`)).body;
    const found = async (query: string, by?: Client) =>
      (await bundle(query, by)).entry.slice(1).map((each: any) => each.fullUrl.split('/').at(-1));
    assert.deepEqual(await found(''), ['q1', 'q2', 'q3']);
    assert.deepEqual(await found('eventsSinceNumber=2'), ['q2', 'q3']);
    assert.deepEqual(await found('eventsSinceNumber=2&eventsUntilNumber=2'), ['q2']);
    const whole = await bundle('content=full-resource&eventsSinceNumber=3');
    assert.equal(whole.entry[1].resource.code.text, 'Canary');
    assert.equal(said(whole.entry[0].resource).type, 'query-event');
    const blind = await subscriber('system/Subscription.rs system/Encounter.rs');
    assert.deepEqual(await found('content=full-resource', blind), []);
    assert.doesNotMatch(JSON.stringify(await bundle('content=full-resource', blind)), /Canary/);
    for (const each of [4, 5, 6])
      await saved({ ...observation('q4', 'pq'), valueInteger: each, note: [{ text: 'x'.repeat(400_000) }] });
    assert.equal((await bundle('content=full-resource')).issue[0].code, 'too-costly', 'THREAT 73');
    assert.deepEqual(await found('content=full-resource&eventsSinceNumber=6'), ['q4']);
    assert.equal((await found('')).length, 6);
    for (const query of ['eventsSinceNumber=x', 'content=all', 'other=1'])
      assert.equal((await client.get(`Subscription/${id}/$events?${query}`)).status, 400);
  });

  it('names its topics and operations in the CapabilityStatement', async () => {
    const { rest } = (await client.get('metadata')).body;
    const stated = rest[0].resource.find((each: any) => each.type === 'Subscription');
    const urls = new Set(stated.extension.map((each: any) => each.url));
    assert.deepEqual([...urls], [`${BACKPORT}capabilitystatement-subscriptiontopic-canonical`]);
    assert.ok(stated.extension.some((each: any) => each.valueCanonical === topic('document-reference')));
    assert.match(stated.documentation, /a deletion is no event/);
    assert.deepEqual(stated.supportedProfile, [`${BACKPORT}backport-subscription`]);
    assert.deepEqual(stated.operation.map((each: any) => each.name).sort(), ['events', 'status', 'validate']);
  });
});
