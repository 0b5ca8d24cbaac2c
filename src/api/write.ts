import { createHash } from 'node:crypto';
import { authorOf } from '../access/author.js';
import { askedBy } from '../audit/event.js';
import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import type { Sent } from '../store/draft.js';
import type { Current, Planned, Writer } from '../store/write.js';
import { validate } from '../validate/structure.js';
import { served, type Answer, type Ask } from './ask.js';

/** A write that is planned, and what it answers: ids, and nothing else of a patient. */
export interface Change {
  readonly status: 200 | 201;
  readonly body: object;
  readonly location?: string;
  readonly planned: readonly Planned[];
  readonly patients: readonly string[];
}

export interface Written {
  readonly own: Database;
  readonly writer: Writer;
}

/** Others may have been faster this often before a writer is told so. */
const ATTEMPTS = 10;
const DAY = 24 * 3_600_000;

/** Errors: 405 where the clinical tables are somebody else's. */
export function writable({ facade: { own, writer } }: Ask): Written {
  if (own && writer) return { own, writer };
  throw new OutcomeError(405, 'read-only', "The clinical tables are somebody else's: they are only read");
}

/** Plans to write a resource. What is accepted makes valid ones; errors: 422 where one is not, and nothing is written. */
export async function planOf(
  ask: Ask,
  type: string,
  { resource, literals = [] }: { readonly resource: object; readonly literals?: Sent['literals'] },
  narrowing: Narrowing,
  id: string,
  current: Current,
): Promise<Planned> {
  const { writer } = writable(ask);
  const faults = validate(resource, ask.facade.profiles).filter(({ severity }) => severity === 'error');
  if (faults.length > 0) {
    const said = faults.slice(0, MOST).map(({ text, expression = [type] }) => `${expression.join()}: ${text}`);
    throw new OutcomeError(422, 'VALIDATION', said.join('; '));
  }
  const sent: Sent = { resource: resource as Sent['resource'], literals };
  return writer.planSave(served(ask, type), sent, narrowing, authorOf(ask.access), id, current);
}

/** As many faults as help. */
const MOST = 10;

/**
 * Plans and commits a write with its audit event and, where the request has an Idempotency-Key, what it was answered: a
 * request that is sent again has the effect once. What met another state is planned anew.
 */
export async function write(ask: Ask, sent: unknown, plan: () => Promise<Change>): Promise<Answer> {
  const { facade, access } = ask;
  const { own, writer } = writable(ask);
  const key = keyOf(ask, sent);
  for (let attempt = 1; ; attempt++) {
    const before = key && (await answered(own, key));
    if (before) return { ...before, shown: [], headers: { 'Idempotency-Replayed': 'true', ...before.headers } };
    const { status, body, location, planned, patients } = await plan();
    const headers = location === undefined ? {} : { Location: location };
    const event = await facade.trail.plan({
      ...askedBy(access),
      ...{ at: facade.now(), interaction: ask.interaction, action: ask.action, type: ask.type },
      ...{ status, patients, requestId: ask.requestId },
      ...(ask.id !== '' && { entity: `Encounter/${ask.id}` }),
    });
    const kept = key
      ? [await keep.plan(own, { ...key, ...keptUntil(ask), answer: JSON.stringify({ status, body, headers }) }, 1)]
      : [];
    const more: Planned = { outcome: 'created', plan: { statements: [...kept, ...event.statements] } };
    try {
      await writer.commit([...planned, more]);
    } catch (error) {
      if (!(error instanceof OutcomeError && error.code === 'version-conflict')) throw error;
      if (attempt < ATTEMPTS) continue;
      throw new OutcomeError(409, 'version-conflict', 'Others change the channel all the time; please try again', {
        cause: error,
      });
    }
    event.committed();
    return { status, body, headers, shown: [], audited: true };
  }
}

const keptUntil = ({ facade }: Ask): { expiresAt: number } => ({ expiresAt: facade.now() + DAY });

interface Key extends Record<string, unknown> {
  readonly tenant: string;
  readonly asker: string;
  readonly key: string;
  readonly hash: string;
}

/** A key is the caller's own: another credential's says nothing of it (THREAT 40). Errors: 400 `invalid-header`. */
function keyOf({ access, idempotencyKey: key, interaction, id }: Ask, sent: unknown): Key | undefined {
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    throw new OutcomeError(400, 'invalid-header', 'Idempotency-Key has 1 to 200 printable characters');
  const { tenant, credential, user = '' } = access;
  const hash = createHash('sha256')
    .update(JSON.stringify([interaction, id, sent]))
    .digest('hex');
  return { tenant, asker: `${credential} ${user}`, key, hash };
}

const kept = statement<Key & { now: number }>((knex, $) =>
  knex('idempotency_key')
    .where({ organization_id: $('tenant'), asker: $('asker'), key: $('key') })
    .select('request_hash', 'answer'),
);

const keep = statement<Key & { expiresAt: number; answer: string }>((knex, $) =>
  knex('idempotency_key').insert({
    organization_id: $('tenant'),
    asker: $('asker'),
    key: $('key'),
    request_hash: $('hash'),
    answer: $('answer'),
    expires_at: $('expiresAt'),
  }),
);

/** Errors: 422 where the key came with another request. */
async function answered(own: Database, key: Key): Promise<Omit<Answer, 'shown'> | undefined> {
  const row = await kept.first(own, { ...key, now: 0 });
  if (!row) return undefined;
  if (row['request_hash'] !== key.hash)
    throw new OutcomeError(422, 'VALIDATION', 'The Idempotency-Key was used for another request');
  return JSON.parse(row['answer'] as string) as Omit<Answer, 'shown'>;
}
