import { Workers } from './jobs/workers.js';
import { Dispatcher } from './outbox/dispatch.js';
import type { OutboundOptions } from './outbound/safe-fetch.js';
import type { Registry } from './registry.js';
import type { Database } from './store/database.js';
import type { Rows } from './store/rows.js';
import { QUEUE, webhookQueue } from './webhooks/deliver.js';
import { Webhooks } from './webhooks/tell.js';
import { webhookKey } from './webhooks/webhook.js';

export interface OutgoingOptions {
  readonly own: Database;
  readonly rows: Rows;
  readonly registry: Registry;
  readonly base: string;
  readonly secret: string;
  readonly outbound: OutboundOptions;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Tells others of what is written: the outbox becomes deliveries, and those are made. */
export function startOutgoing(options: OutgoingOptions): { stop(): Promise<void> } {
  const { own, now, onError, secret } = options;
  const key = webhookKey(secret);
  const workers = new Workers([webhookQueue({ ...options, key })], { db: own, now, onError });
  const webhooks = new Webhooks({ ...options, key, wake: () => workers.wake(QUEUE) });
  const dispatcher = new Dispatcher([webhooks], { db: own, now, onError }).start();
  workers.start();
  return {
    stop: async () => {
      await dispatcher.stop();
      await workers.stop();
    },
  };
}
