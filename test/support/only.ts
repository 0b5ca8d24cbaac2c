import { dialect } from './database.js';

/** Tests that are about one database and were not run on the other: named at the end, so that nobody misses them. */
export const notHere: string[] = [];

type Only = typeof dialect;

/** A test of what only one of the databases has. */
export function itOn(only: Only, title: string, test: Mocha.AsyncFunc): void {
  if (only === dialect) it(title, test);
  else notHere.push(`${title} (needs ${only})`);
}

export function describeOn(only: Only, title: string, tests: () => void): void {
  if (only === dialect) describe(title, tests);
  else notHere.push(`${title} (needs ${only})`);
}
