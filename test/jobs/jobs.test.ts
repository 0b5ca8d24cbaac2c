import assert from 'node:assert/strict';
import { enqueue, type NewJob } from '../../src/jobs/job.js';
import { claim } from '../../src/jobs/claim.js';
import { countJobs, listDead, readJob } from '../../src/jobs/list.js';
import { forgetDone, replay } from '../../src/jobs/replay.js';
import { JobError, type RetryRule } from '../../src/jobs/retry.js';
import { Worker, type Queue } from '../../src/jobs/worker.js';
import { committed, openDatabase, statement, type Database } from '../../src/store/database.js';
import { freshDatabase, type FreshDatabase } from '../support/database.js';
import { migrate } from '../../src/store/migrate.js';
import { until } from '../support/until.js';

const TENANT = 'org_one';
const MINUTE = 60_000;
const rule: RetryRule = {
  firstMilliseconds: 1000,
  mostMilliseconds: MINUTE,
  forMilliseconds: 60 * MINUTE,
  attempts: 9,
};

/** Something that a job changes, which a second time would be seen of. */
const effect = statement<{ slot: number }>((knex, $) =>
  knex('condition_turn')
    .where('slot', $('slot'))
    .update({ turn: knex.raw('turn + 1') }),
);

describe('jobs', () => {
  let database: FreshDatabase;
  let db: Database;
  let now = 1_000_000;
  let queueNumber = 0;
  let queue: string;
  const workers: Worker[] = [];
  const errors: unknown[] = [];

  before(async () => {
    database = await freshDatabase();
    db = await openDatabase(database.url);
    await migrate(db);
  });
  after(async () => {
    await db.close();
    await database.drop();
  });
  beforeEach(() => {
    queue = `queue-${String(++queueNumber)}`;
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((each) => each.stop()));
    assert.deepEqual(errors.splice(0), []);
  });

  const work = (handle: Queue['handle'], more: Partial<Queue> = {}): Worker => {
    const options = { db, now: () => now, onError: (error: unknown) => errors.push(error) };
    const worker = new Worker({ name: queue, concurrency: 4, retry: rule, handle, ...more }, options).start();
    workers.push(worker);
    return worker;
  };
  const add = async (id: string, more: Partial<NewJob> = {}): Promise<void> =>
    db.commit({ statements: [await enqueue(db, { queue, id, tenant: TENANT, payload: { id }, ...more }, now)] });
  const state = async (id: string) => (await readJob(db, TENANT, queue, id))?.state;
  const count = async () => countJobs(db, TENANT, queue);

  it('PULSARA 8: a job is enqueued with the rest of its transaction, and once', async () => {
    const impossible = await effect.plan(db, { slot: -1 }, 1);
    const job = await enqueue(db, { queue, id: 'a', tenant: TENANT, payload: {} }, now);
    assert.equal(await committed(db, [job, impossible]), false);
    assert.equal(await state('a'), undefined);
    await add('a', { payload: { first: true } });
    await add('a', { payload: { first: false } });
    const seen: unknown[] = [];
    const worker = work((each) => {
      seen.push(each.payload);
      return Promise.resolve([]);
    });
    await until(async () => (await state('a')) === 'done');
    await add('a');
    worker.wake();
    assert.equal(await readJob(db, 'org_two', queue, 'a'), undefined);
    assert.deepEqual(await count(), { waiting: 0, running: 0, done: 1, dead: 0 });
    assert.deepEqual(seen, [{ first: true }]);
  });

  it('does one job of a key at a time and in order, with several workers at once', async () => {
    const jobs = Array.from({ length: 120 }, (_, index) => index);
    const busy = new Set<string>();
    const done = new Map<string, number[]>();
    const handle: Queue['handle'] = async ({ ordering = '', payload }) => {
      assert.ok(!busy.has(ordering), 'nobody else works on the key');
      busy.add(ordering);
      await new Promise(setImmediate);
      done.set(ordering, [...(done.get(ordering) ?? []), (payload as { index: number }).index]);
      busy.delete(ordering);
      return [];
    };
    for (const index of jobs) await add(String(index), { ordering: `key-${String(index % 7)}`, payload: { index } });
    for (let each = 0; each < 3; each++) work(handle);
    await until(async () => (await count()).done === jobs.length);
    for (const [key, order] of done)
      assert.deepEqual(
        order,
        jobs.filter((index) => `key-${String(index % 7)}` === key),
      );
  });

  it('tries again with growing waits, not before it was asked to, and ends as a dead letter with its reason', async () => {
    await add('a', { listedUnder: 'something' });
    let notBefore: number | undefined;
    let tries = 0;
    const worker = work(() => {
      tries++;
      throw new JobError('upstream-error', { notBefore });
    });
    const waits: number[] = [];
    for (let attempt = 1; attempt < rule.attempts; attempt++) {
      worker.wake();
      await until(async () => tries === attempt && (await state('a')) === 'waiting');
      const { dueAt = 0, reason } = (await readJob(db, TENANT, queue, 'a'))!;
      assert.equal(reason, 'upstream-error');
      waits.push(dueAt - now);
      now = dueAt - 1;
      worker.wake();
      assert.deepEqual(await claim(db, queue, 1, { now, leaseMilliseconds: 1 }), [], 'not before its time');
      now = dueAt;
      notBefore = attempt === 3 ? now + 2 * MINUTE : undefined;
    }
    waits.forEach((wait, index) => {
      const most = Math.min(1000 * 2 ** index, MINUTE);
      if (index === 3) assert.equal(wait, 2 * MINUTE);
      else assert.ok(wait >= most / 2 && wait <= most, `${String(wait)} of ${String(most)}`);
    });
    worker.wake();
    await until(async () => (await state('a')) === 'dead');
    assert.deepEqual(
      (await listDead(db, { tenant: TENANT, queue, under: 'something' })).map(({ id, reason }) => [id, reason]),
      [['a', 'upstream-error']],
    );
    await db.commit({ statements: [await forgetDone(db, now + MINUTE)] });
    assert.equal(await state('a'), 'dead', 'a dead letter is not forgotten');
    assert.equal(await replay(db, { tenant: 'org_two', queue, id: 'a' }, now), false);
    assert.equal(await replay(db, { tenant: TENANT, queue, id: 'a' }, now), true);
    worker.wake();
    await until(async () => tries === rule.attempts + 1 && (await state('a')) === 'waiting');
  });

  it('gives up after its time, and at once when trying again is no use', async () => {
    await add('late');
    await add('never');
    const worker = work(({ id }) => {
      throw new JobError('refused', { final: id === 'never' });
    });
    await until(async () => (await state('never')) === 'dead');
    await until(async () => (await readJob(db, TENANT, queue, 'late'))?.reason === 'refused');
    now += rule.forMilliseconds;
    worker.wake();
    await until(async () => (await state('late')) === 'dead');
  });

  it('tries again what failed by a fault of ours, and says which it was to the operator alone', async () => {
    await add('a');
    work(() => {
      throw new TypeError('Rowe, born 1980');
    });
    await until(async () => errors.length === 1 && (await state('a')) === 'waiting');
    assert.equal((await readJob(db, TENANT, queue, 'a'))?.reason, 'unexpected');
    errors.length = 0;
  });

  it('commits the effect with the end of the job: who lost the lease has none', async () => {
    const insert = statement<{ slot: number }>((knex, $) =>
      knex('condition_turn').insert({ slot: $('slot'), turn: 0 }),
    );
    await db.commit({ statements: [await insert.plan(db, { slot: 1 })] });
    await add('a');
    let letGo: (value: unknown) => void = () => undefined;
    const waiting = new Promise((resolve) => (letGo = resolve));
    let begun = 0;
    const handle: Queue['handle'] = async () => {
      if (++begun === 1) await waiting;
      return [await effect.plan(db, { slot: 1 }, 1)];
    };
    const slow = work(handle);
    await until(() => begun === 1);
    now += 61_000;
    const quick = work(handle);
    await until(async () => (await state('a')) === 'done');
    letGo(undefined);
    await Promise.all([slow.stop(), quick.stop()]);
    assert.deepEqual(await db.arrays('select turn from condition_turn', []), [[1]]);
    assert.equal(await state('a'), 'done');
  });

  it('waits behind an earlier job that is to be tried again for as long as its patience lasts', async () => {
    const order: string[] = [];
    await add('first', { ordering: 'k' });
    await add('hasty', { ordering: 'k', patienceMilliseconds: 10 * MINUTE });
    await add('patient', { ordering: 'k' });
    const worker = work(({ id }) => {
      if (id === 'first') throw new JobError('down', { notBefore: now + 30 * MINUTE });
      order.push(id);
      return Promise.resolve([]);
    });
    await until(async () => (await readJob(db, TENANT, queue, 'first'))?.reason === 'down');
    now += 10 * MINUTE - 1;
    assert.deepEqual(await claim(db, queue, 9, { now, leaseMilliseconds: 1 }), []);
    now += 1;
    worker.wake();
    await until(async () => (await state('hasty')) === 'done');
    assert.deepEqual(order, ['hasty']);
    assert.equal(await state('patient'), 'waiting');
  });

  it('takes up a job that overtook and was left by its process before what it overtook', async () => {
    await add('first', { ordering: 'k', notBefore: now + 2 * MINUTE });
    await add('hasty', { ordering: 'k', patienceMilliseconds: 0 });
    const take = async () => (await claim(db, queue, 9, { now, leaseMilliseconds: MINUTE })).map(({ id }) => id);
    assert.deepEqual(await take(), ['hasty']);
    now += 3 * MINUTE;
    assert.deepEqual(await take(), ['hasty'], 'its lease has ended');
  });

  it('gives up a job that takes its process down each time', async () => {
    await add('a');
    for (let crash = 0; crash < rule.attempts; crash++) {
      assert.equal((await claim(db, queue, 1, { now, leaseMilliseconds: 1 })).length, 1);
      now += 1;
    }
    work(() => assert.fail('it is not tried once more'));
    await until(async () => (await state('a')) === 'dead');
    assert.equal((await readJob(db, TENANT, queue, 'a'))?.reason, 'attempts-used-up');
  });

  it('is forgotten a while after it was done', async () => {
    await add('a');
    work(() => Promise.resolve([]));
    await until(async () => (await state('a')) === 'done');
    await db.commit({ statements: [await forgetDone(db, now)] });
    assert.equal(await state('a'), 'done');
    await db.commit({ statements: [await forgetDone(db, now + 1)] });
    assert.equal(await state('a'), undefined);
  });

  it('stops when what is under way has ended, and takes nothing more', async () => {
    await add('a');
    let letGo: (value: unknown) => void = () => undefined;
    let begun = false;
    const worker = work(async () => {
      begun = true;
      await new Promise((resolve) => (letGo = resolve));
      return [];
    });
    await until(() => begun);
    await add('b');
    const stopped = worker.stop();
    letGo(undefined);
    await stopped;
    assert.deepEqual([await state('a'), await state('b')], ['done', 'waiting']);
  });

  it('THREAT 73: an organization whose jobs never end holds up no other one', async () => {
    const done: string[] = [];
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    for (let index = 0; index < 20; index++) await add(`slow-${String(index)}`);
    const worker = work(
      async ({ id, tenant }) => {
        if (tenant === TENANT) await ended;
        done.push(id);
        return [];
      },
      { concurrency: 8, share: 2 },
    );
    try {
      await until(async () => (await count()).running > 0);
      await add('other-1', { tenant: 'org_two' });
      await add('other-2', { tenant: 'org_two' });
      worker.wake();
      await until(() => done.length === 2);
      assert.deepEqual(done.sort(), ['other-1', 'other-2']);
      assert.ok((await count()).running < 4);
    } finally {
      end();
    }
    await until(() => done.length === 22);
  });
});
