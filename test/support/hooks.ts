import { dialect, dropAll } from './database.js';
import { notHere } from './only.js';

/** What mocha does around all of the suite, in the one process that shares it out. */
export function mochaGlobalSetup(): void {
  process.stdout.write(`database: ${dialect}\n`);
}

export const mochaGlobalTeardown = dropAll;

export const mochaHooks = {
  /** After each file, in the process that ran it. */
  afterAll(): void {
    for (const each of notHere.splice(0)) process.stdout.write(`\nnot run on ${dialect}: ${each}`);
  },
};
