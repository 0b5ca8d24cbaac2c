import { createHash } from 'node:crypto';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import type { FailureRule, Limit } from './rules.js';

/** Somebody failed too often: 429, with the time after which it may be tried again. */
export class LimitedError extends OutcomeError {
  constructor(readonly retryAfterSeconds: number) {
    super(429, 'throttled', 'Too many failed attempts; please wait', {
      headers: { 'Retry-After': String(retryAfterSeconds) },
    });
  }
}

// The window begins with its first failure and is not prolonged by others: the semantics of rate-limiter-flexible. Its
// own knex store is not used: it would write into the read transaction that is open on our one SQLite connection.
const countBelow = statement<Record<string, unknown>>((knex, $) =>
  knex('rate_limit')
    .insert({ key: $('key'), points: 1, expire: $('expire') })
    .onConflict('key')
    .merge({
      points: knex.raw('case when rate_limit.expire <= ? then 1 else rate_limit.points + 1 end', [$('now')]),
      expire: knex.raw('case when rate_limit.expire <= ? then excluded.expire else rate_limit.expire end', [$('now')]),
    })
    .where((or) => void or.where('rate_limit.expire', '<=', $('now')).orWhere('rate_limit.points', '<', $('most'))),
);

const forgive = statement<Record<string, unknown>>((knex, $) =>
  knex('rate_limit')
    .where('key', $('key'))
    .where('points', '>', 0)
    .update({ points: knex.raw('points - 1') }),
);

const counted = statement<{ key: string; now: number }>((knex, $) =>
  knex('rate_limit').where('key', $('key')).where('expire', '>', $('now')).select('points', 'expire'),
);

const countedOf = statement<Record<string, unknown>>((knex, $) =>
  knex('rate_limit')
    .whereIn('key', [$('first'), $('second'), $('third')])
    .where('expire', '>', $('now'))
    .select('key', 'points', 'expire'),
);

/** Above every count that is looked at. */
const MANY = 1_000_000;

/** Failed attempts, counted in the database for all processes. A key is hashed: it may hold an e-mail address. */
export class Failures {
  /** Until when the operator is not told again of the same. */
  readonly #told = new Map<string, number>();

  constructor(
    private readonly own: Database,
    private readonly now: () => number,
    private readonly alarm: (what: string) => void = () => undefined,
  ) {}

  /** How many there were within the rule's time, and when that ends. */
  async of(key: string, rule: FailureRule): Promise<{ count: number; endsAt: number }> {
    const now = this.now();
    const row = await counted.first(this.own, { key: keyOf(key, rule), now });
    return row ? { count: Number(row['points']), endsAt: Number(row['expire']) } : { count: 0, endsAt: now };
  }

  /** Before an attempt. Errors: LimitedError. */
  async check(key: string, rule: FailureRule): Promise<void> {
    const { count, endsAt } = await this.of(key, rule);
    if (count >= rule.failures) throw this.#limited(rule, endsAt);
  }

  /** The same for up to three at once, in one question. Errors: LimitedError. */
  async checkAll(limits: readonly Limit[]): Promise<void> {
    const [first = '', second = '', third = ''] = limits.map(([key, rule]) => keyOf(key, rule));
    for (const row of await countedOf.all(this.own, { first, second, third, now: this.now() })) {
      const rule = limits.find(([key, rule]) => keyOf(key, rule) === row['key'])?.[1];
      if (rule && Number(row['points']) >= rule.failures) throw this.#limited(rule, Number(row['expire']));
    }
  }

  /** After an attempt that failed. */
  async count(...limits: readonly Limit[]): Promise<void> {
    const statements = limits.map(([key, rule]) => this.#counting(key, rule, MANY));
    await this.own.commit({ statements: await Promise.all(statements) });
    for (const [key, rule] of limits) {
      if (rule.alarm === undefined) continue;
      const { count, endsAt } = await this.of(key, rule);
      if (count >= rule.failures) this.#tell(rule, endsAt);
    }
  }

  /**
   * Counts an attempt as failed before anybody knows, so that those who come at once cannot all be let through; `forgive`
   * takes it back. Errors: LimitedError.
   */
  async attempt(key: string, rule: FailureRule): Promise<void> {
    // Who is over the limit already costs a read and no write.
    await this.check(key, rule);
    const counting = await this.#counting(key, rule, rule.failures);
    if (!(await committed(this.own, [{ ...counting, rows: 1 }])))
      throw this.#limited(rule, (await this.of(key, rule)).endsAt);
  }

  /** The attempts were good after all. */
  async forgive(...limits: readonly Limit[]): Promise<void> {
    const statements = limits.map(([key, rule]) => forgive.plan(this.own, { key: keyOf(key, rule) }));
    await this.own.commit({ statements: await Promise.all(statements) });
  }

  #counting(key: string, rule: FailureRule, most: number): Promise<PlannedStatement> {
    const now = this.now();
    return countBelow.plan(this.own, { key: keyOf(key, rule), now, expire: now + rule.seconds * 1000, most });
  }

  #tell({ alarm }: FailureRule, endsAt: number): void {
    if (alarm === undefined || this.now() < (this.#told.get(alarm) ?? -Infinity)) return;
    this.#told.set(alarm, endsAt);
    this.alarm(alarm);
  }

  #limited(rule: FailureRule, endsAt: number): LimitedError {
    this.#tell(rule, endsAt);
    return new LimitedError(Math.max(1, Math.ceil((endsAt - this.now()) / 1000)));
  }
}

const keyOf = (key: string, { failures, seconds }: FailureRule): string =>
  `${String(failures)}/${String(seconds)} ${createHash('sha256').update(key).digest('base64url')}`;
