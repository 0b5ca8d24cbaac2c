import Router from '@koa/router';
import type { Context } from 'koa';
import type { AuditEvent } from '../audit/event.js';
import { handledOf } from '../http/request-log.js';
import { unavailable } from '../http/unavailable.js';
import { OAuthError } from '../outcome.js';
import type { Bearer } from './bearer.js';
import { introspect } from './introspect.js';
import type { AuthOptions } from './issue.js';
import { readRequest, type OAuthRequest } from './oauth-request.js';
import { INTROSPECT_PATH, REVOKE_PATH, TOKEN_PATHS } from './paths.js';
import { revoke } from './revoke.js';
import { credentialAsked, type Credential } from './store.js';
import { issueToken } from './token.js';

interface Endpoint {
  readonly path: string;
  readonly interaction: 'token' | 'introspect' | 'revoke';
  /** The answer's body; undefined for none. */
  readonly answer: (request: OAuthRequest) => Promise<object | undefined>;
}

/** The OAuth endpoints. */
export function authRoutes(options: AuthOptions, bearer: Bearer): Router {
  const issue: Endpoint['answer'] = (request) => issueToken(request, options);
  const endpoints: readonly Endpoint[] = [
    ...TOKEN_PATHS.map((path) => ({ path, interaction: 'token', answer: issue }) as const),
    { path: INTROSPECT_PATH, interaction: 'introspect', answer: (request) => introspect(request, options, bearer) },
    {
      path: REVOKE_PATH,
      interaction: 'revoke',
      answer: (request) => revoke(request, options, bearer).then(() => undefined),
    },
  ];
  const router = new Router();
  for (const endpoint of endpoints) router.all(endpoint.path, (ctx) => serve(ctx, endpoint, options));
  return router;
}

async function serve(ctx: Context, endpoint: Endpoint, options: AuthOptions): Promise<void> {
  handledOf(ctx).interaction = endpoint.interaction;
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
  const request = await readRequest(ctx);
  const body = await recorded(request, endpoint, options).finally(() => onlyItsOrigins(ctx, request.client));
  // After the body: Koa makes 204 of none, and text of an empty one.
  ctx.body = body ?? null;
  ctx.status = 200;
}

/** Tokens that were asked for, and those that were refused, are in the audit trail. */
async function recorded(
  request: OAuthRequest,
  { interaction, answer }: Endpoint,
  { audit, now }: AuthOptions,
): Promise<object | undefined> {
  const record = (status: number): void | Promise<void> =>
    audit(eventOf(request, interaction, status, now()), request.ip);
  try {
    const body = await answer(request);
    await record(200);
    return body;
  } catch (error) {
    const known = error instanceof OAuthError ? error : failure(error);
    await record(known.status);
    throw known;
  }
}

/** What went wrong here, in the words of OAuth; the operator is told of its cause. */
function failure(cause: unknown): OAuthError {
  const passing = unavailable(cause);
  return passing
    ? new OAuthError(503, 'temporarily_unavailable', 'please try again', passing.headers)
    : new OAuthError(500, 'server_error', 'something went wrong here', {}, cause);
}

function eventOf(request: OAuthRequest, interaction: string, status: number, at: number): AuditEvent {
  const { client, refused = { tenant: '' }, requestId } = request;
  const event = { at, interaction, action: 'E', status, requestId } as const;
  if (!client) return { ...event, ...refused, patients: [] };
  const { patient } = client;
  return { ...event, ...credentialAsked(client), patients: patient === undefined ? [] : [patient] };
}

/** An app that is known says which pages are its own. */
function onlyItsOrigins(ctx: Context, client: Credential | undefined): void {
  const origin = ctx.get('origin');
  if (client?.kind !== 'app' || origin === '') return;
  ctx.vary('Origin');
  if (client.origins.includes(origin)) ctx.set('Access-Control-Allow-Origin', origin);
  else ctx.remove('Access-Control-Allow-Origin');
}

/** A patient's key may be used by an app in any browser; there are no cookies to protect. */
function allowAnyOrigin(ctx: Context): void {
  if (ctx.get('origin') === '') return;
  ctx.set({
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Expose-Headers': 'X-Request-Id, WWW-Authenticate, Retry-After',
  });
}
