import { Command } from 'commander';
import { availableParallelism } from 'node:os';
import { assertions } from './assertions.js';
import { chains } from './chains.js';
import { dataOf } from './data.js';
import { memory, requests, scale, tokens, type Bench, type Measurement } from './measurements.js';
import { deepPage } from './pages.js';
import { build } from './processes.js';
import { CONNECTIONS, type Effort } from './rounds.js';
import { Servers } from './servers.js';
import { markdown, rowOf, table, type Row } from './table.js';
import { webhooks } from './webhooks.js';
import { exporting, startUp, twoProcesses } from './whole-processes.js';
import { transactions, writes } from './writes.js';

const options = new Command('bench')
  .description('measure Portico beside a bare Koa; only ratios are compared, because machines differ')
  .option('--rows <n>', 'observations in the database', Number, 1_000_000)
  .option('--only <pattern>', 'only the rows whose name matches, for example "search of 20"')
  .option('--quick', 'little data and one round, to see that the bench works: its figures mean nothing', false)
  .option('--json', 'print an array of { name, value, bar, stretch, met } instead of the table', false)
  .option('--markdown', 'print the table as Markdown, with the day and what it was measured with', false)
  .parse()
  .opts<{ rows: number; only?: string; quick: boolean; json: boolean; markdown: boolean }>();

const { quick } = options;
const rows = quick ? Math.min(options.rows, 1000) : options.rows;
const few = Math.min(rows, 10_000);
const exported = Math.min(rows, 100_000);
const effort: Effort = quick ? { rounds: 1, milliseconds: 100 } : { rounds: 7, milliseconds: 1000 };
const pattern = new RegExp(options.only ?? '', 'i');
const note = (text: string): void => void process.stderr.write(`${text}\n`);

build();
const data = await dataOf(rows);
const servers = new Servers();
const bench: Bench = {
  ...{ data, servers, effort, note },
  small: () => dataOf(few),
  loads: [servers.start('load'), servers.start('load')],
};
const all: readonly Measurement[] = [
  ...requests,
  chains,
  writes,
  transactions,
  tokens,
  assertions,
  deepPage(data.longest),
  scale(rows, few),
  startUp,
  memory,
  exporting(exported),
  twoProcesses,
  webhooks(quick ? 100 : 10_000),
];
/** One that fails costs nobody the figures of the others. */
const failed =
  (bars: Measurement['bars']) =>
  (error: unknown): undefined[] => {
    process.exitCode = 1;
    note(`${bars[0]?.name ?? ''}: ${String(error)}`);
    return bars.map(() => undefined);
  };

const found: Row[] = [];
try {
  for (const { bars, measure } of all.filter(({ bars }) => bars.some(({ name }) => pattern.test(name)))) {
    const values = await measure(bench).catch(failed(bars));
    bars.forEach((bar, index) => found.push(rowOf(bar, values[index])));
  }
} finally {
  await servers.stop();
}
if (options.json) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
else if (options.markdown) process.stdout.write(`${markdown(found, { observations: rows, at: new Date() })}\n`);
else process.stdout.write(`${table(found)}\n\n${footnotes()}\n`);

function footnotes(): string {
  return [
    `${String(CONNECTIONS)} connections, ${String(effort.rounds)} rounds, medians, ${String(availableParallelism())} cores, ${String(rows)} observations.`,
    'req/s and CPU are those of bare Koa in the same round: above 1 is more. Time is the time of one request over the other.',
    'search is GET Observation?patient=X&_sort=-date&_count=20; each request names the next patient.',
    'cold: the entry cache holds less than two pages, so that every row is read. hot: all of it is in the cache.',
    'Every request has a token whose credential is looked up; log lines are written. Nothing is compressed.',
  ].join('\n');
}
