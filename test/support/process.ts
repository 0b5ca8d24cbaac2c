import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertBuilt, cli } from './command.js';
import { freshDatabase } from './database.js';
import { freePort } from './server.js';

const SECRET = 'a secret for tests, which opens nothing';

/** Several `portico serve` on one database, behind one public URL, as a load balancer would have them. */
export interface Processes {
  readonly databaseUrl: string;
  readonly env: Record<string, string>;
  /** Where each of them listens. */
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** Starts real processes: PostgreSQL where the suite has it, else one SQLite file. */
export async function startProcesses(count: number): Promise<Processes> {
  assertBuilt();
  const database = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'portico-'));
  const memory = database.url === 'sqlite::memory:';
  const databaseUrl = memory ? `sqlite:${join(folder, 'portico.sqlite')}` : database.url;
  const env = { PORTICO_DATABASE_URL: databaseUrl, PORTICO_SECRET: SECRET, PORTICO_LOG_LEVEL: 'silent' };
  const children: ChildProcess[] = [];
  const urls: string[] = [];
  // One after the other: the first sets up an empty database.
  for (let started = 0; started < count; started += 1) {
    const port = await freePort();
    urls.push(`http://localhost:${String(port)}`);
    children.push(await serveAt(port, { ...env, PORTICO_BASE_URL: urls[0] as string }));
  }
  return {
    ...{ databaseUrl, env, urls },
    stop: async () => {
      await Promise.all(children.map(end));
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when it listens. */
function serveAt(port: number, env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: { PATH: process.env['PATH'], ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Stop it with Ctrl-C')) resolve(child);
    });
    child.once('exit', () => reject(new Error(`portico serve ended: ${said}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
