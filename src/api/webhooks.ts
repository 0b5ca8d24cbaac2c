import Router from '@koa/router';
import type { Middleware } from 'koa';
import type { Audit } from '../audit/event.js';
import { BodyError, checkEncoding, readBytes } from '../http/body.js';
import { handledOf } from '../http/request-log.js';
import { OutcomeError } from '../outcome.js';
import { INBOX } from '../pulsara/inbox.js';
import { receive, type ReceiveOptions } from '../pulsara/receive.js';

export interface WebhookOptions extends ReceiveOptions {
  readonly audit: Audit;
  readonly wake: (queue: string) => void;
}

/** Ids and names: a webhook that is longer is none. */
const MOST_BYTES = 65_536;

/** What other systems tell us. */
export function webhookRoutes(options: WebhookOptions): Middleware {
  const router = new Router({ prefix: '/webhooks' });
  router.post('/pulsara/:integration', async (ctx) => {
    const handled = handledOf(ctx);
    handled.interaction = 'webhook';
    ctx.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    try {
      const body = await bodyOf(ctx.req);
      const signature = ctx.req.headers['pulsara-signature'];
      const integration = ctx.params['integration'] ?? '';
      await receive(options, { integration, signature: typeof signature === 'string' ? signature : undefined, body });
    } catch (error) {
      const status = error instanceof OutcomeError ? error.status : 500;
      // Whoever it was proved nothing; the events themselves are in the inbox.
      const event = { at: options.now(), tenant: '', interaction: 'webhook', action: 'C' as const, patients: [] };
      await options.audit({ ...event, status, requestId: handled.requestId }, ctx.ip);
      throw error;
    }
    options.wake(INBOX);
    ctx.status = 202;
    ctx.body = { status: 'accepted' };
  });
  return router.routes() as unknown as Middleware;
}

/** Errors: 413, 415. */
async function bodyOf(request: Parameters<typeof readBytes>[0]): Promise<Buffer> {
  try {
    checkEncoding(request);
    return await readBytes(request, MOST_BYTES);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    if (error.reason === 'size') throw new OutcomeError(413, 'too-long', error.message);
    throw new OutcomeError(415, 'unsupported-media-type', error.message);
  }
}
