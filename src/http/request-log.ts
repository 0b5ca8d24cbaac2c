import type { Context, Middleware } from 'koa';
import { randomBytes } from 'node:crypto';
import type { Access } from '../access/narrow.js';

/** What is known of a request while it is served: its log line says this, and nothing that the client wrote. */
export interface Handled {
  readonly requestId: string;
  /** One of our own words; a path that nothing serves has none. */
  interaction?: string;
  type?: string;
  access?: Access;
  /** What its answer says of the limit of its organization: header names and values in turn. */
  limit?: readonly string[];
}

export const handledOf = (ctx: Context): Handled => (ctx.state as { handled: Handled }).handled;

/**
 * Gives every request an id and writes one line about it. The line has the interaction and the type instead of the
 * URL: ids, names and search values are patient data. It is put together by hand, because it is written for every
 * request and all that goes into it is known to need no escaping.
 */
export function requestLog(write: ((line: string) => void) | undefined, now: () => number): Middleware {
  const process = randomBytes(4).toString('hex');
  let count = 0;
  return async (ctx, next) => {
    const started = now();
    const given = ctx.req.headers['x-request-id'];
    const requestId =
      typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : `${process}-${(++count).toString(36)}`;
    const handled: Handled = { requestId };
    (ctx.state as { handled: Handled }).handled = handled;
    await next();
    if (!write) return;
    const ended = now();
    const { interaction = 'none', type, access } = handled;
    const which = type === undefined ? '' : `,"type":"${type}"`;
    const who = access ? `,"org":${JSON.stringify(access.tenant)},"credential":"${access.credential}"` : '';
    write(
      `{"level":30,"time":"${new Date(ended).toISOString()}","method":"${ctx.method}","interaction":"${interaction}"${which},"status":${String(ctx.res.statusCode)},"ms":${String(ended - started)},"requestId":"${requestId}"${who}}\n`,
    );
  };
}
