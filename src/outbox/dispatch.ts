import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import { GuardError, type PlannedStatement } from '../store/plan.js';

/** Something that was written: what others may want to be told of. */
export interface Change {
  /** Ascends, and has gaps. */
  readonly sequence: number;
  readonly tenant: string;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** The one patient whose it is. */
  readonly patient: string | undefined;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
}

/** Says what follows from changes: statements that are committed with the mark that they have been told. */
export interface Teller {
  tell(changes: readonly Change[]): Promise<readonly PlannedStatement[]>;
  /** What it planned is on disk. */
  told(): void;
}

export interface DispatchOptions {
  readonly db: Database;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const EVERY_MILLISECONDS = 250;
const BATCH = 200;
/** A change of which nothing can be told now does not hold up the others. */
const ASIDE_MILLISECONDS = 60_000;
const KEPT_MILLISECONDS = 24 * 3_600_000;

const untold = statement<{ after: number }>((knex, $) =>
  knex('outbox').whereNull('told_at').where('sequence', '>', $('after')).orderBy('sequence').limit(BATCH).select('*'),
);

const old = statement<{ before: number }>((knex, $) =>
  knex('outbox').where('at', '<', $('before')).whereNotNull('told_at').delete(),
);

/**
 * Goes through the outbox. The mark that a change was told, and all that follows from it, are one transaction: whatever
 * processes do so at the same time, and wherever one of them dies, each change is told once.
 */
export class Dispatcher {
  readonly #aside = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopping = false;
  #forgotAt = 0;

  constructor(
    private readonly tellers: readonly Teller[],
    private readonly options: DispatchOptions,
  ) {}

  start(): this {
    this.#timer = setInterval(() => this.#wake(), EVERY_MILLISECONDS);
    this.#wake();
    return this;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  #wake(): void {
    this.#running ??= this.#drain()
      .catch(this.options.onError)
      .finally(() => (this.#running = undefined));
  }

  async #drain(): Promise<void> {
    const { db, now } = this.options;
    let after = 0;
    for (;;) {
      const rows = await untold.all(db, { after });
      if (rows.length === 0 || this.#stopping) break;
      after = Number(rows.at(-1)?.['sequence']);
      const changes = rows.map(changeOf).filter(({ sequence }) => (this.#aside.get(sequence) ?? 0) <= now());
      if (changes.length > 0) await this.#tell(changes);
    }
    if (now() - this.#forgotAt > ASIDE_MILLISECONDS) await this.#forget();
  }

  async #tell(changes: readonly Change[]): Promise<void> {
    const { onError, now } = this.options;
    try {
      await this.#commit(changes);
    } catch (error) {
      // Another process was faster: what it left is found by the next look.
      if (error instanceof GuardError) return;
      if (changes.length > 1) {
        for (const change of changes) await this.#tell([change]);
        return;
      }
      onError(error);
      for (const { sequence } of changes) this.#aside.set(sequence, now() + ASIDE_MILLISECONDS);
    }
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const { db } = this.options;
    const follows: PlannedStatement[] = [];
    for (const teller of this.tellers) follows.push(...(await teller.tell(changes)));
    // Told again after a crash, everything that follows has the same id and is there already: it need not be synced.
    await db.commit({ statements: [await this.#mark(changes), ...follows], unsynced: true });
    for (const { sequence } of changes) this.#aside.delete(sequence);
    if (follows.length > 0) for (const teller of this.tellers) teller.told();
  }

  async #mark(changes: readonly Change[]): Promise<PlannedStatement> {
    const { db, now } = this.options;
    const knex = await db.knex();
    const sequences = changes.map(({ sequence }) => sequence);
    const query = knex('outbox').whereIn('sequence', sequences).whereNull('told_at').update({ told_at: now() });
    const { sql, bindings } = query.toSQL().toNative();
    return { sql, bindings, rows: changes.length };
  }

  async #forget(): Promise<void> {
    const { db, now } = this.options;
    this.#forgotAt = now();
    await db.commit({ statements: [await old.plan(db, { before: now() - KEPT_MILLISECONDS })], unsynced: true });
  }
}

const changeOf = (row: Row): Change => ({
  sequence: Number(row['sequence']),
  tenant: row['organization_id'] as string,
  type: row['type'] as string,
  id: row['resource_id'] as string,
  version: Number(row['version']),
  method: row['method'] as Change['method'],
  patient: (row['patient_id'] as string | null) ?? undefined,
  at: Number(row['at']),
});
