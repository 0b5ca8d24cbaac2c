// Puts the modules together in few files: a start would spend half its time on finding and reading them one by one. What is
// found by its name while running stays a file, and so does what is run or imported from outside.
import { build } from 'esbuild';
import { readdirSync } from 'node:fs';

const outside = [
  ...['cli', 'config', 'log', 'main', 'open', 'registry'],
  ...['access/narrow', 'search/parse', 'transfer/export', 'validate/structure'],
  ...['dev/definitions', 'dev/scopes-page', 'dev/search-page', 'dev/upstream/server'],
];
const found = ['fhir', 'migrations'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);

await build({
  entryPoints: [...outside.map((name) => `src/${name}.ts`), ...found],
  outbase: '.',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});
