import { createHash } from 'node:crypto';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import type { FailureRule } from './rules.js';

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

/** Above every count that is looked at. */
const MANY = 1_000_000;

/** Failed attempts, counted in the database for all processes. A key is hashed: it may hold an e-mail address. */
export class Failures {
  constructor(
    private readonly own: Database,
    private readonly now: () => number,
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
    if (count >= rule.failures) throw this.#limited(endsAt);
  }

  /** After an attempt that failed. */
  async count(key: string, rule: FailureRule): Promise<void> {
    await this.own.commit({ statements: [await this.#counting(key, rule, MANY)] });
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
      throw this.#limited((await this.of(key, rule)).endsAt);
  }

  /** The attempt was good after all. */
  async forgive(key: string, rule: FailureRule): Promise<void> {
    await this.own.commit({ statements: [await forgive.plan(this.own, { key: keyOf(key, rule) })] });
  }

  #counting(key: string, rule: FailureRule, most: number): Promise<PlannedStatement> {
    const now = this.now();
    return countBelow.plan(this.own, { key: keyOf(key, rule), now, expire: now + rule.seconds * 1000, most });
  }

  #limited(endsAt: number): LimitedError {
    return new LimitedError(Math.max(1, Math.ceil((endsAt - this.now()) / 1000)));
  }
}

const keyOf = (key: string, { failures, seconds }: FailureRule): string =>
  `${String(failures)}/${String(seconds)} ${createHash('sha256').update(key).digest('base64url')}`;
