import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { bodyOf, send, signatureOf, type Receiver } from '../../src/dev/upstream/webhooks.js';
import { listEvents } from '../../src/pulsara/inbox.js';
import { connect, mrn, SECRET, type Connected } from '../support/inbound.js';
import { start, TENANT, type Server } from '../support/server.js';

describe('pulsara: webhooks as they come', () => {
  let server: Server;
  let plain: Connected;
  let timed: Connected;
  let edwards: Connected;
  let count = 0;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    const { own, secret } = server.portico;
    const connecting = { own, secret, url: server.url };
    plain = await connect(connecting);
    timed = await connect(connecting, { signature: 'timestamped-hmac' });
    edwards = await connect(connecting, { signature: 'ed25519' });
  });
  after(async () => {
    await Promise.all([plain, timed, edwards].map((each) => each.stop()));
    await server.stop();
  });

  // An identifier that nobody files by: what becomes of it is not what these are about.
  const event = (): string =>
    bodyOf(`evt-${String(++count)}`, 'created', 'chan', { ...mrn(''), category: 'OTHER' }, '2026-03-01T20:00:00Z');
  const stored = async ({ id }: Connected) => (await listEvents(server.portico.own, TENANT, id)).length;

  async function post(url: string, sent: string | Buffer, headers: Record<string, string>) {
    const body = new Uint8Array(Buffer.from(sent));
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    const { requestId: _id, ...said } = (await response.json()) as Record<string, unknown>;
    return { status: response.status, said };
  }
  const signed = (signature: string) => ({ 'Pulsara-Signature': signature });
  const hmac = (body: string | Buffer, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex');

  it('PULSARA 8: takes what is signed, whichever way was chosen, and nothing else', async () => {
    for (const each of [plain, timed, edwards]) {
      const before = await stored(each);
      assert.equal(await each.upstream.notify(event()), 202);
      assert.equal(await stored(each), before + 1);
    }
    const body = event();
    assert.equal((await post(plain.url, body, signed(`sha256=${hmac(body)}`))).status, 202);
    // The signature is of the bytes, not of what they mean.
    const spaced = ` ${event()}\n`;
    assert.equal((await post(plain.url, spaced, signed(hmac(spaced)))).status, 202);
  });

  it('PULSARA 8, THREAT 57: a wrong signature, none, and an integration that does not exist are one answer', async () => {
    const body = event();
    const right = hmac(body);
    const changed = Buffer.from(body);
    changed[10]! ^= 1;
    const before = await Promise.all([plain, timed, edwards].map(stored));
    const unknown = `${server.url}/webhooks/pulsara/0123456789abcdef`;
    const attempts: [string, string | Buffer, Record<string, string>][] = [
      [plain.url, body, {}],
      [plain.url, body, signed('')],
      [plain.url, changed, signed(right)],
      [plain.url, body, signed(hmac(body, 'another secret'))],
      [plain.url, body, signed(`${right}00`)],
      [plain.url, body, signed(right.slice(0, 62))],
      [plain.url, body, signed(`${right}, ${right}`)],
      [plain.url, 'not JSON', {}],
      [timed.url, body, signed(right)],
      [edwards.url, body, signed(right)],
      [edwards.url, body, signed(Buffer.alloc(64).toString('base64'))],
      [unknown, body, signed(right)],
      [`${server.url}/webhooks/pulsara/%2e%2e%2fx`, body, signed(right)],
      [`${server.url}/webhooks/pulsara/${TENANT}`, body, signed(right)],
    ];
    const answers = await Promise.all(attempts.map((each) => post(...each)));
    for (const answer of answers)
      assert.deepEqual(answer, { status: 401, said: { error: 'The signature is not right', code: 'login' } });
    assert.deepEqual(await Promise.all([plain, timed, edwards].map(stored)), before);
  });

  it('THREAT 78: a timestamped signature is good for five minutes, either way', async () => {
    const receiver: Receiver = { url: timed.url, key: { secret: SECRET, timestamped: true } };
    for (const [skewSeconds, status] of [
      [-290, 202],
      [290, 202],
      [-310, 401],
      [310, 401],
    ] as const)
      assert.equal(await send(receiver, event(), { skewSeconds }), status, String(skewSeconds));
    const body = event();
    const now = Math.floor(Date.now() / 1000);
    const right = signatureOf(receiver.key, body, now);
    for (const header of [
      right.replace('t=', 't=1'),
      `t=${String(now)},${right}`,
      right.replace(/^t=\d+,/, ''),
      `t=NaN,${right.split(',')[1]!}`,
    ])
      assert.equal((await post(timed.url, body, signed(header))).status, 401, header);
    // While a secret is changed, a sender signs with both.
    assert.equal((await post(timed.url, body, signed(`${right},v1=${'0'.repeat(64)}`))).status, 202);
  });

  it('takes an envelope with other names, and refuses one that names nothing', async () => {
    const take = async (body: object | string): Promise<number> => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return (await post(plain.url, text, signed(hmac(text)))).status;
    };
    const identifier = { id: 7, name: 'Visit', category: 'OTHER' };
    const type = 'patient_channel.identifier.updated';
    assert.equal(await take({ event_id: 'e1', type, data: { patient_channel_id: 'c', identifier } }), 202);
    assert.equal(await take({ type, patient_channel: { id: 12, identifier } }), 202);
    assert.equal(
      await take({ id: 'e2', event: 'patient_channel.created', data: { patient_channel: { id: 'c' } } }),
      202,
    );
    const events = await listEvents(server.portico.own, TENANT, plain.id);
    assert.equal(events.find(({ id }) => id === 'e2')?.outcome, 'other-event');
    const before = await stored(plain);
    for (const each of [
      '[]',
      'null',
      '{"__proto__":{"event":"x"}}',
      {},
      { event: type },
      { event: type, data: { patient_channel: { id: '..' }, identifier } },
      { event: type, data: { patient_channel: { id: 'a/../b' }, identifier } },
      { event: type, data: { patient_channel: { id: 'c' }, identifier: {} } },
    ])
      assert.equal(await take(each), 400, JSON.stringify(each));
    assert.equal(await stored(plain), before);
  });

  it('THREAT 69, 70: reads no more than a webhook has, and nothing that is compressed', async () => {
    const long = JSON.stringify({ event: 'x', padding: 'y'.repeat(70_000) });
    assert.equal((await post(plain.url, long, signed(hmac(long)))).status, 413);
    const body = event();
    assert.equal((await post(plain.url, body, { ...signed(hmac(body)), 'Content-Encoding': 'gzip' })).status, 415);
    const deep = `{"event":"x","a":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    assert.equal((await post(plain.url, deep, signed(hmac(deep)))).status, 202, 'what is not looked at is not walked');
  });

  it('THREAT 64: the database holds neither the secret nor the token', async () => {
    const { own, secret } = server.portico;
    const rows = JSON.stringify(await own.objects('select * from integration', []));
    for (const each of [SECRET, 'a token for tests', secret]) assert.ok(!rows.includes(each));
  });

  it('takes nothing for an integration that is switched off, and says no more than for one that is not there', async () => {
    const { own } = server.portico;
    const off = own.dialect.name === 'sqlite' ? 'active = 0 where id = ?' : 'active = false where id = $1';
    await own.commit({ statements: [{ sql: `update integration set ${off}`, bindings: [edwards.id], rows: 1 }] });
    assert.equal(await edwards.upstream.notify(event()), 401);
  });
});
