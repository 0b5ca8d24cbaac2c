import { enqueue } from '../jobs/job.js';
import type { Database } from '../store/database.js';
import { QUEUE, type SubscriptionJob } from './deliver.js';
import { dueStates } from './state.js';

const EVERY_MILLISECONDS = 1000;

export interface HeartbeatOptions {
  readonly own: Database;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  readonly wake: () => void;
}

/** Enqueues what time alone brings: heartbeats, and the end of subscriptions. Any number of processes may do so. */
export function startHeartbeats(options: HeartbeatOptions): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= beat(options)
      .catch(options.onError)
      .finally(() => (running = undefined));
  }, EVERY_MILLISECONDS).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

async function beat({ own, now, wake }: HeartbeatOptions): Promise<void> {
  const due = await dueStates(own, now());
  if (due.length === 0) return;
  const jobs = due.map(({ tenant, id, endAt = Infinity, lastSentAt }) => {
    const kind = endAt <= now() ? 'end' : 'heartbeat';
    const payload: SubscriptionJob = { kind, subscription: id };
    // The same in every process, and another one once something was sent.
    const job = { queue: QUEUE, id: `${tenant} ${id} ${kind} ${String(lastSentAt)}`, tenant, payload };
    return enqueue(own, { ...job, ordering: `${tenant} ${id}`, patienceMilliseconds: 0 }, now());
  });
  await own.commit({ statements: await Promise.all(jobs) });
  wake();
}
