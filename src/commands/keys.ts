import type { Command } from 'commander';
import { replaceKeys, rotateKeys } from '../auth/rotation.js';
import { readSigningKeys, statusOf } from '../auth/signing-key.js';
import type { Portico } from '../open.js';
import { CommandError, run, withJson, withPortico, type Said } from './command.js';
import { recorded } from './recorded.js';

export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('the keys that sign access tokens and identity tokens');
  const list = withJson(keys.command('list'))
    .description('list the keys that are published')
    .action(() => run(list, () => withPortico(listAll)));
  const rotate = withJson(keys.command('rotate'))
    .description('publish the next keys, which take over in ten minutes')
    .option('--now', 'a key was stolen: retire all at once, with every access token that was issued')
    .action(({ now: atOnce = false }: { now?: boolean }) =>
      run(rotate, () => withPortico((portico) => rotateOne(portico, atOnce))),
    );
}

async function listAll({ own, now }: Portico): Promise<Said> {
  const at = now();
  const all = await readSigningKeys(own, at);
  const json = all.map((key) => {
    const { kid, alg, activeFrom, retireAt } = key;
    return { kid, alg, status: statusOf(key, all, at), activeFrom: instant(activeFrom), retireAt: instant(retireAt) };
  });
  const lines = json.map(
    ({ kid, alg, status, activeFrom, retireAt }) =>
      `${kid}  ${alg}  ${status}  from ${String(activeFrom)}${retireAt === undefined ? '' : ` until ${retireAt}`}`,
  );
  return { json, lines: lines.length === 0 ? ['There are no keys yet; the server makes the first.'] : lines };
}

const instant = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

async function rotateOne(portico: Portico, atOnce: boolean): Promise<Said> {
  const { secret, now } = portico;
  const own = recorded(portico, atOnce ? 'key-replace' : 'key-rotate', { tenant: '' });
  if (atOnce) {
    const { kids } = await replaceKeys(own, secret, now());
    const lines = [
      `Keys ${kids.join(' and ')} sign from now on; all others are retired, and every access token that was issued is dead.`,
      'Servers that run forget the old keys within a minute.',
    ];
    return { json: { kids, status: 'active' }, lines };
  }
  const next = await rotateKeys(own, secret, now());
  if (!next) throw new CommandError('The next keys are published already');
  const activeFrom = new Date(next.activeFrom).toISOString();
  return {
    json: { kids: next.kids, status: 'next', activeFrom },
    lines: [`Keys ${next.kids.join(' and ')} are published and take over at ${activeFrom}.`],
  };
}
