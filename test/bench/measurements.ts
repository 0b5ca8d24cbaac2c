import type { ChildProcess } from 'node:child_process';
import type { Data } from './data.js';
import { anonymousMemory } from './processes.js';
import { compare, sample, type Comparison, type Effort, type Target } from './rounds.js';
import { COLD, type PorticoServer, type Servers } from './servers.js';
import type { Bar } from './table.js';

/** What measurements work with. */
export interface Bench {
  readonly data: Data;
  /** Few observations, to see what the others cost. */
  readonly small: () => Promise<Data>;
  readonly servers: Servers;
  /** Two clients; most measurements need one. */
  readonly loads: readonly [ChildProcess, ChildProcess];
  readonly effort: Effort;
  /** Says something beside the table. */
  readonly note: (text: string) => void;
}

/** Something that is measured at once, and the rows that it yields: a value for each bar. */
export interface Measurement {
  readonly bars: readonly Bar[];
  readonly measure: (bench: Bench) => Promise<readonly (number | undefined)[]>;
}

const search = (patient: string, count = 20): string =>
  `Observation?patient=${patient}&_sort=-date&_count=${String(count)}`;

/** Patients whose pages fit into the entry cache many times over. */
const HOT = 50;

const targetOf = (server: PorticoServer, paths: readonly string[]): Target => ({
  server,
  requests: paths.map((path) => server.request(path)),
});

async function againstBare(
  { servers, loads, effort, data, note }: Bench,
  name: string,
  paths: (data: Data) => readonly string[],
  cacheBytes?: number,
): Promise<Comparison> {
  const bare = await servers.bare();
  const subject = targetOf(await servers.portico(data, cacheBytes), paths(data));
  const found = await compare(loads[0], subject, { server: bare, requests: [bare.request('/')] }, effort);
  note(`${name}: ${figures(found.subject)}; bare Koa: ${figures(found.other)}`);
  return found;
}

const figures = ({ rate, cpu, busy }: Comparison['subject']): string =>
  `${rate.toFixed(0)}/s, ${cpu.toFixed(0)} us of CPU, client ${(busy * 100).toFixed(0)} % busy`;

const rateAndCpu = ({ rate, cpu }: Comparison): number[] => [rate, cpu];

export const requests: readonly Measurement[] = [
  {
    bars: [
      { name: 'GET Patient/[id], row read: req/s', bar: '>= 0.55', stretch: '>= 0.65' },
      { name: 'GET Patient/[id], row read: CPU', bar: '<= 2.1' },
    ],
    measure: async (bench) => {
      const paths = ({ patients }: Data): string[] => patients.map((id) => `Patient/${id}`);
      return rateAndCpu(await againstBare(bench, 'read, row read', paths, COLD));
    },
  },
  {
    bars: [{ name: 'GET Patient/[id], from the cache: req/s', bar: '>= 0.65', stretch: '>= 0.8' }],
    measure: async (bench) => {
      const paths = ({ patients }: Data): string[] => patients.slice(0, HOT).map((id) => `Patient/${id}`);
      return [(await againstBare(bench, 'read, from the cache', paths)).rate];
    },
  },
  {
    bars: [
      { name: 'search of 20, cold: req/s', bar: '>= 0.1', stretch: '>= 0.15' },
      { name: 'search of 20, cold: CPU', bar: '<= 12' },
      { name: 'search of 20, cold: p99 over p50', bar: '<= 5', stretch: '<= 3' },
    ],
    measure: async (bench) => {
      const paths = ({ patients }: Data): string[] => patients.map((id) => search(id));
      const { rate, cpu, tail } = await againstBare(bench, 'search of 20, cold', paths, COLD);
      return [rate, cpu, tail];
    },
  },
  {
    bars: [
      { name: 'search of 20, hot: req/s', bar: '>= 0.18', stretch: '>= 0.25' },
      { name: 'search of 20, hot: CPU', bar: '<= 6' },
    ],
    measure: async (bench) => {
      const paths = ({ patients }: Data): string[] => patients.slice(0, HOT).map((id) => search(id));
      return rateAndCpu(await againstBare(bench, 'search of 20, hot', paths));
    },
  },
  {
    bars: [{ name: 'search of 100, cold: req/s', bar: '>= 0.03', stretch: '>= 0.045' }],
    measure: async (bench) => {
      const paths = ({ patients }: Data): string[] => patients.map((id) => search(id, 100));
      return [(await againstBare(bench, 'search of 100, cold', paths, COLD)).rate];
    },
  },
];

/** A signature and a row of the audit trail each. */
export const tokens: Measurement = {
  bars: [{ name: 'token by secret: req/s', bar: '>= 0.08' }],
  measure: async ({ servers, loads, effort, data, note }) => {
    const [bare, server] = [await servers.bare(), await servers.portico(data)];
    const subject = { server, requests: [server.tokenRequest] };
    const found = await compare(loads[0], subject, { server: bare, requests: [bare.request('/')] }, effort);
    note(`token by secret: ${figures(found.subject)}; bare Koa: ${figures(found.other)}`);
    return [found.rate];
  },
};

/** How many rows there are must not matter. */
export const scale = (rows: number, few: number): Measurement => ({
  bars: [
    {
      name: `search of 20, cold, among ${rows.toExponential(0)} rows over ${few.toExponential(0)}: time`,
      bar: '<= 1.5',
      stretch: '<= 1.3',
    },
  ],
  measure: async ({ servers, loads, effort, data, small }) => {
    const target = async (each: Data): Promise<Target> =>
      targetOf(
        await servers.portico(each, COLD),
        each.patients.map((id) => search(id)),
      );
    const found = await compare(loads[0], await target(data), await target(await small()), effort);
    return [1 / found.rate];
  },
});

/** Under load: what the servers of the other measurements hold once they have worked. */
export const memory: Measurement = {
  bars: [{ name: 'anonymous memory under load, MB', bar: '<= 128', stretch: '<= 96' }],
  measure: async ({ servers, loads, effort, data }) => {
    let most: number | undefined;
    for (const cacheBytes of [undefined, COLD]) {
      const server = await servers.portico(data, cacheBytes);
      const paths = data.patients.flatMap((id) => [`Patient/${id}`, search(id), search(id, 100)]);
      for (let round = 0; round < effort.rounds; round++) {
        await sample(loads[0], targetOf(server, paths), effort.milliseconds);
        const now = anonymousMemory(server.process.pid);
        if (now !== undefined) most = Math.max(most ?? 0, now);
      }
    }
    return [most];
  },
};
