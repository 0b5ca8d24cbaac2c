import { Scopes } from './access/scopes.js';
import { subscriberAccess } from './auth/subscriber.js';
import { Workers } from './jobs/workers.js';
import { Dispatcher } from './outbox/dispatch.js';
import type { OutboundOptions } from './outbound/safe-fetch.js';
import type { Registry } from './registry.js';
import type { Database } from './store/database.js';
import type { Rows } from './store/rows.js';
import type { Writer } from './store/write.js';
import { deriveKey } from './store/seal.js';
import * as subscriptions from './subscriptions/deliver.js';
import { startHeartbeats } from './subscriptions/heartbeat.js';
import { Subscriptions } from './subscriptions/tell.js';
import { QUEUE, webhookQueue } from './webhooks/deliver.js';
import { Webhooks } from './webhooks/tell.js';
import { webhookKey } from './webhooks/webhook.js';

export interface OutgoingOptions {
  readonly own: Database;
  readonly rows: Rows;
  /** Undefined where the clinical tables are somebody else's: then nothing is written, and nobody told. */
  readonly writer: Writer | undefined;
  readonly registry: Registry;
  readonly base: string;
  readonly secret: string;
  readonly outbound: OutboundOptions;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Tells others of what is written: the outbox becomes deliveries, and those are made. */
export function startOutgoing(options: OutgoingOptions): { stop(): Promise<void> } {
  const { own, now, onError, secret, registry, base, writer } = options;
  if (!writer) return { stop: () => Promise.resolve() };
  const key = webhookKey(secret);
  const access = subscriberAccess({ own, now, scopes: new Scopes(registry, base) });
  const subscribed = { ...options, writer, access, key: deriveKey(secret, 'subscriptions') };
  const queues = [webhookQueue({ ...options, key }), subscriptions.subscriptionQueue(subscribed)];
  const workers = new Workers(queues, { db: own, now, onError });
  const wake = (): void => workers.wake(subscriptions.QUEUE);
  const tellers = [
    new Webhooks({ ...options, key, wake: () => workers.wake(QUEUE) }),
    new Subscriptions({ ...options, access, wake }),
  ];
  const dispatcher = new Dispatcher(tellers, { db: own, now, onError }).start();
  const heartbeats = startHeartbeats({ own, now, onError, wake });
  workers.start();
  return {
    stop: async () => {
      await Promise.all([dispatcher.stop(), heartbeats.stop()]);
      await workers.stop();
    },
  };
}
