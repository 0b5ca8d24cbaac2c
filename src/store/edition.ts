import { hash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dist, isBuilt } from '../installed.js';

/** The code as it was built. What was not built may change at any moment, and knows no other process. */
const build = (): string =>
  isBuilt ? readFileSync(new URL('build-id', dist), 'utf8') : randomBytes(8).toString('hex');

let known: string | undefined;

/**
 * Names what a resource is written by, beside its row: the code, and the base URL of this server. A text of another
 * edition may not be what this one would write.
 */
export function editionOf(base: string): string {
  known ??= build();
  return hash('sha256', `${known} ${base}`, 'hex').slice(0, 12);
}
