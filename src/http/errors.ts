import type { Middleware } from 'koa';
import { OAuthError, OutcomeError } from '../outcome.js';
import { handledOf } from './request-log.js';
import { unavailable } from './unavailable.js';

/**
 * The one catch of everything that is not FHIR: OAuth errors in the words of RFC 6749, the rest as
 * `{ error, code, requestId }`. FHIR has its own, in fhir-handler.
 */
export function errors(onError: (error: unknown, requestId: string) => void): Middleware {
  return async (ctx, next) => {
    const { requestId } = handledOf(ctx);
    ctx.set({ 'X-Request-Id': requestId, 'X-Content-Type-Options': 'nosniff' });
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined && ctx.respond !== false)
        throw new OutcomeError(404, 'unknown-route', 'There is nothing at this path');
    } catch (error) {
      if (error instanceof OAuthError) {
        if (error.cause !== undefined) onError(error.cause, requestId);
        ctx.status = error.status;
        ctx.set({ ...error.headers, 'Cache-Control': 'no-store', Pragma: 'no-cache' });
        ctx.body = { error: error.error, error_description: error.message };
        return;
      }
      const known = error instanceof OutcomeError ? error : unavailable(error);
      if (error !== known) onError(error, requestId);
      ctx.status = known?.status ?? 500;
      // A 401 always says how to do better (RFC 9110 section 15.5.2); the error may say it more precisely.
      if (ctx.status === 401) ctx.set('WWW-Authenticate', 'Bearer realm="portico"');
      if (known) ctx.set({ ...known.headers });
      ctx.body = { error: known?.message ?? 'Something went wrong here', code: known?.code ?? 'internal', requestId };
    }
  };
}
