import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bareDatabase } from './database.js';

export const root = fileURLToPath(new URL('../../', import.meta.url));
/** The product's command, as it is shipped. */
export const cli = join(root, 'dist', 'src', 'cli.js');

/** What a process said when it had ended. */
export interface Ended {
  /** The exit code, or the signal that killed it. */
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  readonly json: any;
}

export interface Process {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Waits until standard output or standard error matches. */
  readonly says: (pattern: RegExp) => Promise<string>;
}

/** A folder of its own with a database of its own, and the product's command as a user runs it. */
export interface Workplace {
  readonly folder: string;
  readonly databaseUrl: string;
  run(args: readonly string[], more?: { env?: Record<string, string>; input?: string }): Promise<Ended>;
  begin(args: readonly string[], env?: Record<string, string>): Process;
  leave(): Promise<void>;
}

export async function workplace(): Promise<Workplace> {
  assertBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'portico-test-'));
  const database = await bareDatabase(folder);
  const running = new Set<ChildProcess>();
  const begin = (args: readonly string[], env: Record<string, string> = {}): Process => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: folder,
      env: { ...environment(database.url), ...env },
    });
    running.add(child);
    child.on('close', () => running.delete(child));
    return follow(child);
  };
  return {
    ...{ folder, databaseUrl: database.url, begin },
    run: (args, { env, input } = {}) => {
      const { child, ended } = begin(args, env);
      child.stdin?.end(input);
      return ended;
    },
    leave: async () => {
      for (const child of running) child.kill('SIGKILL');
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Nothing of the tester's own configuration, but what a process needs to run and coverage to be taken. */
function environment(databaseUrl: string): Record<string, string | undefined> {
  const { PATH, HOME, TMPDIR, NODE_V8_COVERAGE } = process.env;
  const secret = databaseUrl.startsWith('sqlite:') ? {} : { PORTICO_SECRET: 'a secret for tests, which opens nothing' };
  return { PATH, HOME, TMPDIR, NODE_V8_COVERAGE, PORTICO_DATABASE_URL: databaseUrl, ...secret };
}

function follow(child: ChildProcess): Process {
  let [out, err] = ['', ''];
  const listeners = new Set<() => void>();
  const hear = (): void => listeners.forEach((listener) => listener());
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    hear();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    hear();
  });
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => {
      hear();
      resolve({
        ...{ code: code ?? String(signal), out, err },
        get json() {
          return JSON.parse(out);
        },
      });
    }),
  );
  const says = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const text = [out, err].find((each) => pattern.test(each));
        if (text !== undefined) resolve(text);
        else if (child.exitCode !== null) reject(new Error(`it ended and never said ${String(pattern)}: ${out}${err}`));
        else return;
        listeners.delete(look);
      };
      listeners.add(look);
      look();
    });
  return { child, ended, says };
}

let isFresh: boolean | undefined;

/** The commands are tested as they are shipped. */
export function assertBuilt(): void {
  isFresh ??= existsSync(cli) && newest(join(root, 'src')) <= newest(join(root, 'dist', 'src'));
  assert.ok(isFresh, 'dist/ is older than src/; run: npm run build');
}

const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
