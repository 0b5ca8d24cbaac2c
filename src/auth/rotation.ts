import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { together } from '../store/plan.js';
import { LONGEST_LIFE } from './lifetimes.js';
import { planSigningKey, readSigningKeys, signingAlgs, statusOf } from './signing-key.js';

/** How long a key is published before it signs: every process and every verifier has it by then. */
const PUBLISHED_BEFORE = 10 * 60_000;
/** How long a key is known after the last token that it signed has expired: clocks differ a little. */
const KNOWN_AFTER = 60_000;

export interface Rotated {
  /** The new keys, that of access tokens first. */
  readonly kids: readonly string[];
  readonly activeFrom: number;
}

/**
 * Publishes the next keys, one of each algorithm, which take over in ten minutes; what the present ones signed stays
 * valid. Undefined when some are on their way already.
 */
export async function rotateKeys(db: Database, secret: string, now: number): Promise<Rotated | undefined> {
  const keys = await readSigningKeys(db, now);
  if (keys.some((key) => statusOf(key, keys, now) === 'next')) return undefined;
  const activeFrom = now + PUBLISHED_BEFORE;
  const retireAt = activeFrom + LONGEST_LIFE * 1000 + KNOWN_AFTER;
  const planned = await Promise.all(
    signingAlgs.map((alg) => planSigningKey(db, secret, { alg, activeFrom, retireAt, now })),
  );
  await db.commit(together(planned));
  return { kids: planned.map(({ kid }) => kid), activeFrom };
}

const cutCredentials = statement<Record<never, never>>((knex) =>
  knex('credential').update({ epoch: knex.raw('epoch + 1') }),
);
const cutUsers = statement<Record<never, never>>((knex) =>
  knex('user_account').update({ epoch: knex.raw('epoch + 1') }),
);

/**
 * After a key was stolen: new ones sign at once, all others are retired at once, and every access token that was
 * issued is dead, since nobody can tell it from a forged one.
 */
export async function replaceKeys(db: Database, secret: string, now: number): Promise<Rotated> {
  const planned = await Promise.all(
    signingAlgs.map((alg) => planSigningKey(db, secret, { alg, activeFrom: now, retireAt: now, now })),
  );
  const cut = { statements: [await cutCredentials.plan(db, {}), await cutUsers.plan(db, {})] };
  await db.commit(together([...planned, cut]));
  return { kids: planned.map(({ kid }) => kid), activeFrom: now };
}
