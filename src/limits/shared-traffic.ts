import { randomBytes } from 'node:crypto';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';

/** What one sender was let through by another process, since this one looked last. */
export interface Seen {
  readonly tenant: string;
  readonly credential: string;
  readonly requests: number;
}

const EVERY_MILLISECONDS = 1000;
/** A row that has not changed for this long belongs to a quiet sender or to a process that is gone. */
const KEPT_MILLISECONDS = 10 * 60_000;

const publish = statement<Record<string, unknown>>((knex, $) =>
  knex('traffic')
    .insert({
      process: $('process'),
      org: $('tenant'),
      credential: $('credential'),
      requests: $('requests'),
      at: $('at'),
    })
    .onConflict(['process', 'org', 'credential'])
    .merge(),
);

const others = statement<{ process: string; after: number }>((knex, $) =>
  knex('traffic')
    .whereNot('process', $('process'))
    .where('at', '>', $('after'))
    .select('process', 'org', 'credential', 'requests'),
);

const forget = statement<{ before: number }>((knex, $) => knex('traffic').where('at', '<', $('before')).delete());

/**
 * Tells other processes on the same database how many requests each sender was let through, and hears it of them. What
 * stands in the database only grows while a process lives: who reads it seldom misses nothing.
 */
export class SharedTraffic {
  readonly #process = randomBytes(6).toString('hex');
  readonly #totals = new Map<string, { tenant: string; credential: string; requests: number; changed: boolean }>();
  readonly #heard = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #exchanging: Promise<void> | undefined;
  #forgotAt = 0;

  constructor(
    private readonly own: Database,
    private readonly now: () => number,
    private readonly add: (seen: Seen) => Promise<void>,
    private readonly alarm: (error: unknown) => void,
  ) {}

  async start(): Promise<void> {
    // What was let through before this process began is not its affair.
    for (const row of await this.#others()) this.#heard.set(keyOf(row), Number(row['requests']));
    this.#timer = setInterval(() => {
      this.#exchanging ??= this.#exchange()
        .catch(this.alarm)
        .finally(() => (this.#exchanging = undefined));
    }, EVERY_MILLISECONDS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#exchanging;
  }

  note(tenant: string, credential: string): void {
    const key = `${tenant} ${credential}`;
    const total = this.#totals.get(key);
    if (!total) this.#totals.set(key, { tenant, credential, requests: 1, changed: true });
    else {
      total.requests++;
      total.changed = true;
    }
  }

  async #exchange(): Promise<void> {
    const at = this.now();
    const changed = [...this.#totals.values()].filter((total) => total.changed);
    for (const total of changed) total.changed = false;
    const plans = changed.map(({ tenant, credential, requests }) =>
      publish.plan(this.own, { process: this.#process, tenant, credential, requests, at }),
    );
    if (plans.length > 0) await this.own.commit({ statements: await Promise.all(plans) });
    for (const row of await this.#others()) {
      const requests = Number(row['requests']);
      const before = this.#heard.get(keyOf(row)) ?? 0;
      this.#heard.set(keyOf(row), requests);
      const [tenant, credential] = [row['org'] as string, row['credential'] as string];
      if (requests > before) await this.add({ tenant, credential, requests: requests - before });
    }
    if (at - this.#forgotAt > KEPT_MILLISECONDS) await this.#forget(at);
  }

  #others(): Promise<Record<string, unknown>[]> {
    return others.all(this.own, { process: this.#process, after: this.now() - KEPT_MILLISECONDS });
  }

  async #forget(at: number): Promise<void> {
    this.#forgotAt = at;
    await this.own.commit({ statements: [await forget.plan(this.own, { before: at - 2 * KEPT_MILLISECONDS })] });
  }
}

const keyOf = (row: Record<string, unknown>): string =>
  [row['process'], row['org'], row['credential']].map(String).join(' ');
