import type { Command } from 'commander';
import type { Portico } from '../open.js';
import { exportAll } from '../transfer/export.js';
import { progressLine, run, withJson, withPortico } from './command.js';
import { chooseOrg } from './org.js';

export function exportCommand(program: Command): void {
  const command = withJson(program.command('export'))
    .description('write everything that an organization can read as NDJSON, a file a type')
    .requiredOption('--to <folder>', 'the folder; it is made when it is not there')
    .option('--org <id>', 'the organization; not needed when there is only one')
    .action((options: Options) =>
      // Each resource is read once.
      run(command, () => withPortico((portico) => exportOne(portico, options), { cacheBytes: 0 })),
    );
}

interface Options {
  readonly to: string;
  readonly org?: string;
}

async function exportOne(
  { own, registry, rows, writer, base }: Portico,
  { to, org }: Options,
): Promise<{ json: unknown; lines: string[] }> {
  const tenant = await chooseOrg(own, org);
  const line = progressLine();
  const counts = await exportAll({
    ...{ tenant, registry, rows, base, folder: to, own: writer ? own : undefined },
    progress: (type, count) => line.show(`${type}: ${String(count)}`),
  });
  line.clear();
  const lines = Object.entries(counts).map(([type, count]) => `${type}.ndjson  ${String(count)}`);
  return { json: { organization: tenant, folder: to, counts }, lines: [`Exported ${tenant} to ${to}:`, ...lines] };
}
