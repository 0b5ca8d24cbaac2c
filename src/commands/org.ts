import type { Command } from 'commander';
import { createOrg, isOrgId, listOrgs, type Org } from '../auth/orgs.js';
import type { Database } from '../store/database.js';
import { GuardError } from '../store/plan.js';
import { CommandError, run, withJson, withPortico } from './command.js';

/** The organization that a command means: the one named, or the only one that there is. */
export async function chooseOrg(db: Database, named: string | undefined): Promise<string> {
  const orgs = await listOrgs(db);
  if (orgs.length === 0)
    throw new CommandError('There is no organization yet; run: portico org create --id ID --name NAME', 2);
  if (named === undefined) {
    if (orgs.length === 1) return (orgs[0] as Org).id;
    throw new CommandError(`Say which organization, with --org: ${orgs.map((org) => org.id).join(', ')}`, 2);
  }
  if (!orgs.some((org) => org.id === named)) throw new CommandError(`There is no organization ${named}`, 2);
  return named;
}

export function orgCommand(program: Command): void {
  const org = program.command('org').description('organizations: the tenants whose data Portico keeps apart');
  const create = withJson(org.command('create'))
    .description('make an organization')
    .requiredOption('--id <id>', 'its id: what X-Organization-ID and --org say')
    .requiredOption('--name <name>', 'its name')
    .action(({ id, name }: { id: string; name: string }) =>
      run(create, () =>
        withPortico(async ({ own, now }) => {
          if (!isOrgId(id)) throw new CommandError('--id has letters, digits, _ and - only, 40 at the most', 2);
          await createOrg(own, id, name, now()).catch((error: unknown) => {
            throw error instanceof GuardError ? new CommandError(`There is an organization ${id} already`) : error;
          });
          const lines = [
            `Organization ${id} is made.`,
            `Next: portico import <file> --org ${id}, and portico credential create --org ${id} --kind client --name <app>`,
          ];
          return { json: { id, name }, lines };
        }),
      ),
    );
  const list = withJson(org.command('list'))
    .description('list organizations')
    .action(() =>
      run(list, () =>
        withPortico(async ({ own }) => {
          const orgs = await listOrgs(own);
          const lines = orgs.map((each) => `${each.id}  ${each.name}${each.active ? '' : '  (inactive)'}`);
          return { json: orgs, lines: lines.length === 0 ? ['There are no organizations.'] : lines };
        }),
      ),
    );
}
