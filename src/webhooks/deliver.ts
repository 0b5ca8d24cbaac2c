import { randomUUID } from 'node:crypto';
import type { Job } from '../jobs/job.js';
import { JobError } from '../jobs/retry.js';
import type { Queue } from '../jobs/worker.js';
import { OutboundError, safePost, type OutboundOptions } from '../outbound/safe-fetch.js';
import type { Database } from '../store/database.js';
import { TEST, type Event } from './events.js';
import { signatures } from './sign.js';
import { hostsOf, isActive, readWebhook, secretsOf, type Webhook } from './webhook.js';

export const QUEUE = 'webhook';

export interface DeliveryOptions {
  readonly own: Database;
  readonly key: Buffer;
  readonly outbound: OutboundOptions;
  readonly now: () => number;
}

/** One event for one webhook. */
export interface Delivery {
  readonly webhook: string;
  readonly event: Event;
}

const HOUR = 3_600_000;
/** Later events of a patient wait this long for one that cannot be delivered. */
export const PATIENCE_MILLISECONDS = 10 * 60_000;

/** At least once, for 72 hours; what nobody took by then is a dead letter that can be sent again. */
export const webhookQueue = (options: DeliveryOptions): Queue => ({
  name: QUEUE,
  concurrency: 32,
  share: 8,
  retry: { firstMilliseconds: 5000, mostMilliseconds: HOUR, forMilliseconds: 72 * HOUR, attempts: 1000 },
  handle: async (job, signal) => {
    await handle(job, options, signal);
    return [];
  },
});

async function handle(job: Job, options: DeliveryOptions, signal: AbortSignal): Promise<void> {
  const { tenant, payload, attempts } = job;
  const { webhook: id, event } = payload as Delivery;
  const webhook = await readWebhook(options.own, tenant, id);
  if (!webhook) throw new JobError('webhook-deleted', { final: true });
  // A credential's organization that is closed is told nothing; it may be opened again.
  if (!(await isActive(options.own, tenant))) throw new JobError('organization-disabled');
  const { status, retryAfter } = await post(webhook, event, options, attempts, signal);
  if (status >= 200 && status < 300) return;
  // Who says that it is gone for good will not take it in an hour either.
  throw new JobError(`http-${String(status)}`, { final: status === 410, notBefore: retryAfter });
}

/** Errors: JobError where nothing was answered. */
async function post(webhook: Webhook, event: Event, options: DeliveryOptions, attempt: number, signal?: AbortSignal) {
  const { own, key, outbound, now } = options;
  const body = JSON.stringify(event);
  const secrets = secretsOf(webhook, key, now());
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json',
    'Portico-Event': event.event,
    'Portico-Event-Id': event.id,
    'Portico-Attempt': String(attempt),
    ...signatures(webhook.scheme, secrets, body, now()),
  };
  try {
    const hosts = await hostsOf(own, webhook.tenant);
    const answer = await safePost(webhook.url, { headers, body, ...(signal && { signal }) }, { ...outbound, hosts });
    return { status: answer.status, retryAfter: laterOf(answer.headers['retry-after'], now()) };
  } catch (error) {
    if (error instanceof OutboundError) throw new JobError(error.message.replace(/\W+/g, '-'), { cause: error });
    throw error;
  }
}

/** Seconds or a date, no later than in an hour. */
function laterOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = /^\d{1,9}$/.test(text) ? now + Number(text) * 1000 : Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(at, now + HOUR);
}

/** What came of a test, in a word: a status, or why there was none. Nothing of what was answered is shown (THREAT 20). */
export async function sendTest(webhook: Webhook, options: DeliveryOptions): Promise<{ ok: boolean; said: string }> {
  const at = options.now();
  const event: Event = {
    id: `evt_test_${randomUUID()}`,
    event: TEST,
    created_at: new Date(at).toISOString(),
    sequence: 0,
    data: {},
  };
  try {
    const { status } = await post(webhook, event, options, 1);
    return { ok: status >= 200 && status < 300, said: `HTTP ${String(status)}` };
  } catch (error) {
    if (error instanceof JobError) return { ok: false, said: error.reason.replaceAll('-', ' ') };
    throw error;
  }
}
