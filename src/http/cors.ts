import type { Context } from 'koa';
import type { Access } from '../access/narrow.js';

/**
 * Which web pages may read an answer: https://fetch.spec.whatwg.org/#http-cors-protocol. There are no cookies, so the
 * question is only whose token a page may use. A portal key belongs to its patient, who may use it in any app; the
 * token of an app belongs to the pages of that app; the secret of a service has no place in a browser.
 */
export function corsHeaders(access: Access | undefined, origin: string): Record<string, string> {
  const allowed = access === undefined || access.kind === 'portal' ? '*' : origin;
  if (allowed !== '*' && !(access?.kind === 'app' && access.origins?.includes(origin))) return {};
  return {
    'Access-Control-Allow-Origin': allowed,
    'Access-Control-Expose-Headers':
      'ETag, Location, Content-Location, Last-Modified, X-Request-Id, Link, WWW-Authenticate, Retry-After, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset',
  };
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

export function preflight(ctx: Context): undefined {
  ctx.set({
    Allow: METHODS,
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Headers':
      'authorization, accept, content-type, prefer, if-match, if-none-match, if-none-exist, if-modified-since, x-request-id, x-organization-id',
    'Access-Control-Max-Age': '600',
    Vary: 'Origin',
  });
  ctx.status = 204;
  return undefined;
}
