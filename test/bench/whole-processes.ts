import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataOf } from './data.js';
import type { Bench, Measurement } from './measurements.js';
import { anonymousMemory, answer, start, stop } from './processes.js';
import { median, sample } from './rounds.js';
import { COLD } from './servers.js';
import { TENANT } from './templates.js';

/** From the start of a process to its first 200. Portico has validated an Observation by then. */
export const startUp: Measurement = {
  bars: [{ name: 'start to listening, validator loaded, over bare Koa', bar: '<= 2.2', stretch: '<= 1.5' }],
  measure: async ({ data, effort, note }) => {
    const ratios: number[] = [];
    for (let round = 0; round < Math.max(effort.rounds, 2); round++) {
      const bare = await timeToStart('bare-koa', '/', {});
      const portico = await timeToStart('portico', '/readyz', { args: ['--validator'], environment: data.environment });
      // The first round fills the caches of the disk.
      if (round > 0) ratios.push(portico / bare);
      note(`start: ${portico.toFixed(0)} ms; bare Koa: ${bare.toFixed(0)} ms`);
    }
    return [median(ratios)];
  },
};

async function timeToStart(script: string, path: string, options: Parameters<typeof start>[1]): Promise<number> {
  const started = performance.now();
  const child = start(script, options);
  const { port } = await answer<{ port: number }>(child);
  const { status } = await fetch(`http://127.0.0.1:${String(port)}${path}`);
  const time = performance.now() - started;
  await stop(child);
  if (status !== 200) throw new Error(`${script} answers ${String(status)} when it starts`);
  return time;
}

/** NDJSON of an organization, in pages and as one text. */
export const exporting = (resources: number): Measurement => ({
  bars: [
    { name: `export of ${String(resources)} over building it in memory: speed`, bar: '>= 1.8', stretch: '>= 3.5' },
    { name: `export of ${String(resources)} over building it in memory: memory`, bar: '<= 0.2' },
  ],
  measure: async ({ effort, note }) => {
    const data = await dataOf(resources);
    const speeds: number[] = [];
    const memories: number[] = [];
    for (let round = 0; round < Math.min(effort.rounds, 5); round++) {
      const [pages, whole] = [await run('pages', data.environment), await run('memory', data.environment)];
      speeds.push(whole.seconds / pages.seconds);
      if (whole.memory > 0) memories.push(pages.memory / whole.memory);
      note(`export: ${said(pages)} in pages, ${said(whole)} in memory`);
    }
    return [median(speeds), memories.length === 0 ? undefined : median(memories)];
  },
});

interface Exported {
  readonly seconds: number;
  readonly resources: number;
  /** The most that the process held at a time, in MB: what is mapped of the file is not its own. */
  readonly memory: number;
}

const said = ({ seconds, memory }: Exported): string => `${seconds.toFixed(2)} s and ${memory.toFixed(0)} MB`;

async function run(way: string, environment: Readonly<Record<string, string>>): Promise<Exported> {
  const folder = mkdtempSync(join(tmpdir(), 'portico-bench-'));
  const child = start('export', { args: [way, TENANT, folder], environment });
  let memory = 0;
  const watch = setInterval(() => (memory = Math.max(memory, anonymousMemory(child.pid) ?? 0)), 5);
  try {
    const { seconds, resources } = await answer<Omit<Exported, 'memory'>>(child);
    return { seconds, memory, resources };
  } finally {
    clearInterval(watch);
    rmSync(folder, { recursive: true });
  }
}

const cores = availableParallelism();

/** Two servers of one database, each with a client of its own, beside one with one. */
export const twoProcesses: Measurement = {
  bars: [
    {
      name: `two processes over one${cores < 4 ? ` (wants 4 cores; there are ${String(cores)})` : ''}: req/s`,
      bar: '>= 1.4',
      stretch: '>= 1.8',
    },
  ],
  measure: async ({ servers, loads, effort, data }: Bench) => {
    const [first, second] = [await servers.portico(data, COLD), await servers.portico(data, COLD, 'second')];
    const paths = data.patients.map((id) => `Observation?patient=${id}&_sort=-date&_count=20`);
    const load = (at: 0 | 1) => {
      const server = [first, second][at] as typeof first;
      return sample(loads[at], { server, requests: paths.map((path) => server.request(path)) }, effort.milliseconds);
    };
    await Promise.all([load(0), load(1)]);
    const ratios: number[] = [];
    for (let round = 0; round < effort.rounds; round++) {
      const { rate } = await load(0);
      const [one, other] = await Promise.all([load(0), load(1)]);
      ratios.push((one.rate + other.rate) / rate);
    }
    return [median(ratios)];
  },
};
