import type { Subscription } from '@medplum/fhirtypes';
import { asSystem } from '../access/narrow.js';
import type { Job } from '../jobs/job.js';
import { JobError } from '../jobs/retry.js';
import type { Queue } from '../jobs/worker.js';
import { OutboundError, safePost, type OutboundOptions } from '../outbound/safe-fetch.js';
import type { Database } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import type { Entry } from '../store/render.js';
import type { Writer } from '../store/write.js';
import { hostsOf } from '../webhooks/webhook.js';
import { eventsBetween } from './event.js';
import { notification, type Kind, type Told } from './notification.js';
import { seen, type LiveAccess, type SeenOptions } from './seen.js';
import { headersOf, planLive, planSent, readState, type State } from './state.js';
import { readable, type Terms } from './terms.js';

export const QUEUE = 'subscription';

/** What is to be done for one subscription. */
export type SubscriptionJob = { readonly subscription: string } & (
  | { readonly kind: 'handshake'; readonly version: number }
  | { readonly kind: 'event'; readonly number: number }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'end' }
);

export interface DeliveryOptions extends SeenOptions {
  readonly own: Database;
  readonly writer: Writer;
  readonly key: Buffer;
  readonly outbound: OutboundOptions;
  readonly access: LiveAccess;
}

const HOUR = 3_600_000;
/** Later events wait this long for one that cannot be delivered. */
export const PATIENCE_MILLISECONDS = 10 * 60_000;
/** From this attempt on the subscription says that it is in error. */
const IN_ERROR = 4;
/** An endpoint that does not answer the handshake by then is asked no more. */
const HANDSHAKES = 6;

export const subscriptionQueue = (options: DeliveryOptions): Queue => ({
  name: QUEUE,
  concurrency: 32,
  share: 8,
  retry: { firstMilliseconds: 2000, mostMilliseconds: HOUR, forMilliseconds: 72 * HOUR, attempts: 1000 },
  handle: async (job, signal) => new Delivery(options, job, signal).run(),
});

/** One job, with what the subscription and its credential are now: nothing of it is taken from when it was enqueued. */
class Delivery {
  readonly #payload: SubscriptionJob;
  readonly #tenant: string;

  constructor(
    private readonly options: DeliveryOptions,
    private readonly job: Job,
    private readonly signal: AbortSignal,
  ) {
    this.#payload = job.payload as SubscriptionJob;
    this.#tenant = job.tenant;
  }

  async run(): Promise<readonly PlannedStatement[]> {
    const { own, rows, registry, base, access: live } = this.options;
    const { subscription: id, kind } = this.#payload;
    const resource = registry.get('Subscription');
    const state = await readState(own, this.#tenant, id);
    const entry = resource && (await rows.read(resource, id, asSystem(this.#tenant, 'subscriptions')));
    if (!state || !entry) return [];
    const subscription = JSON.parse(entry.text) as Subscription;
    const terms = readable(subscription, registry, base);
    if (!terms || subscription.status === 'off') return [];
    const access = await live(this.#tenant, state.credential, state.scopes);
    if (!access) return this.#become(entry, 'off', 'The credential that it belongs to has ended');
    if (kind === 'end' || (terms.endAt ?? Infinity) <= this.options.now()) return this.#become(entry, 'off', undefined);
    if (kind === 'handshake') return this.#handshake(entry, subscription, state, terms);
    if (subscription.status === 'requested') return [];
    if (kind === 'heartbeat') return this.#heartbeat(entry, subscription, state, terms);
    const told: Told[] = [];
    for (const event of await eventsBetween(own, state, this.#payload.number, this.#payload.number)) {
      const found = await seen(this.options, access, terms, event.id);
      if (found) told.push({ event, entry: found });
    }
    // It is not theirs to know any more.
    if (told.length === 0) return [];
    return this.#send(entry, subscription, state, terms, told);
  }

  /** What was requested becomes active when its endpoint has answered, so that nobody is sent what they did not ask for. */
  async #handshake(
    entry: Entry,
    subscription: Subscription,
    state: State,
    terms: Terms,
  ): Promise<readonly PlannedStatement[]> {
    if (this.#payload.kind !== 'handshake' || subscription.status !== 'requested') return [];
    if (Number(entry.versionId) !== this.#payload.version) return [];
    try {
      await this.#post(state, terms, 'handshake', 'requested', []);
    } catch (error) {
      if (!(error instanceof JobError) || this.job.attempts < HANDSHAKES) throw error;
      return this.#become(
        entry,
        'error',
        `The endpoint did not take the handshake: ${error.reason.replaceAll('-', ' ')}`,
      );
    }
    return [...(await this.#become(entry, 'active', undefined)), await this.#sent(state)];
  }

  async #heartbeat(entry: Entry, subscription: Subscription, state: State, terms: Terms) {
    const { now } = this.options;
    // Something else was sent meanwhile.
    if (state.lastSentAt + (terms.heartbeatSeconds ?? Infinity) * 1000 > now()) return [];
    return this.#send(entry, subscription, state, terms, []);
  }

  async #send(
    entry: Entry,
    subscription: Subscription,
    state: State,
    terms: Terms,
    told: readonly Told[],
  ): Promise<readonly PlannedStatement[]> {
    try {
      await this.#post(state, terms, told.length > 0 ? 'event-notification' : 'heartbeat', subscription.status, told);
    } catch (error) {
      if (!(error instanceof JobError)) throw error;
      if (this.job.attempts >= IN_ERROR && subscription.status === 'active') {
        const failed = await this.#become(
          entry,
          'error',
          `The endpoint does not answer: ${error.reason.replaceAll('-', ' ')}`,
        );
        await this.options.own.commit({ statements: failed });
      }
      // The next one is due soon enough.
      if (told.length === 0) return [await this.#sent(state)];
      throw error;
    }
    const mended = subscription.status === 'error' ? await this.#become(entry, 'active', undefined) : [];
    return [...mended, await this.#sent(state)];
  }

  #sent(state: State): Promise<PlannedStatement> {
    return planSent(this.options.own, state, this.options.now());
  }

  /** What the server itself says of a subscription is a version like any other. */
  async #become(entry: Entry, status: Subscription['status'], error: string | undefined) {
    const { registry, writer, own } = this.options;
    const resource = registry.get('Subscription');
    if (!resource) return [];
    const { error: _before, ...rest } = JSON.parse(entry.text) as Subscription;
    const next = { ...rest, status, ...(error !== undefined && { error }) } as unknown as Record<string, unknown>;
    const narrowing = asSystem(this.#tenant, 'subscriptions');
    const current = { entry, last: undefined };
    const sent = { resource: next, literals: [] };
    const { plan } = await writer.planSave(resource, sent, narrowing, {}, entry.id, current);
    const isLive = status === 'active' || (status === 'error' && this.#payload.kind !== 'handshake');
    return [...plan.statements, await planLive(own, { tenant: this.#tenant, id: entry.id }, isLive)];
  }

  /** Errors: JobError. */
  async #post(state: State, terms: Terms, kind: Kind, status: string, told: readonly Told[]): Promise<void> {
    const { key, outbound, own, base, now } = this.options;
    // Up to and with what is told: later ones may be counted already.
    const events = told.at(-1)?.event.number ?? state.events;
    const about = { id: state.id, status, topic: terms.topic, kind, events };
    const put = terms.content === 'put' ? told[0]?.entry : undefined;
    const isCall = terms.content === 'call' || terms.content === 'put';
    const body = put ? put.text : isCall ? '' : notification(base, about, told, terms.content, now());
    // R4 puts the resource where a FHIR server would have it: https://hl7.org/fhir/R4/subscription.html
    const url = put ? `${terms.endpoint.replace(/\/$/, '')}/${put.type}/${put.id}` : terms.endpoint;
    const headers = {
      ...(body !== '' && { 'Content-Type': 'application/fhir+json' }),
      ...Object.fromEntries(
        headersOf(key, state).map((each) => [nameOf(each), each.slice(nameOf(each).length + 1).trim()]),
      ),
    };
    try {
      const hosts = await hostsOf(own, this.#tenant);
      const milliseconds = terms.timeoutSeconds * 1000;
      const sending = { method: put ? 'PUT' : 'POST', headers, body, milliseconds, signal: this.signal } as const;
      const answer = await safePost(url, sending, { ...outbound, hosts });
      if (answer.status < 200 || answer.status >= 300) throw new JobError(`http-${String(answer.status)}`);
    } catch (error) {
      if (error instanceof OutboundError) throw new JobError(error.message.replace(/\W+/g, '-'), { cause: error });
      throw error;
    }
  }
}

const nameOf = (header: string): string => header.slice(0, header.indexOf(':'));
