import assert from 'node:assert/strict';
import { enqueue } from '../../src/jobs/job.js';
import { adminPages, loggedIn, shownIn, type Pages } from '../support/pages.js';
import { receiver, type Receiver } from '../support/receiver.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { until } from '../support/until.js';

describe('portal/webhooks', () => {
  let server: Server;
  let other: Receiver;
  let pages: Pages;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    other = await receiver();
    pages = await adminPages(server);
  });
  after(async () => {
    await other.close();
    await server.stop();
  });

  const create = async (typed: [string, string][], by = pages) => {
    await by.get('/manager/webhooks/new');
    return by.send('/manager/webhooks', typed);
  };
  const good = (): [string, string][] => [
    ['name', 'Integration engine'],
    ['url', other.url],
    ['scheme', 'hmac'],
    ['event', 'observation.created'],
  ];
  const idOf = async (by = pages) =>
    /\/manager\/webhooks\/(wh_\w+)/.exec((await by.get('/manager/webhooks')).text)?.[1] ?? '';

  it('is made by an admin who can manage keys, with a secret that is shown once', async () => {
    const keyless = await loggedIn(server, { roles: ['admin'] });
    assert.equal((await create(good(), keyless)).status, 403);
    for (const [name, value, text] of [
      ['url', 'http://10.0.0.1/', /not allowed: its address is not public/],
      ['name', ' ', /A name has/],
      ['event', 'canary', /The events of a webhook are of/],
    ] as const) {
      const typed = good().map((pair) => (pair[0] === name ? ([name, value] as [string, string]) : pair));
      const { status, text: page } = await create(typed);
      assert.equal(status, 400, name);
      assert.match(page, text);
    }
    const made = await create(good());
    const secret = shownIn(made.text, 'secret') ?? '';
    assert.match(secret, /^whsec_[\w-]{43}$/);
    assert.equal(made.headers.get('cache-control'), 'no-store');
    const shown = (await pages.get(`/manager/webhooks/${await idOf()}`)).text;
    assert.ok(shown.includes(other.url) && !shown.includes(secret));
    const again = shownIn((await pages.send(`/manager/webhooks/${await idOf()}/rotate`)).text, 'secret');
    assert.match(again ?? '', /^whsec_/);
    assert.notEqual(again, secret);
    assert.match((await pages.get(`/manager/webhooks/${await idOf()}`)).text, /The secret before signs until/);
  });

  /** Deliveries of this webhook that wait for an hour, and as many of another one. */
  async function later(count: number): Promise<void> {
    const { own, now } = server.portico;
    const event = { id: 'evt_1', event: 'patient_channel.created', created_at: '', sequence: 1, data: {} };
    for (const webhook of [await idOf(), 'wh_other']) {
      const jobs = Array.from({ length: count }, (_, index) => ({
        ...{ queue: 'webhook', id: `${webhook} ${String(index)}`, tenant: TENANT, listedUnder: webhook },
        ...{ payload: { webhook, event }, notBefore: now() + 3_600_000 },
      }));
      await own.commit({ statements: await Promise.all(jobs.map((job) => enqueue(own, job, now()))) });
    }
  }

  it('says what came of a test, and of each delivery, and sends again what was given up', async () => {
    const path = `/manager/webhooks/${await idOf()}`;
    const test = () => pages.send(`${path}/test`);
    await pages.get(path);
    assert.match((await test()).text, /The test was taken: HTTP 204/);
    assert.equal(other.received.at(-1)?.body.event, 'webhook.test');
    // What a receiver answers is nothing that a page shows (THREAT 20).
    other.answer = () => (response) => void response.writeHead(500).end('internal canary');
    const refused = (await test()).text;
    assert.match(refused, /The test was not taken: HTTP 500/);
    assert.doesNotMatch(refused, /canary/);
    other.answer = () => 410;
    await server.save([{ resourceType: 'Observation', id: 'o1', status: 'final', code: { text: 'x' } }]);
    const states = async () =>
      (await server.portico.own.objects('select state from job', [])).map((row) => row['state']);
    await until(async () => (await states()).includes('dead'));
    const { text } = await pages.get(path);
    for (const said of [/observation\.created/, /given up/, /it answered HTTP 410/]) assert.match(text, said);
    await later(100);
    const shown = (await pages.get(path)).text;
    assert.match(shown, /Given up before[^]*it answered HTTP 410[^]*Deliveries/);
    assert.equal(shown.split('patient_channel.created').length - 1, 100, 'the last hundred, and nobody else’s');
    other.answer = () => 200;
    const delivery = /name="delivery" value="([^"]+)"/.exec(text)?.[1] ?? '';
    assert.equal((await pages.send(`${path}/again`, { delivery })).to, `${path}?again=1`);
    await until(async () => (await states()).includes('done'));
    assert.equal((await pages.send(`${path}/again`, { delivery: 'other' })).status, 404);
  });

  it('THREAT 38: is nobody else’s to see, to test, to rotate or to delete', async () => {
    const id = await idOf();
    const foreign = await adminPages(server, { tenant: OTHER_TENANT });
    assert.equal(await idOf(foreign), '');
    assert.equal((await foreign.get(`/manager/webhooks/${id}`)).status, 404);
    for (const what of ['test', 'rotate', 'delete', 'again'])
      assert.equal((await foreign.send(`/manager/webhooks/${id}/${what}`, { delivery: 'x' })).status, 404, what);
    await pages.get(`/manager/webhooks/${id}/delete`);
    assert.equal((await pages.send(`/manager/webhooks/${id}/delete`)).to, '/manager/webhooks?deleted=1');
    assert.equal(await idOf(), '');
    await server.portico.trail.flush();
    const events = await server.portico.own.objects(
      `select interaction from audit where interaction like 'webhook-%'`,
      [],
    );
    const names = new Set(events.map((row) => row['interaction']));
    for (const name of ['create', 'rotate', 'test', 'replay', 'delete']) assert.ok(names.has(`webhook-${name}`), name);
  });
});
