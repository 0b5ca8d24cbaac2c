import type { Context } from 'koa';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with systems that are asked over a network. */
export const faults = [
  'error',
  'unavailable',
  'rate-limited',
  'unauthorized',
  'unknown',
  'slow',
  'broken-connection',
  'redirect',
  'html',
  'wrong-type',
  'truncated',
  'not-whole',
  'compressed',
] as const;
export type Fault = (typeof faults)[number];

/** What would have been answered. */
export interface Answer {
  readonly type: 'application/json' | 'application/pdf';
  readonly body: Buffer;
}

const refusals: Partial<Record<Fault, number>> = { error: 500, unauthorized: 401, unknown: 404 };

/** Answers, but for what goes wrong. */
export async function answer(ctx: Context, { type, body }: Answer, fault: Fault | undefined): Promise<void> {
  const refusal = fault && refusals[fault];
  if (refusal !== undefined) {
    ctx.status = refusal;
    return;
  }
  ctx.status = 200;
  ctx.type = type;
  switch (fault) {
    case undefined:
      ctx.body = body;
      return;
    case 'slow':
      await sleep(300);
      ctx.body = body;
      return;
    case 'unavailable':
    case 'rate-limited':
      ctx.status = fault === 'unavailable' ? 503 : 429;
      ctx.set('Retry-After', '1');
      return;
    case 'redirect':
      ctx.redirect('/elsewhere');
      return;
    case 'html':
      ctx.type = 'text/html';
      ctx.body = '<!doctype html><title>Down for maintenance</title>';
      return;
    case 'wrong-type':
      ctx.type = 'application/octet-stream';
      ctx.body = body;
      return;
    // It looks whole to HTTP and is not.
    case 'not-whole':
      ctx.body = body.subarray(0, Math.floor(body.length / 2));
      return;
    case 'compressed':
      ctx.set('Content-Encoding', 'gzip');
      ctx.body = body;
      return;
    case 'truncated':
    case 'broken-connection':
      ctx.respond = false;
      if (fault === 'truncated') {
        ctx.res.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
        ctx.res.write(body.subarray(0, Math.floor(body.length / 2)));
      }
      setTimeout(() => ctx.res.destroy(), 20);
      return;
    default:
      ctx.status = 500;
  }
}
