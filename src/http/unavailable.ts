import { OutcomeError } from '../outcome.js';

/** Errors of the network, of a full or busy SQLite, and PostgreSQL's classes 08, 53 and 57P: they pass. */
const transient =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|SQLITE_(BUSY|LOCKED|FULL|IOERR)\w*|(08|53)\w{3}|57P0[1-3])$/;

/** PostgreSQL's for a statement that took longer than it may. */
const TOOK_TOO_LONG = '57014';

/** The 503 of an error that is a dependency's and will pass; undefined for any other error. */
export function unavailable(error: unknown): OutcomeError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  if (code === TOOK_TOO_LONG)
    return new OutcomeError(503, 'too-costly', 'That took too long; please ask for less at once', { cause: error });
  // pg gives no code to a connection that it loses.
  const passes = typeof code === 'string' ? transient.test(code) : /^Connection terminated/.test(error.message);
  if (!passes) return undefined;
  return new OutcomeError(503, 'unavailable', 'A database that this needs does not answer; please try again', {
    headers: { 'Retry-After': '5' },
    cause: error,
  });
}
