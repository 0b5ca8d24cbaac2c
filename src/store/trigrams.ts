import type { WithinTexts } from '../search/too-costly.js';
import type { Database } from './database.js';

const known = new WeakMap<Database, Map<string, boolean>>();

/** PostgreSQL finds three characters and more anywhere in a text by an index, where its extension pg_trgm could be made. */
export async function findsByTrigrams(db: Database, { resource, test }: WithinTexts): Promise<boolean> {
  const { from } = resource.source;
  if (db.dialect.name !== 'postgres' || typeof from !== 'string' || test.modifier !== 'contains') return false;
  // The text stands between two %.
  if (!test.any.every(({ bindings: [text] }) => typeof text === 'string' && text.length >= 5)) return false;
  let indices = known.get(db);
  if (!indices) known.set(db, (indices = new Map<string, boolean>()));
  let found = indices.get(from);
  if (found === undefined) {
    const rows = await db.arrays('select to_regclass($1) is not null', [`${from}_trigrams`]);
    indices.set(from, (found = rows[0]?.[0] === true));
  }
  return found;
}
