import type { Ehr } from './ehr.js';
import type { Folder } from './folder.js';
import { WatchError } from './ask.js';
import type { Upstream } from './upstream.js';

export interface WatchOptions {
  readonly upstream: Upstream;
  readonly folder: Folder;
  readonly ehr: Ehr | undefined;
  /** How far a look goes back. */
  readonly lookBackHours: number;
  /** A line for whoever watches; ids alone. */
  readonly say: (line: string) => void;
}

/** Brings summaries from the one side to the other: each once, whatever fails in between. */
export class Watch {
  readonly #busy = new Map<string, Promise<void>>();

  constructor(private readonly options: WatchOptions) {}

  /** All channels that were stopped lately. What fails is said, and tried again by the next look. */
  async look(): Promise<{ failed: number }> {
    const since = new Date(Date.now() - this.options.lookBackHours * 3_600_000);
    let failed = 0;
    for (const id of await this.options.upstream.stopped(since)) {
      try {
        await this.bring(id);
      } catch (error) {
        if (!(error instanceof WatchError)) throw error;
        failed += 1;
        this.options.say(`${id}: ${error.message}; it is tried again`);
      }
    }
    return { failed };
  }

  /** One channel. Two calls for the same at a time would file it twice. Errors: WatchError. */
  async bring(id: string): Promise<void> {
    const turn = (this.#busy.get(id) ?? Promise.resolve()).catch(() => undefined).then(() => this.#bring(id));
    this.#busy.set(id, turn);
    try {
      await turn;
    } finally {
      if (this.#busy.get(id) === turn) this.#busy.delete(id);
    }
  }

  async #bring(id: string): Promise<void> {
    const { upstream, folder, ehr, say } = this.options;
    const before = folder.known(id);
    const waits = ehr !== undefined && before !== undefined && before.document === undefined;
    const summary = await upstream.summary(id, waits ? undefined : before?.sha256);
    if (!summary) return;
    const isNew = summary.sha256 !== before?.sha256;
    const file = isNew ? await folder.store(id, summary) : before.file;
    // In the folder whatever the EHR says.
    if (isNew) {
      await folder.note(id, { sha256: summary.sha256, file, document: before?.document });
      say(`${id}: ${file}`);
    }
    if (!ehr) return;
    const document = await ehr.file(await upstream.channel(id), summary, before?.document);
    if (document !== undefined) {
      await folder.note(id, { sha256: summary.sha256, file, document });
      say(`${id}: DocumentReference/${document}`);
    } else if (isNew) say(`${id}: not filed in the EHR, since no one patient there has its record number and name`);
  }
}
