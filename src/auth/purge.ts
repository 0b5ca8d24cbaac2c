import type { Knex } from 'knex';
import { forgetDone } from '../jobs/replay.js';
import { forgetSettled } from '../pulsara/inbox.js';
import { discardUnclaimed } from '../store/blobs.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';

const EVERY_MILLISECONDS = 5 * 60_000;
/** Clocks differ a little: what has just ended may still be asked for. */
const KEPT_MILLISECONDS = 60_000;

/** Tables whose rows mean nothing once they have expired, and the column that says when; children come first. */
const expiring = [
  ['jti_seen', 'expires_at'],
  ['revoked_jti', 'expires_at'],
  ['refresh_token', 'expires_at'],
  ['auth_request', 'expires_at'],
  ['auth_code', 'kept_until'],
  ['launch', 'expires_at'],
  ['mfa_challenge', 'expires_at'],
  ['portal_session', 'expires_at'],
  ['portal_form', 'expires_at'],
  ['enrolment', 'expires_at'],
  ['rate_limit', 'expire'],
  ['signing_key', 'retire_at'],
  ['idempotency_key', 'expires_at'],
  ['subscription_event', 'expires_at'],
] as const;

const deletions = expiring.map(([table, column]) =>
  statement<{ before: number }>((knex: Knex, $) => knex(table).where(column, '<', $('before')).delete()),
);

/** Bytes that came by themselves wait this long for a document. */
const UNCLAIMED_MILLISECONDS = 24 * 60 * 60_000;

/** Until then a job that comes again is known to be done. */
const JOBS_MILLISECONDS = 7 * 24 * 60 * 60_000;

/** Until then a webhook that comes again is known, and the manager sees what became of it. */
const INBOX_MILLISECONDS = 90 * 24 * 60 * 60_000;

/** Deletes what has expired. Several processes may do it at once. */
export async function purge(db: Database, now: number): Promise<void> {
  await discardUnclaimed(db, now - UNCLAIMED_MILLISECONDS);
  await db.commit({ statements: [await forgetDone(db, now - JOBS_MILLISECONDS)] });
  await db.commit({ statements: [await forgetSettled(db, now - INBOX_MILLISECONDS)] });
  for (const deletion of deletions)
    await db.commit({ statements: [await deletion.plan(db, { before: now - KEPT_MILLISECONDS })] });
}

/** Purges now and every few minutes. */
export function startPurging(
  db: Database,
  now: () => number,
  onError: (error: unknown) => void,
): { stop(): Promise<void> } {
  let running = Promise.resolve();
  const run = (): void => {
    running = running.then(() => purge(db, now())).catch(onError);
  };
  run();
  const timer = setInterval(run, EVERY_MILLISECONDS).unref();
  return {
    stop: () => {
      clearInterval(timer);
      return running;
    },
  };
}
