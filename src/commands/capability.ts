import type { Command } from 'commander';
import { readFileSync, writeFileSync } from 'node:fs';
import { FHIR_PATH } from '../open.js';
import { oauthUris } from '../auth/paths.js';
import { loadRegistry } from '../registry.js';
import { capabilityStatement } from '../rest/capabilities.js';
import { fhirRoutes } from '../rest/routes.js';
import type { Facade } from '../rest/facade.js';
import { released, version } from '../version.js';
import { CommandError, run, withJson } from './command.js';

/** The committed statement is that of the default configuration at an address that cannot exist. */
const PLACEHOLDER = 'https://portico.invalid';

export function capabilityCommand(program: Command): void {
  const command = withJson(program.command('capability'))
    .description('print the CapabilityStatement that the declarations make')
    .option('--write <file>', 'write it to a file')
    .option('--check <file>', 'compare it with a file; exit code 1 when that is stale')
    .action((options: { write?: string; check?: string }) =>
      run(command, async () => {
        const statement = await makeStatement();
        const text = `${JSON.stringify(statement, null, 2)}\n`;
        if (options.write !== undefined) {
          writeFileSync(options.write, text);
          return { json: { written: options.write }, lines: [`Wrote ${options.write}.`] };
        }
        if (options.check !== undefined) {
          if (readFileSync(options.check, 'utf8') !== text)
            throw new CommandError(`${options.check} is stale; run: npm run capability, and look at the difference`);
          return { json: { fresh: true }, lines: [`${options.check} is up to date.`] };
        }
        return { json: statement, lines: [text.trimEnd()] };
      }),
    );
}

async function makeStatement(): Promise<unknown> {
  const registry = await loadRegistry();
  const facade = {
    registry,
    base: `${PLACEHOLDER}${FHIR_PATH}`,
    oauthUris: oauthUris(PLACEHOLDER),
    version,
    released,
    own: true,
    writer: true,
  };
  // The handlers are not called: only the table of interactions is read.
  return capabilityStatement(facade, fhirRoutes(facade as unknown as Facade));
}
