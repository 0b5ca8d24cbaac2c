import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from './config.js';
import { makeFolder } from './folder.js';
import { ConfigurationError } from './outcome.js';

/**
 * The secret that wraps keys: PORTICO_SECRET, or for SQLite a file beside the database that is made on the first run.
 * It is not in the database, so that a copy of the database opens nothing.
 */
export function readSecret({ secret, databaseUrl }: Config): string {
  if (secret !== undefined) return secret;
  const database = databaseUrl.slice('sqlite:'.length);
  if (database === ':memory:') return randomBytes(32).toString('base64');
  const file = `${database}.secret`;
  if (existsSync(file)) {
    const text = readFileSync(file, 'utf8').trim();
    if (text.length >= 32) return text;
    throw new ConfigurationError('The secret cannot be read', [`${file} holds fewer than 32 characters`]);
  }
  // It gets its name when it is whole: of two processes that start at once, one makes it and both read it.
  const whole = `${file}.${String(process.pid)}`;
  try {
    makeFolder(dirname(file));
    writeFileSync(whole, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  } catch (error) {
    throw new ConfigurationError('The secret beside the database cannot be made', [(error as Error).message]);
  }
  try {
    linkSync(whole, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(whole);
  }
  return readFileSync(file, 'utf8').trim();
}
