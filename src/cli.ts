#!/usr/bin/env node
import { Command } from 'commander';
import { addExamples, helpWords } from './commands/examples.js';
import { version } from './version.js';

/** Commands are loaded when they are run: a server does not wait for the demo's PDF library. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import('./commands/serve.js')).serveCommand,
  migrate: async () => (await import('./commands/migrate.js')).migrateCommand,
  demo: async () => (await import('./commands/demo.js')).demoCommand,
  import: async () => (await import('./commands/import.js')).importCommand,
  export: async () => (await import('./commands/export.js')).exportCommand,
  org: async () => (await import('./commands/org.js')).orgCommand,
  user: async () => (await import('./commands/user.js')).userCommand,
  credential: async () => (await import('./commands/credential.js')).credentialCommand,
  integration: async () => (await import('./commands/integration.js')).integrationCommand,
  watch: async () => (await import('./commands/watch.js')).watchCommand,
  webhook: async () => (await import('./commands/webhook.js')).webhookCommand,
  audit: async () => (await import('./commands/audit.js')).auditCommand,
  keys: async () => (await import('./commands/keys.js')).keysCommand,
  capability: async () => (await import('./commands/capability.js')).capabilityCommand,
  'check-source': async () => (await import('./commands/check-source.js')).checkSourceCommand,
  'new-resource': async () => (await import('./commands/new-resource.js')).newResourceCommand,
};

const program = new Command('portico')
  .description('A SMART on FHIR R4 API in front of relational tables. Configured by the environment: see README.md.')
  .version(version)
  .configureHelp(helpWords)
  // The whole help would push what was wrong off the screen.
  .showHelpAfterError('With --help it says what it takes.')
  // A wrong call is exit code 2; 1 is for work that was refused.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const named = commands[process.argv[2] ?? ''];
for (const load of named ? [named] : Object.values(commands)) (await load())(program);
addExamples(program);
await program.parseAsync();
