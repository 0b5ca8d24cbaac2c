// Puts the modules together in few files: a start would spend half its time on finding and reading them one by one. What is
// run or imported from outside stays a file, and so does a migration, which is found by its name.
import { build } from 'esbuild';
import { readdirSync, readFileSync } from 'node:fs';

const { dependencies, optionalDependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
/** Packages of many modules, or of much that is not used here. */
const brought = ['@medplum/core', 'jose', 'lossless-json', 'lru-cache'];
const sourcesIn = (folder) => readdirSync(folder).filter((name) => name.endsWith('.ts'));
const outside = [
  ...['cli', 'config', 'log', 'main', 'open', 'registry'],
  ...['access/narrow', 'search/parse', 'transfer/export', 'validate/structure'],
  ...['dev/definitions', 'dev/scopes-page', 'dev/search-page', 'dev/upstream/server'],
].map((name) => `src/${name}`);
const migrations = sourcesIn('migrations').map((name) => `migrations/${name.replace(/\.ts$/, '')}`);

/** All files of fhir/ as one, whose default export is the list of theirs. */
const declarations = {
  name: 'declarations',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^declarations$/ }, ({ path }) => ({ path, namespace: 'made' }));
    onLoad({ filter: /.*/, namespace: 'made' }, () => {
      const names = sourcesIn('fhir').filter((name) => /^export default /m.test(readFileSync(`fhir/${name}`, 'utf8')));
      const imports = names.map((name, index) => `import d${index} from './fhir/${name}';`);
      const list = names.map((_, index) => `d${index}`);
      return { contents: `${imports.join('\n')}\nexport default [${list.join(', ')}];`, resolveDir: '.' };
    });
  },
};

await build({
  entryPoints: {
    ...Object.fromEntries([...outside, ...migrations].map((name) => [name, `${name}.ts`])),
    'fhir/declarations': 'declarations',
  },
  plugins: [declarations],
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  external: Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies }).filter(
    (name) => !brought.includes(name),
  ),
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
});
