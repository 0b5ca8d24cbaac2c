import { createHash } from 'node:crypto';
import type { Database } from './database.js';
import { statement } from './database.js';
import type { PlannedStatement } from './plan.js';

/** Rows of the table of turns: criteria that share one by chance make each other look twice, and nothing else. */
const SLOTS = 4096;

const read = statement<{ slot: number }>((knex, $) => knex('condition_turn').where('slot', $('slot')).select('turn'));

const take = statement<{ slot: number; seen: number }>((knex, $) =>
  knex('condition_turn')
    .insert({ slot: $('slot'), turn: 1 })
    .onConflict('slot')
    .merge({ turn: knex.raw('?? + 1', ['condition_turn.turn']) })
    .where('condition_turn.turn', $('seen')),
);

/** A turn that was seen before the criteria were looked for. */
export interface Turn {
  readonly slot: number;
  readonly seen: number;
}

/** To be called before the search of a conditional write. `criteria` says tenant, type and search. */
export async function seeTurn(db: Database, criteria: string): Promise<Turn> {
  const slot = createHash('sha256').update(criteria).digest().readUInt32BE() % SLOTS;
  return { slot, seen: Number((await read.first(db, { slot }))?.['turn'] ?? 0) };
}

/** As part of the plan of the write: met another turn, somebody else wrote by the same criteria since. */
export const takeTurn = (db: Database, turn: Turn): Promise<PlannedStatement> => take.plan(db, { ...turn }, 1);
