import type { Command } from 'commander';
import { countJobs } from '../jobs/list.js';
import type { Portico } from '../open.js';
import { INBOX, listEvents, replayEvents, type ReceivedEvent } from '../pulsara/inbox.js';
import {
  listIntegrations,
  readIntegration,
  rotateUpstreamToken,
  switchIntegration,
  type Integration,
} from '../pulsara/integration.js';
import { upstreamOf } from '../pulsara/queue.js';
import { inWords, outcomes } from '../pulsara/reasons.js';
import { probe } from '../pulsara/upstream.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { createCommand, tokenIn } from './integration-create.js';
import { chooseOrg } from './org.js';
import { recorded } from './recorded.js';

interface InOrg {
  readonly org?: string;
}

export function integrationCommand(program: Command): void {
  const integration = program.command('integration').description('systems that send webhooks, such as Pulsara');
  createCommand(integration);
  const list = withJson(integration.command('list'))
    .description('list integrations; with an id, what came of it lately')
    .argument('[id]', 'its id')
    .option('--org <id>', 'the organization')
    .action((id: string | undefined, { org }: InOrg) =>
      run(list, () => withPortico((portico) => (id === undefined ? listAll(portico, org) : listOne(portico, id, org)))),
    );
  const test = withJson(integration.command('test'))
    .description('ask the system whether it takes our token')
    .argument('<id>', 'its id')
    .option('--org <id>', 'the organization')
    .action((id: string, { org }: InOrg) => run(test, () => withPortico((portico) => testOne(portico, id, org))));
  const replay = withJson(integration.command('replay'))
    .description('do events that could not be done once more; done again, what is filed stays as it is')
    .argument('<id>', 'its id')
    .option('--event <id>', 'only this one, also when it was done')
    .option('--org <id>', 'the organization')
    .action((id: string, options: InOrg & { event?: string }) =>
      run(replay, () => withPortico((portico) => replaySome(portico, id, options))),
    );
  const rotate = withJson(integration.command('rotate'))
    .description('give it a new token for the API of the system; the old one is used no more')
    .argument('<id>', 'its id')
    .requiredOption('--token-file <file>', 'a file with the new API token; - is standard input')
    .option('--org <id>', 'the organization')
    .action((id: string, options: InOrg & { tokenFile: string }) =>
      run(rotate, () => withPortico((portico) => rotateOne(portico, id, options))),
    );
  for (const [name, active] of [
    ['disable', false],
    ['enable', true],
  ] as const) {
    const command = withJson(integration.command(name))
      .description(active ? 'take its webhooks again' : 'take none of its webhooks from now on')
      .argument('<id>', 'its id')
      .option('--org <id>', 'the organization')
      .action((id: string, { org }: InOrg) =>
        run(command, () =>
          withPortico(async (portico) => {
            const { tenant } = await find(portico, id, org);
            await switchIntegration(recorded(portico, `integration-${name}`, { tenant }), tenant, id, active);
            return { json: { id, active }, lines: [`${id} is ${name}d.`] };
          }),
        ),
      );
  }
}

async function find({ own }: Portico, id: string, org: string | undefined): Promise<Integration> {
  const found = await readIntegration(own, await chooseOrg(own, org), id);
  if (!found) throw new CommandError(`There is no integration ${id} in this organization`);
  return found;
}

async function listAll({ own, config }: Portico, org: string | undefined): Promise<Said> {
  const tenant = await chooseOrg(own, org);
  const all = await listIntegrations(own, tenant);
  const jobs = await countJobs(own, tenant, INBOX);
  const lines = all.map(
    ({ id, name, signature, upstream, active }) =>
      `${id}  "${name}"  ${upstream}  ${signature}${active ? '' : '  disabled'}`,
  );
  const waiting = `${String(jobs.waiting + jobs.running)} events wait, ${String(jobs.dead)} could not be done.`;
  const json = all.map((each) => ({ ...each, webhookUrl: `${config.baseUrl}/webhooks/pulsara/${each.id}` }));
  return { json: { integrations: json, jobs }, lines: all.length === 0 ? ['There are none.'] : [...lines, waiting] };
}

async function listOne(portico: Portico, id: string, org: string | undefined): Promise<Said> {
  const { tenant } = await find(portico, id, org);
  const events = await listEvents(portico.own, tenant, id);
  return { json: events, lines: events.length === 0 ? ['Nothing has come yet.'] : events.map(line) };
}

function line({ id, event, receivedAt, outcome, state, reason }: ReceivedEvent): string {
  const what = outcome === undefined ? (state === 'dead' ? 'could not be done' : 'waits') : outcomes[outcome];
  const why = reason === undefined ? '' : `  ${inWords(reason)}`;
  return `${new Date(receivedAt).toISOString()}  ${id}  ${event}  ${what}${why}`;
}

async function testOne(portico: Portico, id: string, org: string | undefined): Promise<Said> {
  const { config } = portico;
  const outbound = { allowLoopback: config.allowLoopback };
  const reason = await probe(await upstreamOf({ ...portico, outbound }, await find(portico, id, org)));
  return {
    json: { id, works: reason === undefined, ...(reason !== undefined && { reason }) },
    lines: [reason === undefined ? 'It answers, and takes our token.' : inWords(reason)],
    failed: reason !== undefined,
  };
}

async function rotateOne(
  portico: Portico,
  id: string,
  { org, tokenFile }: InOrg & { tokenFile: string },
): Promise<Said> {
  const { secret } = portico;
  const { tenant } = await find(portico, id, org);
  const changing = recorded(portico, 'integration-rotate', { tenant });
  await rotateUpstreamToken(changing, secret, { tenant, id }, tokenIn(tokenFile));
  return { json: { id }, lines: [`${id} has the new token. Next: portico integration test ${id}`] };
}

async function replaySome(portico: Portico, id: string, { org, event }: InOrg & { event?: string }): Promise<Said> {
  const { tenant } = await find(portico, id, org);
  const own = recorded(portico, 'integration-replay', { tenant });
  const count = await replayEvents(
    own,
    { tenant, integration: id, ...(event !== undefined && { event }) },
    portico.now(),
  );
  if (event !== undefined && count === 0)
    throw new CommandError('There is no such event, or it waits to be done anyway');
  return { json: { id, replayed: count }, lines: [`${String(count)} events are done once more.`] };
}
