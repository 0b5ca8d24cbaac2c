import type { Command } from 'commander';
import { checkSource } from '../dev/check-source.js';
import { run, withJson, withPortico } from './command.js';

export function checkSourceCommand(program: Command): void {
  const command = withJson(program.command('check-source'))
    .description('compare the declarations with the clinical tables: missing columns, searches that no index serves')
    .action(() =>
      run(command, () =>
        withPortico(async ({ source, registry }) => {
          const faults = await checkSource(source, registry);
          const lines = faults.map(({ type, text }) => `${type}: ${text}`);
          return {
            json: faults,
            lines: faults.length === 0 ? ['The source has every column, and an index for every search.'] : lines,
            failed: faults.length > 0,
          };
        }),
      ),
    );
}
