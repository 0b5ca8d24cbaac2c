import { open, type FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 256 * 1024;
/** The most that a UTF-16 unit takes in UTF-8. */
const BYTES_OF_UNIT = 3;

/** A file of lines, written through one buffer: each text is copied once, and leaves nothing to be collected. */
export class Lines {
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #used = 0;

  private constructor(private readonly file: FileHandle) {}

  /** Replaces what the file held. */
  static async open(path: string): Promise<Lines> {
    return new Lines(await open(path, 'w'));
  }

  async add(line: string): Promise<void> {
    const most = line.length * BYTES_OF_UNIT + 1;
    if (most > BUFFER_BYTES - this.#used) await this.#flush();
    if (most > BUFFER_BYTES) return this.file.appendFile(`${line}\n`);
    this.#used += this.#buffer.write(line, this.#used, 'utf8');
    this.#used += this.#buffer.write('\n', this.#used, 'utf8');
  }

  /** All is in the file when it answers, unless there was an error. */
  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.file.close();
    }
  }

  async #flush(): Promise<void> {
    await this.file.appendFile(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}
