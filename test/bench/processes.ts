import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Everything is measured in processes of its own, without the loader that this one runs with. */
export function start(
  script: string,
  { args = [], environment = {} }: { args?: string[]; environment?: Readonly<Record<string, string>> } = {},
): ChildProcess {
  return fork(fileURLToPath(new URL(`processes/${script}.js`, import.meta.url)), args, {
    execArgv: [],
    env: { PATH: process.env['PATH'], ...environment },
    // Log lines are written as in production, to nobody.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** The next message of a process; fails when the process ends without one. */
export async function answer<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`a process of the bench ended with ${String(code)}`);
  });
  exit.catch(() => undefined);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal: ended.signal }), exit])) as [T];
    return message;
  } finally {
    ended.abort();
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Memory that no file stands behind, in MB; undefined where the system does not tell. */
export function anonymousMemory(pid: number | undefined): number | undefined {
  const file = `/proc/${String(pid)}/status`;
  const kilobytes = existsSync(file) ? /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
}

/** Compiles the product unless what is compiled is newer than its source. */
export function build(): void {
  const built = join(root, 'dist/src/main.js');
  const sources = ['src', 'fhir', 'migrations'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)),
  );
  const newest = Math.max(...sources.map((name) => statSync(name).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs > newest && existsSync(join(root, 'dist/definitions'))) return;
  const { status } = spawnSync('npm', ['run', 'build'], { stdio: ['ignore', 'ignore', 'inherit'], cwd: root });
  if (status !== 0) throw new Error('the product does not compile');
}
