import type { Command } from 'commander';
import { readConfig } from '../config.js';
import { openDatabase } from '../store/database.js';
import { migrate, rollback } from '../store/migrate.js';
import { run, withJson } from './command.js';

export function migrateCommand(program: Command): void {
  const command = withJson(program.command('migrate'))
    .description('bring the database up to date; foreign clinical tables are never touched')
    .option('--rollback', 'take back the last batch of migrations instead')
    .action((options: { rollback?: boolean }) =>
      run(command, async () => {
        const db = await openDatabase(readConfig().databaseUrl);
        try {
          const names = await (options.rollback ? rollback(db) : migrate(db));
          const [done, nothing] = options.rollback
            ? ['Took back', 'Nothing to do: no migration has run.']
            : ['Ran', 'Nothing to do: the database is up to date.'];
          const lines = names.length === 0 ? [nothing] : names.map((name) => `${done} ${name}`);
          return { json: { [options.rollback ? 'rolledBack' : 'migrated']: names }, lines };
        } finally {
          await db.close();
        }
      }),
    );
}
