import { InvalidArgumentError, Option, type Command } from 'commander';
import { scopeFault } from '../access/scope-fault.js';
import { Scopes } from '../access/scopes.js';
import { createOrg, isOrgId, listOrgs, updateOrg, type NewPlan, type Org } from '../auth/orgs.js';
import { planNames, plans, type PlanName } from '../limits/rules.js';
import type { Portico } from '../open.js';
import type { Database } from '../store/database.js';
import { GuardError } from '../store/plan.js';
import { CommandError, run, withJson, withPortico } from './command.js';
import { shareCommands } from './org-share.js';
import { recorded } from './recorded.js';

/** The organization that a command means: the one named, or the only one that there is. */
export async function chooseOrg(db: Database, named: string | undefined): Promise<string> {
  const orgs = await listOrgs(db);
  if (orgs.length === 0)
    throw new CommandError('There is no organization yet; run: portico org create --id ID --name NAME', 2);
  if (named === undefined) {
    if (orgs.length === 1) return (orgs[0] as Org).id;
    throw new CommandError(`Say which organization, with --org: ${orgs.map((org) => org.id).join(', ')}`, 2);
  }
  return find(orgs, named).id;
}

function find(orgs: readonly Org[], id: string): Org {
  const org = orgs.find((each) => each.id === id);
  if (!org) throw new CommandError(`There is no organization ${id}`, 2);
  return org;
}

interface PlanOptions {
  readonly plan?: PlanName;
  readonly perMinute?: number;
  readonly burst?: number;
  readonly scope?: string;
  readonly website?: string;
  readonly organization?: string;
}

export function orgCommand(program: Command): void {
  const org = program.command('org').description('organizations: the tenants whose data Portico keeps apart');
  createCommand(org);
  updateCommand(org);
  shareCommands(org);
  const list = withJson(org.command('list'))
    .description('list organizations')
    .action(() =>
      run(list, () =>
        withPortico(async ({ own }) => {
          const orgs = await listOrgs(own);
          const lines = orgs.map(
            (each) => `${each.id}  ${each.name}  ${limitOf(each)}${each.active ? '' : '  (inactive)'}`,
          );
          return { json: orgs, lines: lines.length === 0 ? ['There are no organizations.'] : lines };
        }),
      ),
    );
  for (const [name, active] of [
    ['disable', false],
    ['enable', true],
  ] as const) {
    const command = withJson(org.command(name))
      .description(active ? 'serve an organization again' : 'open nothing to its users and credentials, from now on')
      .argument('<id>', 'its id')
      .action((id: string) =>
        run(command, () =>
          withPortico(async (portico) => {
            const before = find(await listOrgs(portico.own), id);
            await updateOrg(recorded(portico, `org-${name}`, { tenant: id }), { ...before, active });
            return { json: { id, active }, lines: [`${id} is ${name}d.`] };
          }),
        ),
      );
  }
}

function createCommand(org: Command): void {
  const create = withPlan(withJson(org.command('create')))
    .description('make an organization')
    .requiredOption('--id <id>', 'its id: what X-Organization-ID and --org say')
    .requiredOption('--name <name>', 'its name')
    .action(({ id, name, ...options }: { id: string; name: string } & PlanOptions) =>
      run(create, () =>
        withPortico(async (portico) => {
          if (!isOrgId(id)) throw new CommandError('--id has letters, digits, _ and - only, 40 at the most', 2);
          const { now } = portico;
          const own = recorded(portico, 'org-create', { tenant: id });
          await createOrg(own, id, name, now(), planOf(options) ?? { plan: 'standard' }, {
            scopePolicy: policyOf(portico, options.scope),
            website: websiteOf(options.website),
            organization: organizationOf(options.organization),
          }).catch((error: unknown) => {
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
}

function updateCommand(org: Command): void {
  const update = withPlan(withJson(org.command('update')))
    .description('change the name of an organization, how much it may ask, the most that it opens, and its website')
    .argument('<id>', 'its id')
    .option('--name <name>', 'its name')
    .option('--no-scope', 'no limit to what its credentials open')
    .option('--no-website', 'it is not in the bundle of brands any more')
    .action(
      (
        id: string,
        {
          name,
          scope,
          website,
          organization,
          ...plan
        }: { name?: string; scope?: string | boolean; website?: string | boolean } & Omit<
          PlanOptions,
          'scope' | 'website'
        >,
      ) =>
        run(update, () =>
          withPortico(async (portico) => {
            const before = find(await listOrgs(portico.own), id);
            const chosen = planOf(plan);
            const after: Org = {
              ...before,
              ...(name !== undefined && { name }),
              ...(chosen && { perMinute: undefined, burst: undefined, ...chosen }),
              ...(scope === false && { scopePolicy: undefined }),
              ...(typeof scope === 'string' && { scopePolicy: policyOf(portico, scope) }),
              ...(website === false && { website: undefined }),
              ...(typeof website === 'string' && { website: websiteOf(website) }),
              ...(organization !== undefined && { organization: organizationOf(organization) }),
            };
            await updateOrg(recorded(portico, 'org-update', { tenant: id }), after);
            return { json: after, lines: [`${id} is changed: ${limitOf(after)}.`] };
          }),
        ),
    );
}

const withPlan = (command: Command): Command =>
  command
    .addOption(new Option('--plan <plan>', 'how much it may ask').choices([...planNames]))
    .option('--per-minute <count>', 'requests a minute, with --plan custom', requests)
    .option('--burst <count>', 'requests within one second, with --plan custom', requests)
    .option('--scope <scopes>', 'the most that any credential of it may open')
    .option('--website <url>', 'the site by which patients know it; with one, apps show it to them as a brand')
    .option('--organization <id>', 'the Organization that it is in its own directory: Provenance names it');

function requests(text: string): number {
  const count = Number(text);
  if (!/^\d{1,9}$/.test(text) || count < 1) throw new InvalidArgumentError('It takes a whole number from 1.');
  return count;
}

/** Undefined where nothing is said of it. */
function planOf({ plan, perMinute, burst }: Pick<PlanOptions, 'plan' | 'perMinute' | 'burst'>): NewPlan | undefined {
  const numbers = perMinute !== undefined || burst !== undefined;
  if (plan === undefined && !numbers) return undefined;
  if (plan !== 'custom') {
    if (numbers || plan === undefined) throw new CommandError('--per-minute and --burst go with --plan custom', 2);
    return { plan };
  }
  if (perMinute === undefined || burst === undefined)
    throw new CommandError('--plan custom takes --per-minute and --burst', 2);
  return { plan, perMinute, burst };
}

function policyOf({ registry, base }: Portico, scope: string | undefined): string | undefined {
  const scopes = new Scopes(registry, base);
  if (scope !== undefined && !scopes.readCeiling(scope))
    throw new CommandError(`--scope: ${scopeFault(scopes, scope) ?? ''}`, 2);
  return scope;
}

function websiteOf(text: string | undefined): string | undefined {
  const url = text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
  if (text !== undefined && (url?.protocol !== 'https:' || url.username !== '' || url.hash !== ''))
    throw new CommandError('--website is not an https URL', 2);
  return url?.href;
}

function organizationOf(id: string | undefined): string | undefined {
  if (id !== undefined && !/^[A-Za-z0-9\-.]{1,64}$/.test(id))
    throw new CommandError('--organization is not the id of a resource', 2);
  return id === undefined ? undefined : `Organization/${id}`;
}

function limitOf({ plan, perMinute, burst }: Org): string {
  const standard = plans[plan === 'custom' ? 'standard' : plan];
  return `${plan}: ${String(perMinute ?? standard.perMinute)} requests a minute, ${String(burst ?? standard.burst)} in a second`;
}
