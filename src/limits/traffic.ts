import { createRequire } from 'node:module';
import type * as flexible from 'rate-limiter-flexible';
import type { Access } from '../access/narrow.js';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { kindShares, partOf, plans, SHARE, type Plan, type PlanName } from './rules.js';
import { SharedTraffic, type Seen } from './shared-traffic.js';

// Its index loads thirty stores of other databases, which a start would wait for.
const RateLimiterMemory = createRequire(import.meta.url)(
  'rate-limiter-flexible/lib/RateLimiterMemory.js',
) as typeof flexible.RateLimiterMemory;

/** What the answer to a request says of the limit: header names and values in turn. */
export type LimitHeaders = readonly string[];

/** Who sends: all users of an organization are one sender, each credential is another. */
type Sender = Pick<Access, 'tenant' | 'credential' | 'kind'>;

interface Known {
  readonly plan: Plan;
  readonly policy: string;
  readonly readAt: number;
  /** When each of its senders was last seen. */
  readonly senders: Map<string, number>;
}

/** One request more: milliseconds to wait where it was one too many, else what is left. */
interface Taken {
  readonly wait?: number;
  readonly left: number;
  readonly milliseconds: number;
}

type KindShares = typeof kindShares extends ReadonlyMap<string, infer Shares> ? Shares : never;

/** A changed plan is noticed within this time. */
const PLAN_MILLISECONDS = 10_000;
/** A sender that was not seen for this long leaves its share to the others. */
const SENDER_MILLISECONDS = 3_600_000;
const MINUTE = 60;

const planOf = statement<{ id: string }>((knex, $) =>
  knex('org').where('id', $('id')).select('plan', 'per_minute', 'burst'),
);

/**
 * How many requests an organization sends: so many a minute, and so many within one second. Counted in memory, because
 * it is done for every request; several processes tell each other what they let through each second, so that the limit
 * of a minute is one for all. A burst is limited by each process alone.
 */
export class Traffic {
  // Only counting is asked of them: the numbers are the organization's.
  readonly #minutes = new RateLimiterMemory({ points: 1, duration: MINUTE });
  readonly #seconds = new RateLimiterMemory({ points: 1, duration: 1 });
  readonly #known = new Map<string, Known>();
  readonly #shared: SharedTraffic;

  constructor(
    private readonly own: Database,
    private readonly now: () => number,
    alarm: (error: unknown) => void,
  ) {
    this.#shared = new SharedTraffic(own, now, (seen) => this.#add(seen), alarm);
  }

  start(): Promise<void> {
    return this.#shared.start();
  }

  stop(): Promise<void> {
    return this.#shared.stop();
  }

  /** Counts a request. `headers` are for its answer, `refused` says that it must not be served. */
  async count({ tenant, credential, kind }: Sender): Promise<{ headers: LimitHeaders; refused?: OutcomeError }> {
    const { plan, policy, senders } = await this.#of(tenant);
    senders.set(credential, this.now());
    const shares = kindShares.get(kind);
    if (shares) return this.#countKind({ tenant, credential, kind }, plan, shares);
    const own = `${tenant} ${credential}`;
    // Who is alone may take everything; of several, none may take what the others need.
    if (senders.size > 1) {
      const { wait } = await this.#take(own, partOf(plan, SHARE));
      // What is refused for one sender is not counted for all.
      if (wait !== undefined) return refused(policy, plan, wait);
    } else await this.#minutes.penalty(own);
    const { wait, left, milliseconds } = await this.#take(tenant, plan);
    if (wait !== undefined) return refused(policy, plan, wait);
    this.#shared.note(tenant, credential);
    return { headers: headersOf(policy, plan, left, milliseconds) };
  }

  /** A sender whose share is its own: it is told of that, and not of what its organization may ask. */
  async #countKind({ tenant, credential, kind }: Sender, whole: Plan, { each, together }: KindShares) {
    const plan = partOf(whole, each);
    const policy = policyOf(plan);
    const all = groupOf(kind);
    const { wait: forItself, left, milliseconds } = await this.#take(`${tenant} ${credential}`, plan);
    const wait =
      forItself ??
      (await this.#take(`${tenant} ${all}`, partOf(whole, together))).wait ??
      (await this.#take(tenant, whole)).wait;
    if (wait !== undefined) return refused(policy, plan, wait);
    this.#shared.note(tenant, credential);
    this.#shared.note(tenant, all);
    return { headers: headersOf(policy, plan, left, milliseconds) };
  }

  /** What is refused within a second is not counted for the minute. */
  async #take(key: string, { perMinute, burst }: Plan): Promise<Taken> {
    const second = await this.#seconds.penalty(key);
    if (second.consumedPoints > burst) return tooMany(second.msBeforeNext);
    const minute = await this.#minutes.penalty(key);
    if (minute.consumedPoints > perMinute) return tooMany(minute.msBeforeNext);
    return { left: perMinute - minute.consumedPoints, milliseconds: minute.msBeforeNext };
  }

  /** What another process has let through since it was last asked. */
  async #add({ tenant, credential, requests }: Seen): Promise<void> {
    await this.#minutes.penalty(`${tenant} ${credential}`, requests);
    // All senders of a kind are counted beside themselves.
    if (isGroup(credential)) return;
    await this.#minutes.penalty(tenant, requests);
    this.#known.get(tenant)?.senders.set(credential, this.now());
  }

  async #of(tenant: string): Promise<Known> {
    const known = this.#known.get(tenant);
    const now = this.now();
    if (known && now - known.readAt < PLAN_MILLISECONDS && now >= known.readAt) return known;
    const row = await planOf.first(this.own, { id: tenant });
    const name = (row?.['plan'] ?? 'standard') as PlanName;
    const standard = plans[name === 'custom' ? 'standard' : name];
    const plan = {
      perMinute: Number(row?.['per_minute'] ?? standard.perMinute),
      burst: Number(row?.['burst'] ?? standard.burst),
    };
    const senders = known?.senders ?? new Map<string, number>();
    for (const [sender, seenAt] of senders) if (now - seenAt > SENDER_MILLISECONDS) senders.delete(sender);
    const read = { plan, policy: policyOf(plan), senders, readAt: now };
    this.#known.set(tenant, read);
    return read;
  }
}

/** No id of a credential begins with it. */
const groupOf = (kind: string): string => `*${kind}`;
const isGroup = (credential: string): boolean => credential.startsWith('*');

const policyOf = ({ perMinute, burst }: Plan): string =>
  `${String(perMinute)};w=${String(MINUTE)}, ${String(burst)};w=1`;

const tooMany = (wait: number): Taken => ({ wait, left: 0, milliseconds: wait });

function refused(policy: string, plan: Plan, milliseconds: number): { headers: LimitHeaders; refused: OutcomeError } {
  const seconds = String(Math.max(1, Math.ceil(milliseconds / 1000)));
  const error = new OutcomeError(429, 'throttled', 'Too many requests for this organization; please wait', {
    headers: { 'Retry-After': seconds },
  });
  return { headers: headersOf(policy, plan, 0, milliseconds), refused: error };
}

/** https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06, as express-rate-limit sends them. */
const headersOf = (policy: string, plan: Plan, remaining: number, milliseconds: number): LimitHeaders => [
  'RateLimit-Policy',
  policy,
  'RateLimit-Limit',
  String(plan.perMinute),
  'RateLimit-Remaining',
  String(Math.max(0, remaining)),
  'RateLimit-Reset',
  String(Math.ceil(milliseconds / 1000)),
];
