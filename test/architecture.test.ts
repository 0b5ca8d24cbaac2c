import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { variables } from '../src/config.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The import line. A folder, or a file that lies in src/ itself, imports from the lines below its own and from none
 * above; those that share a line never import each other.
 */
const line: readonly (readonly string[])[] = [
  ['cli'],
  ['commands'],
  ['dev', 'watch'],
  ['main'],
  ['app', 'chores'],
  ['outgoing'],
  ['open'],
  ['portal'],
  ['api', 'auth', 'rest', 'transfer'],
  ['http'],
  ['subscriptions'],
  ['pulsara', 'webhooks'],
  ['audit', 'channel', 'jobs', 'limits', 'outbound', 'outbox', 'psr'],
  ['access'],
  ['store'],
  ['search'],
  ['registry', 'xml'],
  ['validate'],
  ['define'],
  ['secret'],
  ['config'],
  ['folder', 'installed', 'log', 'outcome', 'version'],
];

/**
 * Who may know Koa: everything else is a plain function that a worker can call too. In dev/ there is a server to
 * develop against.
 */
const knowKoa = ['api', 'app', 'auth', 'dev', 'http', 'portal'];

interface Source {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** Paths from the root of the repository, or names of packages. */
  readonly imports: readonly string[];
}

const sources = [...filesIn('src'), ...filesIn('fhir'), ...filesIn('migrations'), ...filesIn('test')]
  .filter((path) => /\.tsx?$/.test(path))
  .map(sourceOf);
const within = (...folders: string[]): Source[] =>
  sources.filter(({ path }) => folders.some((folder) => path.startsWith(`${folder}/`)));

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function sourceOf(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8');
  // A file named in code is a file that is imported, however it is imported.
  const imports = ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('.') ? join(dirname(path), fileName).replace(/\.js$/, '.ts') : fileName,
    );
  return { path, text, imports };
}

/** The place on the line of a file of src/: its folder, or its own name. */
const unitOf = (path: string): string => (path.split('/')[1] as string).replace(/\.ts$/, '');
const levelOf = (unit: string): number => line.findIndex((units) => units.includes(unit));

describe('architecture', () => {
  it('has every folder and file of src/ on the import line, and nothing else', () => {
    const units = new Set(within('src').map(({ path }) => unitOf(path)));
    assert.deepEqual([...units].sort(), line.flat().sort());
  });

  it('imports along the line: from below, never from above, never from beside', () => {
    const wrong = within('src').flatMap(({ path, imports }) =>
      imports
        .filter((imported) => imported.startsWith('src/') && unitOf(imported) !== unitOf(path))
        .filter((imported) => levelOf(unitOf(imported)) <= levelOf(unitOf(path)))
        .map((imported) => `${path} imports ${imported}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('keeps src/ from knowing the declarations, the migrations and the tests', () => {
    const wrong = within('src').flatMap(({ path, imports }) =>
      imports
        // The table of native scopes is data beside the declarations, which name its resources.
        .filter((imported) => /^(fhir|migrations|test)\//.test(imported) && imported !== 'fhir/native-scopes.ts')
        .map((imported) => `${path}: ${imported}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('writes declarations in the language of src/define alone', () => {
    const allowed = /^(src\/define\/|fhir\/elements\/|@medplum\/fhirtypes$)/;
    const wrong = within('fhir').flatMap(({ path, imports }) =>
      imports.filter((imported) => !allowed.test(imported)).map((imported) => `${path}: ${imported}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('makes a Narrowing in access/narrow.ts and nowhere else', () => {
    // The brand is not exported, so that only an assertion can make one.
    assert.doesNotMatch(textOf('src/define/request.ts'), /export .*\bmade\b/);
    const making = within('src', 'fhir', 'test')
      .filter(({ text }) => /\bas (unknown as |never as )?Narrowing\b|<Narrowing>\s*[({]/.test(text))
      .map(({ path }) => path);
    // The table of compiled statements needs one without a token, and reads no row with it.
    assert.deepEqual(making, ['src/access/narrow.ts', 'test/search/compile-table.ts']);
  });

  it('works for nobody in particular only where no client asks', () => {
    const allowed = /^(src\/(access|transfer|commands|dev|pulsara|subscriptions|webhooks)|test)\//;
    const wrong = sources.filter(({ path, text }) => /\basSystem\(/.test(text) && !allowed.test(path));
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  it(`knows Koa in ${knowKoa.join(', ')} alone`, () => {
    const wrong = within('src', 'fhir')
      .filter(({ imports }) => imports.some((imported) => /^(koa|@koa)\b/.test(imported)))
      .filter(({ path }) => !knowKoa.includes(unitOf(path)));
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  it('reads the environment in config.ts alone', () => {
    const reading = within('src', 'fhir', 'migrations').filter(({ text }) =>
      /\bprocess\.env\b|\benv\b.*node:process/.test(text),
    );
    assert.deepEqual(
      reading.map(({ path }) => path),
      ['src/config.ts'],
    );
  });

  it('has no SQL text with something written into it', () => {
    const raw = /\b(raw|\w+Raw)\(\s*(`[^`]*\$\{|'[^']*'\s*\+|"[^"]*"\s*\+)/;
    assert.deepEqual(
      sources.filter(({ text }) => raw.test(text)).map(({ path }) => path),
      [],
    );
  });

  it('has files that fit a head: none above 400 lines, and few above 220', () => {
    const lines = sources.map(({ path, text }) => ({ path, count: text.split('\n').length - 1 }));
    const long = lines.filter(({ count }) => count > 220).sort((a, b) => b.count - a.count);
    for (const { path, count } of long) process.stdout.write(`    ${String(count)} lines: ${path}\n`);
    assert.deepEqual(
      long.filter(({ count }) => count > 400),
      [],
    );
    assert.ok(
      long.length * 10 <= lines.length,
      `nine of ten files have 220 lines at most: ${String(long.length)} have more`,
    );
  });

  it('has no drawer for what nobody found a name for', () => {
    const drawer = /(^|[/-])(utils?|helpers?|common|misc|manager|impl)([./-]|$)/i;
    assert.deepEqual(
      sources.filter(({ path }) => drawer.test(path)).map(({ path }) => path),
      [],
    );
  });

  it('leaves nothing for later', () => {
    // Written so that it does not find itself.
    const later = /\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/;
    const texts = [...sources, ...documents()];
    assert.deepEqual(
      texts.filter(({ text }) => later.test(text)).map(({ path }) => path),
      [],
    );
  });

  it('has a row in README for every variable', () => {
    const readme = existsSync(join(root, 'README.md')) ? textOf('README.md') : '';
    const rows = readme.split('\n').filter((each) => each.startsWith('|'));
    const missing = variables.filter(
      (name) => !rows.some((row) => new RegExp(`^\\|\\s*\`?${name}\`?\\s*\\|`).test(row)),
    );
    assert.deepEqual(missing, []);
  });
});

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

function documents(): { path: string; text: string }[] {
  const folders = ['docs', 'fhir', 'src', 'test'].filter((folder) => existsSync(join(root, folder)));
  const inside = folders.flatMap(filesIn).filter((path) => path.endsWith('.md'));
  const beside = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...beside, ...inside].map((path) => ({ path, text: textOf(path) }));
}
