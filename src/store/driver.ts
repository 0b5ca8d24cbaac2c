import type BetterSqlite3 from 'better-sqlite3';
import { createRequire } from 'node:module';

/**
 * better-sqlite3 12 is the last that runs on Node 20, and aborts the process on Node 24.19 and later when a statement is
 * collected; 13, on Node-API, runs on Node 22 and later.
 */
const name = Number(process.versions.node.split('.')[0]) < 22 ? 'better-sqlite3' : 'better-sqlite3-13';

/** The driver of SQLite that works on this Node. */
export const driver = createRequire(import.meta.url)(name) as typeof BetterSqlite3;
