import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { examples } from '../src/commands/examples.js';
import { variables } from '../src/config.js';
import { loadRegistry } from '../src/registry.js';
import { everyCommand } from './support/every-command.js';

const root = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const readme = read('README.md');

describe('README', () => {
  it('has a row for each configuration variable, and no other', () => {
    const rows = [...readme.matchAll(/^\| `(PORT[A-Z_]*)`/gm)].map(([, name]) => name);
    assert.deepEqual(rows, [...variables]);
  });

  it('names the types that are served, with their searches and profiles', async () => {
    const registry = await loadRegistry();
    const expected = registry.all().map(({ type, params, profiles }) => {
      const names = [...params.keys()].sort().map((name) => `\`${name}\``);
      return `${type} | ${names.join(' ')} | ${profiles.map((each) => `\`${each.split('/').at(-1) ?? ''}\``).join(' ')}`;
    });
    const table = /^\| Type .*\n\| -.*\n((?:\|.*\n)+)/m.exec(readme)?.[1] ?? '';
    const rows = table.trim().split('\n');
    assert.deepEqual(
      rows.map((row) =>
        row
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
          .join(' | '),
      ),
      expected,
    );
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...documents().matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name]) => name as string);
    assert.ok(named.length > 0);
    for (const name of new Set(named)) assert.ok(scripts[name], `npm run ${name}`);
  });

  it('names commands that exist', () => {
    const help = execFileSync(process.execPath, ['--import', 'tsx', 'src/cli.ts', '--help'], {
      cwd: root,
      encoding: 'utf8',
    });
    const commands = [...help.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name);
    const named = [...documents().matchAll(/(?:`|npx )portico ([a-z][\w-]*)/g)].map(([, name]) => name as string);
    assert.ok(named.length > 0);
    for (const name of new Set(named)) assert.ok(commands.includes(name), `portico ${name}`);
  });

  it('calls commands with options that they have, as does their own help', () => {
    const program = everyCommand();
    const shown = [
      ...documents()
        .replaceAll(/\\\n */g, '')
        .matchAll(/^(?:\$ )?npx (portico [a-z].*)$/gm),
    ];
    const lines = [...shown.map(([, line]) => line as string), ...Object.values(examples).flat()];
    assert.ok(lines.length > 50, String(lines.length));
    for (const line of lines) {
      const words = line
        .replace(/^.*?(?=portico )/, '')
        .replace(/ {2,}#.*| &&.*/, '')
        .replaceAll(/'[^']*'|"[^"]*"/g, 'x')
        .split(' ');
      let command = program;
      for (const word of words.slice(1)) command = command.commands.find((each) => each.name() === word) ?? command;
      assert.notEqual(command, program, line);
      const taken = [...command.options.map(({ long }) => long), '--help'];
      for (const word of words.filter((each) => each.startsWith('--')))
        assert.ok(taken.includes(word), `${line}: ${word}`);
    }
  });

  it('shows the declaration that is tested', () => {
    const [, file = '', shown] =
      /<!-- example (\S+) -->\s*```ts\n([\s\S]*?)```\s*<!-- \/example -->/.exec(readme) ?? [];
    assert.equal(shown, read(file));
  });

  it('shows the SMART app that a browser has launched', () => {
    const shown = /<!-- example test\/examples\/smart-app\.html -->[^]*?```html\n([^]*?)```/.exec(readme)?.[1];
    assert.equal(shown, read('test/examples/smart-app.html'));
  });

  it('links to files that are there', () => {
    for (const [, file] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) assert.ok(read(file as string) !== '');
  });
});

const documents = (): string => [readme, read('fhir/README.md'), read('docs/operating.md')].join('\n');
