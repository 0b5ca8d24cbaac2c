import { startPurging } from './auth/purge.js';
import { Workers } from './jobs/workers.js';
import type { Traffic } from './limits/traffic.js';
import type { Log } from './log.js';
import type { Portico } from './open.js';
import { startOutgoing } from './outgoing.js';
import { inboundQueue } from './pulsara/queue.js';

/** Texts of an earlier release are written anew in a fifth of the time. */
const RENEWING_RESTS = 4;

/** What a server does beside answering. */
export interface Chores {
  /** Tells the worker of a queue that there is something to do. */
  wake(queue: string): void;
  /** Finishes what is under way. */
  stop(): Promise<void>;
}

/** Each is done by whichever process comes first. */
export function startChores(portico: Portico, traffic: Traffic, log: Log): Chores {
  const { config, own, trail, now, writer } = portico;
  const outbound = { allowLoopback: config.allowLoopback };
  const report = (what: string) => (error: unknown) => log.logger.error({ err: error }, what);
  const stopping = new AbortController();
  // Clinical tables of somebody else's are only read.
  const queues = writer ? [inboundQueue({ ...portico, writer, outbound })] : [];
  const workers = new Workers(queues, { db: own, now, onError: report('a job failed by a fault of ours') });
  workers.start();
  const begun = [
    trail.start().catch(report('audit events of an earlier process have no link yet')),
    traffic.start().catch(report('requests are limited by each process alone')),
    portico
      .renew({ rest: RENEWING_RESTS, signal: stopping.signal })
      .catch(report('texts of an earlier release are read from their columns')),
  ];
  const purging = startPurging(own, now, report('expired rows were not purged'));
  const onError = report('others were not told of a change; it is tried again');
  const outgoing = startOutgoing({ ...portico, outbound, onError });
  return {
    wake: (queue) => workers.wake(queue),
    stop: async () => {
      stopping.abort();
      await workers.stop();
      await Promise.all(begun);
      await traffic.stop();
      await outgoing.stop();
      await purging.stop();
    },
  };
}
