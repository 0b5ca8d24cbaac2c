import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';

/** A picture of an app: bytes that were checked, so that a page that shows it fetches nothing from its maker. */
export interface Logo {
  readonly type: string;
  readonly base64: string;
}

const MOST_BYTES = 65_536;

/** The kinds of picture that hold no script, by their first bytes. */
const kinds: readonly (readonly [type: string, begins: string])[] = [
  ['image/png', '89504e470d0a1a0a'],
  ['image/jpeg', 'ffd8ff'],
];

/** Undefined for what is no picture, or too large a one. */
export function logoOf(bytes: Buffer): Logo | undefined {
  const kind = kinds.find(([, begins]) => bytes.subarray(0, begins.length / 2).toString('hex') === begins);
  return kind && bytes.length <= MOST_BYTES ? { type: kind[0], base64: bytes.toString('base64') } : undefined;
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('app_logo')
    .insert({ credential_id: $('id'), type: $('type'), base64: $('base64') })
    .onConflict('credential_id')
    .merge(['type', 'base64']),
);

export async function setLogo(db: Database, id: string, logo: Logo): Promise<void> {
  await db.commit({ statements: [await insert.plan(db, { id, ...logo }, 1)] });
}

const byId = statement<{ id: string }>((knex, $) => knex('app_logo').where('credential_id', $('id')).select('*'));

/** As a URL that holds the picture itself. */
export async function logoUrl(db: Database, id: string): Promise<string | undefined> {
  const row = await byId.first(db, { id });
  return row && `data:${row['type'] as string};base64,${row['base64'] as string}`;
}
