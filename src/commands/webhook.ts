import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Portico } from '../open.js';
import { sendTest } from '../webhooks/deliver.js';
import { eventNames } from '../webhooks/events.js';
import {
  allowHosts,
  createWebhook,
  hostsOf,
  listWebhooks,
  readWebhook,
  removeWebhook,
  rotateWebhook,
  webhookKey,
  type Made,
  type Scheme,
  type Webhook,
} from '../webhooks/webhook.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { chooseOrg } from './org.js';
import { recorded } from './recorded.js';

const HOUR = 3_600_000;

interface InOrg {
  readonly org?: string;
}

interface CreateOptions extends InOrg {
  readonly url: string;
  readonly name: string;
  readonly event?: readonly string[];
  readonly scheme: Scheme;
}

export function webhookCommand(program: Command): void {
  const webhook = program.command('webhook').description('tell systems of an organization what is new');
  const create = withJson(webhook.command('create'))
    .description('make a webhook; its secret is shown this once')
    .requiredOption('--url <url>', 'where to send: https')
    .requiredOption('--name <name>', 'the system that it tells')
    .option('--org <id>', 'the organization')
    .option('--event <names...>', 'what to tell; without it, everything')
    .addOption(new Option('--scheme <scheme>', 'how it is signed').choices(['hmac', 'ed25519']).default('hmac'))
    .action((options: CreateOptions) => run(create, () => withPortico((portico) => createOne(portico, options))));
  const list = withJson(webhook.command('list'))
    .description('list webhooks; secrets are not shown')
    .option('--org <id>', 'the organization')
    .action((options: InOrg) => run(list, () => withPortico((portico) => listAll(portico, options))));
  const test = ofOne(webhook, 'test', 'send an event to it now, and say what came of it').action(
    (id: string, options: InOrg) => run(test, () => withPortico((portico) => testOne(portico, id, options))),
  );
  const rotate = ofOne(webhook, 'rotate', 'give it a new secret; the old one signs beside it for a while')
    .option('--overlap <hours>', 'how long', hours, 24)
    .action((id: string, options: InOrg & { overlap: number }) =>
      run(rotate, () => withPortico((portico) => rotateOne(portico, id, options))),
    );
  const remove = ofOne(webhook, 'delete', 'delete it: what waits for it is not sent any more').action(
    (id: string, options: InOrg) => run(remove, () => withPortico((portico) => removeOne(portico, id, options))),
  );
  const hosts = withJson(webhook.command('hosts'))
    .description('the hosts to which an organization may send; without one, any that is public')
    .option('--org <id>', 'the organization')
    .option('--allow <hosts...>', 'these, and no others')
    .option('--any', 'any that is public')
    .action((options: InOrg & { allow?: string[]; any?: boolean }) =>
      run(hosts, () => withPortico((portico) => showHosts(portico, options))),
    );
}

const ofOne = (webhook: Command, name: string, what: string): Command =>
  withJson(webhook.command(name)).description(what).argument('<id>', 'its id').option('--org <id>', 'the organization');

function hours(text: string): number {
  const value = Number(text);
  if (!/^\d{1,4}$/.test(text) || value > 720) throw new InvalidArgumentError('It takes 0 to 720 hours.');
  return value;
}

async function createOne(portico: Portico, options: CreateOptions): Promise<Said> {
  const { own, now, secret, config } = portico;
  const { url, name, scheme, event = eventNames } = options;
  const tenant = await chooseOrg(own, options.org);
  const changing = recorded(portico, 'webhook-create', { tenant });
  const outbound = { allowLoopback: config.allowLoopback };
  const wanted = { tenant, url, name, scheme, events: event };
  const made = await createWebhook(changing, webhookKey(secret), wanted, { outbound, now: now() });
  const lines = [`Webhook ${made.id} is made.`, ...proofLines(made), `Next: portico webhook test ${made.id}`];
  return { json: made, lines };
}

const proofLines = ({ secret, publicKey }: Made): string[] => [
  ...(secret === undefined ? [] : [`  secret      ${secret}   (shown this once)`]),
  ...(publicKey === undefined ? [] : [`  public key  ${publicKey}`]),
];

async function listAll({ own }: Portico, { org }: InOrg): Promise<Said> {
  const all = await listWebhooks(own, await chooseOrg(own, org));
  const json = all.map(({ sealed: _sealed, previousSealed: _previous, ...rest }) => rest);
  const lines = all.map(
    ({ id, name, url, events, scheme }) => `${id}  "${name}"  ${url}  ${scheme}  ${events.join(' ')}`,
  );
  return { json, lines: lines.length === 0 ? ['There are no webhooks.'] : lines };
}

async function one({ own }: Portico, id: string, { org }: InOrg): Promise<Webhook> {
  const found = await readWebhook(own, await chooseOrg(own, org), id);
  if (!found) throw new CommandError(`There is no webhook ${id} in this organization`);
  return found;
}

async function testOne(portico: Portico, id: string, options: InOrg): Promise<Said> {
  const { own, now, secret, config } = portico;
  const webhook = await one(portico, id, options);
  const outbound = { allowLoopback: config.allowLoopback };
  const { ok, said } = await sendTest(webhook, { own, now, outbound, key: webhookKey(secret) });
  return { json: { id, ok, said }, lines: [ok ? `It was taken: ${said}.` : `It was not taken: ${said}.`], failed: !ok };
}

async function rotateOne(portico: Portico, id: string, options: InOrg & { overlap: number }): Promise<Said> {
  const webhook = await one(portico, id, options);
  const changing = recorded(portico, 'webhook-rotate', { tenant: webhook.tenant, entity: `webhook/${id}` });
  const until = portico.now() + options.overlap * HOUR;
  const made = await rotateWebhook(changing, webhookKey(portico.secret), webhook, until);
  if (!made) throw new CommandError('Somebody else gave it a new secret at the same time');
  const previousUntil = new Date(until).toISOString();
  const lines = [`Webhook ${id} has a new secret.`, ...proofLines(made), `The old one signs until ${previousUntil}.`];
  return { json: { ...made, previousUntil }, lines };
}

async function removeOne(portico: Portico, id: string, options: InOrg): Promise<Said> {
  const { tenant } = await one(portico, id, options);
  const changing = recorded(portico, 'webhook-delete', { tenant, entity: `webhook/${id}` });
  await removeWebhook(changing, tenant, id);
  return { json: { id, deleted: true }, lines: [`Webhook ${id} is deleted.`] };
}

async function showHosts(portico: Portico, options: InOrg & { allow?: string[]; any?: boolean }): Promise<Said> {
  const tenant = await chooseOrg(portico.own, options.org);
  const { allow, any } = options;
  if (allow && any) throw new CommandError('--allow and --any exclude each other', 2);
  const wrong = allow?.find((host) => !/^[a-z0-9.:-]{1,253}$/.test(host));
  if (wrong !== undefined) throw new CommandError('--allow takes names of hosts, in lower case', 2);
  if (allow || any) {
    const changing = recorded(portico, 'org-update', { tenant });
    await allowHosts(changing, tenant, allow);
  }
  const hosts = await hostsOf(portico.own, tenant);
  return { json: { org: tenant, hosts: hosts ?? null }, lines: hosts ?? ['Any that is public.'] };
}
