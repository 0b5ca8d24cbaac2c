import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { importItems, type Report } from '../transfer/import.js';
import { readItems } from '../transfer/sources.js';
import { CommandError, progressLine, run, withJson, withPortico } from './command.js';
import { chooseOrg } from './org.js';

/** Refusals that are shown; --json has all of them. */
const SHOWN = 20;

export function importCommand(program: Command): void {
  const command = withJson(program.command('import'))
    .description('import FHIR R4: a Bundle, a resource, NDJSON, a folder of them, or a FHIR package')
    .argument('<path>', '.json, .xml, .ndjson or .tgz file, or a folder')
    .option('--org <id>', 'the organization; not needed when there is only one')
    .action((path: string, options: { org?: string }) =>
      run(command, () =>
        withPortico(async ({ own, registry, rows, writer, profiles, base, now, trail }) => {
          if (!writer)
            throw new CommandError(
              "The clinical tables are somebody else's (PORTICO_SOURCE_URL): they are only read",
              2,
            );
          const tenant = await chooseOrg(own, options.org);
          if (!existsSync(path)) throw new CommandError(`There is no file or folder ${path}`, 2);
          const line = progressLine();
          const progress = (report: Report): void => line.show(`${String(written(report))} resources imported`);
          const report = await importItems(readItems(path), {
            ...{ tenant, registry, rows, writer, base, profiles, now, progress },
            author: { user: 'portico import' },
          });
          line.clear();
          const status = report.refused.length > 0 ? 422 : 200;
          await trail.record({ at: now(), tenant, interaction: 'import', action: 'C', status, patients: [] });
          return { json: report, lines: linesOf(report, tenant), failed: report.refused.length > 0 };
        }),
      ),
    );
}

const written = ({ created, updated, unchanged }: Report): number => created + updated + unchanged;

function linesOf(report: Report, tenant: string): string[] {
  const { created, updated, unchanged, skipped, refused } = report;
  const skippedTypes = Object.entries(skipped).map(([type, count]) => `${type} ${String(count)}`);
  return [
    `Imported into ${tenant}: ${String(created)} created, ${String(updated)} updated, ${String(unchanged)} unchanged.`,
    ...(skippedTypes.length > 0 ? [`Skipped, because these types are not served: ${skippedTypes.join(', ')}.`] : []),
    ...(refused.length > 0 ? [`Refused ${String(refused.length)}:`] : []),
    ...refused
      .slice(0, SHOWN)
      .map(
        ({ origin, reason, expression }) =>
          `  ${origin}: ${reason}${expression === undefined ? '' : ` (${expression})`}`,
      ),
    ...(refused.length > SHOWN ? [`  ... and ${String(refused.length - SHOWN)} more; --json lists them all.`] : []),
  ];
}
