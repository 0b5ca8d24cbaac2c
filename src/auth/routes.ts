import Router from '@koa/router';
import type { Context } from 'koa';
import { OAuthError } from '../outcome.js';
import type { Bearer } from './bearer.js';
import { introspect } from './introspect.js';
import type { AuthOptions } from './issue.js';
import { readRequest, type OAuthRequest } from './oauth-request.js';
import { INTROSPECT_PATH, REVOKE_PATH, TOKEN_PATHS } from './paths.js';
import { revoke } from './revoke.js';
import { issueToken } from './token.js';

/** The answer's body; undefined for none. */
type Endpoint = (request: OAuthRequest) => Promise<object | undefined>;

/** The OAuth endpoints. */
export function authRoutes(options: AuthOptions, bearer: Bearer): Router {
  const endpoints: readonly (readonly [path: string, endpoint: Endpoint])[] = [
    ...TOKEN_PATHS.map((path) => [path, (request: OAuthRequest) => issueToken(request, options)] as const),
    [INTROSPECT_PATH, (request) => introspect(request, options, bearer)],
    [REVOKE_PATH, (request) => revoke(request, options, bearer).then(() => undefined)],
  ];
  const router = new Router();
  for (const [path, endpoint] of endpoints) router.all(path, (ctx) => serve(ctx, endpoint));
  return router;
}

async function serve(ctx: Context, endpoint: Endpoint): Promise<void> {
  ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
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
    throw new OAuthError(405, 'invalid_request', 'this endpoint takes POST', { Allow: 'POST, OPTIONS' });
  const body = await endpoint(await readRequest(ctx));
  ctx.status = 200;
  ctx.body = body ?? '';
}

/** A patient's key may be used by an app in any browser; there are no cookies to protect. */
function allowAnyOrigin(ctx: Context): void {
  if (ctx.get('origin') !== '') ctx.set('Access-Control-Allow-Origin', '*');
}
