import { execSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** After an install: builds, where there is what it takes to build. An install without devDependencies has dist/ from elsewhere. */
const there = (path) => existsSync(fileURLToPath(new URL(`../${path}`, import.meta.url)));

if (there('node_modules/esbuild/package.json')) execSync('npm run build', { stdio: 'inherit' });
else if (!there('dist/src/cli.js')) {
  process.stderr.write(
    'There is no dist/, and nothing to build it with: run npm ci, and then npm prune --omit=dev: see docs/operating.md\n',
  );
  process.exitCode = 1;
}
