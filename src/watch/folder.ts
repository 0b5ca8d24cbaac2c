import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchError } from './ask.js';
import type { Summary } from './upstream.js';

/** What became of the summary of a channel. */
export interface Filed {
  readonly sha256: string;
  readonly file: string;
  /** Its document in the EHR; undefined while it is not there. */
  readonly document?: string | undefined;
}

const LEDGER = '.portico-watch.json';

/** The folder in which summaries lie, and a ledger of them beside them. Both are for their owner alone. */
export class Folder {
  private constructor(
    private readonly path: string,
    private readonly filed: Map<string, Filed>,
  ) {}

  static async open(path: string): Promise<Folder> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const text = await readFile(join(path, LEDGER), 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '{}';
      throw error;
    });
    try {
      return new Folder(path, new Map(Object.entries(JSON.parse(text) as Record<string, Filed>)));
    } catch (cause) {
      throw new WatchError(`${join(path, LEDGER)} is not a ledger; move it away to begin anew`, { cause });
    }
  }

  known(channel: string): Filed | undefined {
    return this.filed.get(channel);
  }

  /** Whole or not at all, under a name of its own for each version: nothing is written over. */
  async store(channel: string, { bytes, sha256 }: Summary): Promise<string> {
    if (!/^[A-Za-z0-9-][A-Za-z0-9\-.]{0,63}$/.test(channel))
      throw new WatchError('A channel has an id that is no name of a file');
    const file = `${channel}-${sha256.slice(0, 12)}.pdf`;
    await this.#replace(file, bytes);
    return file;
  }

  async note(channel: string, filed: Filed): Promise<void> {
    this.filed.set(channel, filed);
    await this.#replace(LEDGER, Buffer.from(`${JSON.stringify(Object.fromEntries(this.filed), null, 2)}\n`));
  }

  async #replace(name: string, bytes: Buffer): Promise<void> {
    const target = join(this.path, name);
    const beside = join(this.path, `.${name}.part`);
    await writeFile(beside, bytes, { mode: 0o600 });
    await chmod(beside, 0o600);
    await rename(beside, target);
  }
}
