import type { Context, Middleware } from 'koa';
import { handledOf } from './request-log.js';

/** `/healthz`: the process runs. `/readyz`: it takes work, its database answers and is migrated. */
export function health(ready: () => Promise<boolean>): Middleware {
  return async (ctx, next) => {
    if (ctx.path === '/healthz') {
      handledOf(ctx).interaction = 'healthz';
      say(ctx, 'ok');
      return;
    }
    if (ctx.path !== '/readyz') return next() as Promise<void>;
    handledOf(ctx).interaction = 'readyz';
    const isReady = await ready().catch(() => false);
    ctx.status = isReady ? 200 : 503;
    say(ctx, isReady ? 'ready' : 'unavailable');
  };
}

/** As a text: for an object Koa looks whether it is a web stream or a Response, and Node then loads all of fetch. */
function say(ctx: Context, status: string): void {
  ctx.type = 'json';
  ctx.body = JSON.stringify({ status });
}
