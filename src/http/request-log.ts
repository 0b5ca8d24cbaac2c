import type { Middleware } from 'koa';
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Handled } from './fhir-handler.js';

/**
 * Gives every request an id and writes one line about it. The line has the interaction and the type instead of the
 * URL: ids, names and search values are patient data.
 */
export function requestLog(logger: Logger, now: () => number): Middleware {
  const process = randomBytes(4).toString('hex');
  let count = 0;
  return async (ctx, next) => {
    const started = now();
    const given = ctx.req.headers['x-request-id'];
    const requestId = typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : `${process}-${(++count).toString(36)}`;
    const handled: Handled = {};
    Object.assign(ctx.state, { requestId, handled });
    ctx.res.setHeader('X-Request-Id', requestId);
    await next();
    const { interaction, type, access } = handled;
    logger.info({
      method: ctx.method,
      // The routes outside of FHIR hold no ids.
      ...(interaction === undefined ? { path: ctx.path.slice(0, 64) } : { interaction, type }),
      status: ctx.status,
      ms: Math.round(now() - started),
      requestId,
      ...(access && { org: access.tenant, credential: access.credential }),
    });
  };
}
