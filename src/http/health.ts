import type { Middleware } from 'koa';
import { handledOf } from './request-log.js';

/** `/healthz`: the process runs. `/readyz`: it takes work, its database answers and is migrated. */
export function health(ready: () => Promise<boolean>): Middleware {
  return async (ctx, next) => {
    if (ctx.path === '/healthz') {
      handledOf(ctx).interaction = 'healthz';
      ctx.body = { status: 'ok' };
      return;
    }
    if (ctx.path !== '/readyz') return next() as Promise<void>;
    handledOf(ctx).interaction = 'readyz';
    const isReady = await ready().catch(() => false);
    ctx.status = isReady ? 200 : 503;
    ctx.body = { status: isReady ? 'ready' : 'unavailable' };
  };
}
