import { dialect, dropAll } from './database.js';
import { notHere } from './only.js';

/** What mocha does around all of the suite, in the one process that shares it out. */
export function mochaGlobalSetup(): void {
  // Mocha says by itself how the tests ended; when a process that runs some of them dies, it only stops.
  process.exitCode = 1;
  process.stdout.write(`database: ${dialect}\n`);
}

export const mochaGlobalTeardown = dropAll;

export const mochaHooks = {
  /** After each file, in the process that ran it. */
  afterAll(): void {
    for (const each of notHere.splice(0)) process.stdout.write(`\nnot run on ${dialect}: ${each}`);
  },
};
