import type { Command } from 'commander';
import { readConfig } from '../config.js';
import { openPortico, type OpenOptions, type Portico } from '../open.js';
import { ConfigurationError, OutcomeError } from '../outcome.js';
import { pending } from '../store/migrate.js';

/** How a command ended: 0 done, 1 refused or failed, 2 wrongly called or configured. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    text: string,
    readonly exitCode: 1 | 2 = 1,
  ) {
    super(text);
  }
}

/** What a command says: lines for people, or one JSON value for programs. */
export interface Said {
  readonly json: unknown;
  readonly lines: readonly string[];
  /** The command did its work, but refused some of it. */
  readonly failed?: boolean;
}

/** Runs a command and says what it did, in lines or with --json; faults go to stderr and set the exit code. */
export async function run(command: Command, work: () => Promise<Said | undefined>): Promise<void> {
  const { json } = command.opts<{ json?: boolean }>();
  try {
    const said = await work();
    if (!said) return;
    process.stdout.write(json ? `${JSON.stringify(said.json, null, 2)}\n` : `${said.lines.join('\n')}\n`);
    if (said.failed) process.exitCode = 1;
  } catch (error) {
    const { text, code } = faultOf(error);
    process.stderr.write(json ? `${JSON.stringify({ error: text })}\n` : `${text}\n`);
    process.exitCode = code;
  }
}

function faultOf(error: unknown): { text: string; code: number } {
  if (error instanceof ConfigurationError) return { text: error.message, code: 2 };
  if (error instanceof CommandError) return { text: error.message, code: error.exitCode };
  if (isClosed(error)) return { text: `The database cannot be opened: ${error.message}`, code: 2 };
  if (error instanceof OutcomeError) return { text: error.issues.map((issue) => issue.text).join('\n'), code: 1 };
  // A file that cannot be read or written: the system's own words name it.
  if (error instanceof Error && 'syscall' in error) return { text: error.message, code: 1 };
  if (error instanceof Error) return { text: error.stack ?? error.message, code: 1 };
  return { text: String(error), code: 1 };
}

/** A database that is not there, or does not let us in: PostgreSQL's classes 08, 28 and 3D, and the network. */
const isClosed = (error: unknown): error is Error =>
  error instanceof Error &&
  (('code' in error && /^(08|28|3D)\w{3}$/.test(String(error.code))) ||
    ('syscall' in error && /^(connect|getaddrinfo)$/.test(String(error.syscall))));

/** Opens the configured databases for one command and closes them after it. They must be migrated. */
export async function withPortico<T>(work: (portico: Portico) => Promise<T>, options: OpenOptions = {}): Promise<T> {
  const portico = await openPortico(readConfig(), options);
  try {
    const missing = await pending(portico.own);
    if (missing.length > 0) throw new CommandError('The database is not up to date; run: portico migrate', 2);
    return await work(portico);
  } finally {
    await portico.close();
  }
}

export const withJson = (command: Command): Command => command.option('--json', 'print JSON instead of lines');

/** A progress line on stderr that replaces itself; silent where stderr is no terminal. */
export function progressLine(): { show(text: string): void; clear(): void } {
  let shownAt = 0;
  return {
    show: (text) => {
      if (!process.stderr.isTTY || Date.now() - shownAt < 100) return;
      shownAt = Date.now();
      process.stderr.write(`\r\u001b[K${text}`);
    },
    clear: () => {
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    },
  };
}
