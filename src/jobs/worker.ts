import type { Database } from '../store/database.js';
import { committed } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import { claim } from './claim.js';
import type { Job } from './job.js';
import { JobError, nextTry, type RetryRule } from './retry.js';
import { bury, finish, postpone, release, renew } from './settle.js';

/** What a job changes in the database. */
export interface Effect {
  readonly statements: readonly PlannedStatement[];
  /** Called when it is on disk. */
  readonly committed?: () => void;
}

export interface Queue {
  readonly name: string;
  /** Jobs that this process does at a time. */
  readonly concurrency: number;
  /** An organization that has so many of them under way gets no more: whoever does not answer holds up its own. */
  readonly share?: number;
  readonly retry: RetryRule;
  /** A process that is gone is noticed after this; one that lives renews it. */
  readonly leaseMilliseconds?: number;
  /**
   * Does one job, perhaps for the second time: what it changes in the database, it returns, and that is committed
   * together with the job's end. Errors: JobError; any other is a fault, and is tried again.
   */
  handle(job: Job, signal: AbortSignal): Promise<Effect | Effect['statements']>;
}

export interface WorkerOptions {
  readonly db: Database;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const LEASE_MILLISECONDS = 60_000;
const LOOK_EVERY_MILLISECONDS = 1000;
/** When a worker is stopped, what is under way may end by itself this long. */
const GRACE_MILLISECONDS = 5000;

/** Somebody else changed what a job was about to change: nothing is wrong, and it is done over at once. */
class ConflictError extends JobError {}

const soon = (): number => 50 + Math.round(Math.random() * 200);

/** Does the jobs of one queue until it is stopped. Any number of processes may have one for the same queue. */
export class Worker {
  readonly #running = new Set<Promise<void>>();
  /** How many of them each organization has. */
  readonly #shares = new Map<string, number>();
  /** Of the jobs under way. Each has its own: a signal of the worker's would remember every job that it ever had. */
  readonly #aborts = new Set<AbortController>();
  #givesUp = false;
  readonly #lease: number;
  #stopping = false;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly queue: Queue,
    private readonly options: WorkerOptions,
  ) {
    this.#lease = queue.leaseMilliseconds ?? LEASE_MILLISECONDS;
  }

  start(): this {
    this.#timer = setInterval(() => this.wake(), LOOK_EVERY_MILLISECONDS);
    this.wake();
    return this;
  }

  /** There may be something to do: called after a commit, so that nobody waits for the next look. */
  wake(): void {
    if (this.#stopping || !this.#timer) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#look()
      .catch(this.options.onError)
      .finally(() => {
        this.#looking = undefined;
        const again = this.#lookAgain;
        this.#lookAgain = false;
        if (again) this.wake();
      });
  }

  /** Takes nothing more, and ends when what is under way has ended or was given back. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#looking;
    const timer = setTimeout(() => {
      this.#givesUp = true;
      for (const each of this.#aborts) each.abort();
    }, GRACE_MILLISECONDS);
    await Promise.all(this.#running);
    clearTimeout(timer);
  }

  async #look(): Promise<void> {
    const { db, now } = this.options;
    const { name, concurrency, share = concurrency } = this.queue;
    for (;;) {
      const most = Math.min(concurrency - this.#running.size, share);
      if (most <= 0 || this.#stopping) return;
      const busy = [...this.#shares].filter(([, count]) => count >= share).map(([tenant]) => tenant);
      const jobs = await claim(db, name, most, { now: now(), leaseMilliseconds: this.#lease, busy });
      for (const job of jobs) this.#begin(job);
      if (jobs.length < most) return;
    }
  }

  #begin(job: Job): void {
    const { tenant } = job;
    this.#shares.set(tenant, (this.#shares.get(tenant) ?? 0) + 1);
    const running = this.#run(job)
      .catch(this.options.onError)
      .finally(() => {
        this.#running.delete(running);
        const left = (this.#shares.get(tenant) ?? 1) - 1;
        if (left > 0) this.#shares.set(tenant, left);
        else this.#shares.delete(tenant);
        this.wake();
      });
    this.#running.add(running);
  }

  async #run(job: Job): Promise<void> {
    const { db, now, onError } = this.options;
    const abort = new AbortController();
    this.#aborts.add(abort);
    const renewal = setInterval(() => {
      renew(db, job, now() + this.#lease).then((held) => {
        if (!held) abort.abort();
      }, onError);
    }, this.#lease / 3);
    try {
      if (job.attempts > this.queue.retry.attempts) throw new JobError('attempts-used-up', { final: true });
      const effect = await this.queue.handle(job, abort.signal);
      const { statements, committed: tell }: Effect = 'statements' in effect ? effect : { statements: effect };
      const done = await committed(db, [...statements, await finish(db, job, now())]);
      if (!done) throw new ConflictError('conflict');
      tell?.();
    } catch (error) {
      await this.#failed(job, error);
    } finally {
      clearInterval(renewal);
      this.#aborts.delete(abort);
    }
  }

  async #failed(job: Job, error: unknown): Promise<void> {
    const { db, now, onError } = this.options;
    if (this.#givesUp) {
      await release(db, job, now());
      return;
    }
    if (!(error instanceof JobError)) onError(error);
    const { reason, final, notBefore } = error instanceof JobError ? error : new JobError('unexpected');
    const next = final ? undefined : nextTry(job, this.queue.retry, now(), notBefore);
    if (next === undefined) await bury(db, job, reason, now());
    else await postpone(db, job, error instanceof ConflictError ? now() + soon() : next, reason, now());
  }
}
