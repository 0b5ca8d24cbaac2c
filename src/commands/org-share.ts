import type { Command } from 'commander';
import { share, unshare } from '../api/organizations.js';
import { listOrgs } from '../auth/orgs.js';
import type { Portico } from '../open.js';
import { GuardError } from '../store/plan.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { recorded } from './recorded.js';

/** Which organizations may be entities of each other's patient channels. */
export function shareCommands(org: Command): void {
  const begin = withJson(org.command('share'))
    .description('let two organizations be on the same patient channels: what one adds, both have')
    .argument('<id>', 'one of them')
    .requiredOption('--with <id>', 'the other')
    .action((id: string, options: { with: string }) =>
      run(begin, () => withPortico((portico) => between(portico, id, options.with, true))),
    );
  const end = withJson(org.command('unshare'))
    .description('add nothing to the channels of the other any more; what is there stays')
    .argument('<id>', 'one of them')
    .requiredOption('--with <id>', 'the other')
    .action((id: string, options: { with: string }) =>
      run(end, () => withPortico((portico) => between(portico, id, options.with, false))),
    );
}

async function between(portico: Portico, id: string, other: string, sharing: boolean): Promise<Said> {
  const known = new Set((await listOrgs(portico.own)).map((each) => each.id));
  for (const each of [id, other]) if (!known.has(each)) throw new CommandError(`There is no organization ${each}`, 2);
  if (id === other) throw new CommandError('--with is another organization', 2);
  const own = recorded(portico, sharing ? 'org-share' : 'org-unshare', { tenant: id });
  try {
    if (sharing) await share(own, id, other, portico.now());
    else await unshare(own, id, other);
  } catch (error) {
    if (error instanceof GuardError) throw new CommandError(`${id} and ${other} share no channels`);
    throw error;
  }
  const line = sharing
    ? `${id} and ${other} share patient channels.`
    : `${id} and ${other} share no channels any more.`;
  return { json: { id, with: other, sharing }, lines: [line] };
}
