import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from './config.js';
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
  mkdirSync(dirname(file), { recursive: true });
  // It gets its name when it is whole: of two processes that start at once, one makes it and both read it.
  const whole = `${file}.${String(process.pid)}`;
  writeFileSync(whole, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  try {
    linkSync(whole, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(whole);
  }
  return readFileSync(file, 'utf8').trim();
}
