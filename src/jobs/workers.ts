import { Worker, type Queue, type WorkerOptions } from './worker.js';

/** The workers of this process: one for each queue. */
export class Workers {
  readonly #workers: ReadonlyMap<string, Worker>;

  constructor(queues: readonly Queue[], options: WorkerOptions) {
    this.#workers = new Map(queues.map((queue) => [queue.name, new Worker(queue, options)]));
  }

  start(): void {
    for (const worker of this.#workers.values()) worker.start();
  }

  /** After a commit that enqueued something. */
  wake(queue: string): void {
    this.#workers.get(queue)?.wake();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }
}
