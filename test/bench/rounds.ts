import type { ChildProcess } from 'node:child_process';
import { answer } from './processes.js';
import type { Server } from './servers.js';

/** What is asked of a server; the requests are sent in turn. */
export interface Target {
  readonly server: Server;
  readonly requests: readonly string[];
}

/** One measurement under load. */
export interface Sample {
  /** Requests a second. */
  readonly rate: number;
  /** Microseconds of CPU that the server used for a request. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The part of a core that the client used: near 1, the client is what is measured. */
  readonly busy: number;
}

export interface Effort {
  readonly rounds: number;
  readonly milliseconds: number;
}

export const CONNECTIONS = 16;

/** Rounds that are not measured: as many as bring no more, and these at the most. */
const WITHOUT_GAIN = 3;
const MOST_WARM_UP = 30;
/** What counts as faster than before. */
const GAIN = 1.03;

interface Loaded {
  readonly requests: number;
  readonly failures: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly busy: number;
}

/** Loads a server for a while. */
export async function sample(
  load: ChildProcess,
  { server, requests }: Target,
  milliseconds: number,
  connections = CONNECTIONS,
): Promise<Sample> {
  const before = await cpuOf(server);
  load.send({ port: server.port, requests, connections, milliseconds });
  const loaded = await answer<Loaded>(load);
  if (loaded.failures > 0) throw new Error(`${String(loaded.failures)} requests failed: ${requests[0] ?? ''}`);
  const { seconds, p50, p99, busy } = loaded;
  const cpu = ((await cpuOf(server)) - before) / loaded.requests;
  return { rate: loaded.requests / seconds, cpu, p50, p99, busy };
}

async function cpuOf({ process }: Server): Promise<number> {
  process.send('cpu');
  return (await answer<{ cpu: number }>(process)).cpu;
}

/** A subject beside what it is compared with, as medians over the rounds. */
export interface Comparison {
  /** Requests a second over those of the other. */
  readonly rate: number;
  /** CPU of a request over that of the other. */
  readonly cpu: number;
  /** p99 over p50. */
  readonly tail: number;
  readonly subject: Sample;
  readonly other: Sample;
}

/**
 * Loads a server until it gets no faster: code that is compiled only while it is measured would be what is measured.
 * Reads take few seconds for that. A write goes through so much more code that it gets faster for half a minute.
 */
export async function warmUp(
  load: ChildProcess,
  target: Target,
  { rounds, milliseconds }: Effort,
  connections = CONNECTIONS,
): Promise<void> {
  let best = 0;
  for (let round = 0, without = 0; round < MOST_WARM_UP && without < Math.min(WITHOUT_GAIN, rounds); round++) {
    const { rate } = await sample(load, target, milliseconds, connections);
    without = rate > best * GAIN ? 0 : without + 1;
    best = Math.max(best, rate);
  }
}

/** Measures two targets in turn. Each round is one ratio: what else the machine does falls on both. */
export async function compare(
  load: ChildProcess,
  subject: Target,
  other: Target,
  { rounds, milliseconds }: Effort,
): Promise<Comparison> {
  for (const target of [other, subject]) await warmUp(load, target, { rounds, milliseconds });
  const pairs: { subject: Sample; other: Sample }[] = [];
  for (let round = 0; round < rounds; round++)
    pairs.push({
      other: await sample(load, other, milliseconds),
      subject: await sample(load, subject, milliseconds),
    });
  const over = (of: (pair: (typeof pairs)[number]) => number): number => median(pairs.map(of));
  const medians = (of: (pair: (typeof pairs)[number]) => Sample): Sample => ({
    rate: over((pair) => of(pair).rate),
    cpu: over((pair) => of(pair).cpu),
    p50: over((pair) => of(pair).p50),
    p99: over((pair) => of(pair).p99),
    busy: over((pair) => of(pair).busy),
  });
  return {
    rate: over((pair) => pair.subject.rate / pair.other.rate),
    cpu: over((pair) => pair.subject.cpu / pair.other.cpu),
    tail: over((pair) => pair.subject.p99 / pair.subject.p50),
    subject: medians((pair) => pair.subject),
    other: medians((pair) => pair.other),
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
