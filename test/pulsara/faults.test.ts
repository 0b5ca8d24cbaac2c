import assert from 'node:assert/strict';
import { faults, type Fault } from '../../src/dev/upstream/faults.js';
import type { Step } from '../../src/dev/upstream/server.js';
import { readJob } from '../../src/jobs/list.js';
import { replay } from '../../src/jobs/replay.js';
import { INBOX, jobId, listEvents } from '../../src/pulsara/inbox.js';
import { channelOf, connect, mrn, type Connected } from '../support/inbound.js';
import { start, TENANT, type Server } from '../support/server.js';
import { until } from '../support/until.js';

/** What the manager is told of each; `slow` is no fault yet. */
const reasons: Readonly<Record<Fault, string | undefined>> = {
  error: 'upstream-error',
  unavailable: 'upstream-error',
  'rate-limited': 'upstream-busy',
  unauthorized: 'upstream-refuses-token',
  unknown: 'upstream-unknown-channel',
  slow: undefined,
  'broken-connection': 'upstream-unreachable',
  redirect: 'upstream-redirects',
  html: 'upstream-wrong-type',
  'wrong-type': 'upstream-wrong-type',
  truncated: 'upstream-truncated',
  'not-whole': 'upstream-truncated',
  compressed: 'upstream-compressed',
};

/** What is in a case is not what these are about. */
const small = { vital_signs: [], labs: [], labels: [], timeline: [] };

describe('pulsara: what goes wrong on the way', () => {
  let server: Server;
  let pulsara: Connected;
  let now = Date.now();

  before(async () => {
    server = await start({ now: () => now, env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    pulsara = await connection();
  });
  after(async () => {
    await pulsara.stop();
    await server.stop();
  });

  const connection = (perSecond?: number) => {
    const { own, secret } = server.portico;
    return connect({ own, secret, url: server.url }, perSecond === undefined ? {} : { perSecond });
  };
  const events = (of = pulsara) => listEvents(server.portico.own, TENANT, of.id);
  const count = async (sql: string): Promise<number> => Number((await server.portico.own.arrays(sql, []))[0]?.[0]);

  it('PULSARA 8, 9, 10: each fault at each step, then recovery: every effect once, and nothing lost', async () => {
    const { upstream } = pulsara;
    const cases = (['channel', 'summary'] as const).flatMap((step) =>
      faults.map((fault, index): [string, Step, Fault, string] => {
        return [`${step}-${fault}`, step, fault, `${step === 'channel' ? '1' : '2'}${String(index)}`];
      }),
    );
    for (const [id, step, fault, number] of cases) {
      upstream.fail(step, fault, id);
      // The number is entered, told of twice, and the second event comes before the first.
      const identifier = mrn(number, `idf-${id}`);
      upstream.put(channelOf(id, { ...small, identifiers: [identifier] }));
      const [created, updated] = (['created', 'updated'] as const).map((each) => upstream.event(each, id, identifier));
      for (const body of [updated!, created!, updated!]) assert.equal(await upstream.notify(body), 202);
    }
    // Time stands still: whatever failed waits, and what came after it waits behind it.
    await until(async () => (await events()).every(({ state }) => state !== 'running') && (await triedAll()));
    const first = new Map<string, string | undefined>();
    for (const { channel = '', reason } of await events()) if (reason !== undefined) first.set(channel, reason);
    for (const [id, step, fault] of cases) {
      // Half of a channel is no JSON.
      const isHalf = fault === 'not-whole' && step === 'channel';
      assert.equal(first.get(id), isHalf ? 'upstream-not-a-channel' : reasons[fault], id);
    }
    await until(() => areDone(60_000), 30_000);
    const outcomes = (await events()).map(({ outcome }) => outcome);
    assert.equal(outcomes.filter((each) => each === 'filed').length, cases.length);
    assert.equal(outcomes.filter((each) => each === 'unchanged').length, cases.length);
    for (const table of ['patient', 'encounter', 'document_reference', 'blob'])
      assert.equal(await count(`select count(*) from ${table}`), cases.length, table);
    assert.equal(await count('select count(*) from history where version > 1'), 0, 'nothing was written twice');
    assert.equal(await count(`select count(*) from job where state = 'dead'`), 0);
  });

  /** Lets time pass while all that failed waits. */
  async function areDone(step: number, of = pulsara): Promise<boolean> {
    const all = await events(of);
    const failed = all.filter(({ state, attempts }) => state === 'waiting' && attempts > 0);
    const waits = failed.length > 0 && all.every(({ state }) => state !== 'running');
    if (waits && failed.every(({ dueAt = 0 }) => dueAt > now)) now += step;
    return all.every(({ state }) => state === 'done');
  }

  /** Each channel's first event was tried. */
  async function triedAll(): Promise<boolean> {
    const tried = new Set((await events()).filter(({ attempts }) => attempts > 0).map(({ channel }) => channel));
    return tried.size === faults.length * 2;
  }

  it('PULSARA 10: what never comes is a dead letter with its reason, and is done when it is replayed', async () => {
    const { own } = server.portico;
    const { upstream } = pulsara;
    const event = upstream.event('created', 'chan-late', mrn(''));
    const id = jobId(pulsara.id, (JSON.parse(event) as { id: string }).id);
    await upstream.notify(event);
    const job = () => readJob(own, TENANT, INBOX, id);
    await until(async () => (await job())?.reason === 'upstream-unknown-channel');
    now += 25 * 3_600_000;
    await until(async () => (await job())?.state === 'dead');
    assert.equal((await job())?.reason, 'upstream-unknown-channel');
    upstream.put(channelOf('chan-late', { identifiers: [mrn('99')] }));
    assert.equal(await replay(own, { tenant: TENANT, queue: INBOX, id }, now), true);
    assert.equal((await pulsara.settled('chan-late')).outcome, 'filed');
  });

  it('keeps to the limit of the upstream, and waits as long as it was asked to', async () => {
    const limited = await connection(4);
    const ids = Array.from({ length: 6 }, (_, index) => `limited-${String(index)}`);
    for (const id of ids) {
      limited.upstream.put(channelOf(id, small));
      await limited.upstream.identify(id, mrn(`3${id}`, id));
    }
    await until(() => areDone(1000, limited), 30_000);
    assert.ok(limited.upstream.asked.some(({ status }) => status === 429));
    assert.equal((await events(limited)).filter(({ outcome }) => outcome === 'filed').length, ids.length);
    await limited.stop();
  });

  it('never files the channel of another patient that the upstream sends by mistake', async () => {
    const { upstream } = pulsara;
    upstream.put(channelOf('chan-wrong', { identifiers: [mrn('72')] }), 'chan-right');
    await upstream.notify(upstream.event('created', 'chan-right', mrn('')));
    await until(async () => (await events()).some(({ reason }) => reason === 'upstream-other-channel'));
    assert.equal(await count(`select count(*) from patient_identifier where value = '72'`), 0);
  });
});
