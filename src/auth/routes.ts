import Router from '@koa/router';
import type { Context } from 'koa';
import { BodyError, readForm } from '../http/body.js';
import { handledOf } from '../http/request-log.js';
import { OAuthError } from '../outcome.js';
import type { AuthOptions } from './issue.js';
import { issueToken } from './token.js';

/** A form on the OAuth endpoints is small. */
const FORM_BYTES = 65_536;

const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };

/** The OAuth endpoints. */
export function authRoutes(options: AuthOptions): Router {
  const router = new Router();
  router.all('/oauth/token', async (ctx) => {
    handledOf(ctx).interaction = 'token';
    ctx.set(noStore);
    allowAnyOrigin(ctx);
    if (ctx.method === 'OPTIONS') {
      ctx.set({
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Allow-Headers': 'authorization, content-type',
      });
      ctx.status = 204;
      return;
    }
    if (ctx.method !== 'POST')
      throw new OAuthError(405, 'invalid_request', 'the token endpoint takes POST', { Allow: 'POST' });
    const fields = await form(ctx);
    ctx.body = await issueToken(fields, ctx.get('authorization') || undefined, options);
  });
  return router;
}

async function form(ctx: Context): Promise<[string, string][]> {
  try {
    return await readForm(ctx.req, FORM_BYTES);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    const status = { type: 415, size: 413, encoding: 415 } as const;
    throw new OAuthError(
      error.reason === 'type' ? 400 : status[error.reason],
      'invalid_request',
      'the body must be a form of at most 64 kB',
    );
  }
}

/** A patient's key may be used by an app in any browser; there are no cookies to protect. */
function allowAnyOrigin(ctx: Context): void {
  if (ctx.get('origin') !== '') ctx.set('Access-Control-Allow-Origin', '*');
}
