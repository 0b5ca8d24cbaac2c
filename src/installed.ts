import { existsSync } from 'node:fs';

/** Where package.json is, whichever piece of what was built this code came to be in. */
function rootOf(file: string): URL {
  let folder = new URL('./', file);
  while (!existsSync(new URL('package.json', folder))) folder = new URL('../', folder);
  return folder;
}

const root = rootOf(import.meta.url);

/** Whether this is the product as it was built, and not its source. */
export const isBuilt = import.meta.url.endsWith('.js');

/** What the build made. */
export const dist = new URL('dist/', root);

/** Where `fhir/`, `migrations/` and `src/` are, as this code can import them. */
export const code = isBuilt ? dist : root;
