import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** One by one: told to make all of a path, Node never comes back from where none can be made, as below /proc. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been faster.
    if (!existsSync(path)) throw error;
  }
}
