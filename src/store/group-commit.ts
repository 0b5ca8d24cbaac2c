import type BetterSqlite3 from 'better-sqlite3';
import { driver } from './driver.js';
import { GuardError, unmet, type Plan, type PlannedStatement } from './plan.js';

interface Waiting {
  readonly plan: Plan;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One transaction for all plans of a turn of the event loop, a savepoint each: writers share the price of one sync.
 * They are answered after COMMIT; when that fails, all of them fail.
 */
export class GroupCommit {
  #waiting: Waiting[] = [];
  #scheduled: Promise<void> | undefined;
  #syncs = true;

  constructor(
    private readonly handle: BetterSqlite3.Database,
    private readonly prepare: (sql: string) => BetterSqlite3.Statement,
    private readonly snapshot: { close(): void },
  ) {}

  add(plan: Plan): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ plan, resolve, reject });
      this.#scheduled ??= new Promise((done) => {
        setImmediate(() => {
          this.#scheduled = undefined;
          this.#flush();
          done();
        });
      });
    });
  }

  async drained(): Promise<void> {
    await this.#scheduled;
  }

  #flush(): void {
    const group = this.#waiting;
    this.#waiting = [];
    const outcomes: (() => void)[] = [];
    this.snapshot.close();
    this.#sync(!group.every(({ plan }) => plan.unsynced));
    try {
      this.handle.exec('begin immediate');
      for (const waiting of group) outcomes.push(this.#run(waiting));
      this.handle.exec('commit');
    } catch (error) {
      if (this.handle.inTransaction) this.handle.exec('rollback');
      for (const { reject } of group) reject(error);
      return;
    }
    for (const outcome of outcomes) outcome();
  }

  /** In WAL a commit that syncs takes all that came before it to the disk. */
  #sync(syncs: boolean): void {
    if (syncs === this.#syncs) return;
    this.handle.pragma(`synchronous = ${syncs ? 'FULL' : 'NORMAL'}`);
    this.#syncs = syncs;
  }

  /** How many rows a statement changed or found. */
  #execute({ sql, bindings }: PlannedStatement): number {
    const statement = this.prepare(sql);
    return statement.reader ? statement.all(...bindings).length : statement.run(...bindings).changes;
  }

  /** What to tell the writer once the group is committed. */
  #run({ plan, resolve, reject }: Waiting): () => void {
    this.handle.exec('savepoint plan');
    try {
      for (const planned of plan.statements) {
        const met = this.#execute(planned);
        if (planned.rows !== undefined && met !== planned.rows) throw unmet(planned, met);
      }
      this.handle.exec('release plan');
      return resolve;
    } catch (error) {
      // A full disk and the like may have ended the whole transaction.
      if (!this.handle.inTransaction) throw error;
      this.handle.exec('rollback to plan');
      this.handle.exec('release plan');
      const told = isDuplicate(error) ? new GuardError('the key exists', { cause: error }) : error;
      return () => reject(told);
    }
  }
}

const isDuplicate = (error: unknown): boolean =>
  error instanceof driver.SqliteError &&
  (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY' || error.code === 'SQLITE_CONSTRAINT_UNIQUE');
