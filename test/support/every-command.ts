import { Command } from 'commander';
import { auditCommand } from '../../src/commands/audit.js';
import { capabilityCommand } from '../../src/commands/capability.js';
import { checkSourceCommand } from '../../src/commands/check-source.js';
import { credentialCommand } from '../../src/commands/credential.js';
import { demoCommand } from '../../src/commands/demo.js';
import { exportCommand } from '../../src/commands/export.js';
import { importCommand } from '../../src/commands/import.js';
import { integrationCommand } from '../../src/commands/integration.js';
import { keysCommand } from '../../src/commands/keys.js';
import { migrateCommand } from '../../src/commands/migrate.js';
import { newResourceCommand } from '../../src/commands/new-resource.js';
import { orgCommand } from '../../src/commands/org.js';
import { serveCommand } from '../../src/commands/serve.js';
import { userCommand } from '../../src/commands/user.js';
import { watchCommand } from '../../src/commands/watch.js';
import { webhookCommand } from '../../src/commands/webhook.js';

const commands = [
  auditCommand,
  capabilityCommand,
  checkSourceCommand,
  credentialCommand,
  demoCommand,
  exportCommand,
  importCommand,
  integrationCommand,
  keysCommand,
  migrateCommand,
  newResourceCommand,
  orgCommand,
  serveCommand,
  userCommand,
  watchCommand,
  webhookCommand,
];

/** The whole of the command line, of which the product loads one command at a time. */
export function everyCommand(): Command {
  const program = new Command('portico');
  for (const add of commands) add(program);
  return program;
}
