import type { Command } from 'commander';
import { verify } from '../audit/verify.js';
import { progressLine, run, withJson, withPortico } from './command.js';

export function auditCommand(program: Command): void {
  const audit = program.command('audit').description('the record of who asked for what');
  const check = withJson(audit.command('verify'))
    .description('walk every chain of the audit trail and name what was changed, removed or never linked')
    .action(() =>
      run(check, () =>
        withPortico(async ({ own, now }) => {
          const line = progressLine();
          const found = await verify(own, now(), (events) => line.show(`${String(events)} events checked`));
          line.clear();
          const { chains, events, faults } = found;
          const lines =
            faults.length === 0
              ? [`${String(events)} events in ${String(chains)} chains: nothing was changed, and nothing is missing.`]
              : faults;
          return { json: found, lines, failed: faults.length > 0 };
        }),
      ),
    );
}
