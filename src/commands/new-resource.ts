import type { Command } from 'commander';
import { relative } from 'node:path';
import { newResource } from '../dev/new-resource/index.js';
import { CommandError, run, withJson } from './command.js';

export function newResourceCommand(program: Command): void {
  const command = withJson(program.command('new-resource'))
    .description('in a checkout: write a declaration, a migration and a test for a resource type')
    .argument('<type>', 'a resource type of R4, for example Condition')
    .action((type: string) =>
      run(command, async () => {
        const made = await newResource(process.cwd(), type);
        if ('refused' in made) throw new CommandError(made.refused, 2);
        const files = made.files.map((file) => relative(process.cwd(), file));
        return {
          json: { files, left: made.left },
          lines: [
            ...files.map((file) => `Wrote ${file}`),
            ...(made.left.length > 0
              ? [`Not declared, because they need columns of their own: ${made.left.join(', ')}`]
              : []),
            'Next: read the three files, then npm run capability && npm test',
          ],
        };
      }),
    );
}
