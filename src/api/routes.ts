import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { Access } from '../access/narrow.js';
import { askedBy, refusedBy, type Asked, type Audit } from '../audit/event.js';
import { apiCredentialsOf, type ApiCredentials } from '../http/credentials.js';
import { readJson } from '../http/json-body.js';
import { limit } from '../http/limit.js';
import { checkOrganization } from '../http/organization.js';
import { handledOf } from '../http/request-log.js';
import type { Traffic } from '../limits/traffic.js';
import { OutcomeError } from '../outcome.js';
import { isId, type Answer, type Ask, type Served } from './ask.js';
import { PREFIX, routes, type Line } from './table.js';

export interface ApiOptions {
  readonly facade: Served;
  readonly authenticate: (credentials: ApiCredentials) => Promise<Access>;
  readonly traffic: Traffic;
  readonly audit: Audit;
}

/** A case with all that was measured on the way, and no document. */
const BODY_BYTES = 1024 * 1024;

/** The native API of the systems in front of which Portico stands. */
export function apiRoutes(options: ApiOptions): Middleware {
  const router = new Router({ prefix: PREFIX });
  router.get('/openapi.json', async (ctx) => {
    const { openApi } = await import('./openapi.js');
    ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=300' });
    ctx.body = openApi(options.facade.base);
  });
  for (const path of new Set(routes.map((line) => line.path)))
    router.all(path, (ctx) =>
      serve(
        ctx,
        options,
        routes.filter((line) => line.path === path),
      ),
    );
  return router.routes() as unknown as Middleware;
}

async function serve(ctx: Context, options: ApiOptions, lines: readonly Line[]): Promise<void> {
  const line = lines.find(({ method }) => method === (ctx.method === 'HEAD' ? 'GET' : ctx.method));
  ctx.set({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
  if (!line) throw notTaken(lines.map(({ method }) => method));
  const handled = handledOf(ctx);
  handled.interaction = line.interaction;
  handled.type = line.type;
  const id = (ctx.params as { id?: string }).id ?? '';
  const record = (who: Asked, status: number, shown: Answer['shown'] = []): void | Promise<void> =>
    options.audit(eventOf(line, id, who, { status, shown, at: options.facade.now() }, handled.requestId), ctx.ip);
  try {
    const access = (handled.access = await options.authenticate(apiCredentialsOf(ctx)));
    await limit(ctx, options.traffic, access);
    checkOrganization(ctx.req.headers['x-organization-id'], access.tenant);
    const answer = await (await line.load())(askOf(ctx, options, line, access, id));
    if (!answer.audited) await record(askedBy(access), answer.status, answer.shown);
    send(ctx, answer);
  } catch (error) {
    const who = handled.access ? askedBy(handled.access) : refusedBy(error);
    await record(who, error instanceof OutcomeError ? error.status : 500);
    throw error;
  }
}

function notTaken(methods: readonly string[]): OutcomeError {
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  return new OutcomeError(405, 'method-not-allowed', `This route takes ${methods.join(' and ')}`, {
    headers: { Allow: allowed },
  });
}

function askOf(ctx: Context, { facade }: ApiOptions, line: Line, access: Access, id: string): Ask {
  const { interaction, type, action } = line;
  const key = ctx.req.headers['idempotency-key'];
  return {
    ...{ facade, access, id, interaction, type, action },
    query: new URLSearchParams(ctx.querystring),
    accept: ctx.req.headers.accept,
    ifNoneMatch: ctx.req.headers['if-none-match'],
    idempotencyKey: key === undefined ? undefined : String(key),
    requestId: handledOf(ctx).requestId,
    body: () => readJson(ctx.req, BODY_BYTES),
  };
}

function send(ctx: Context, { status, headers = {}, body }: Answer): void {
  ctx.status = status;
  ctx.set({ ...headers });
  if (body === undefined) ctx.body = null;
  else if ('bytes' in body) {
    ctx.type = body.type;
    ctx.body = body.bytes;
  } else ctx.body = body;
}

/** What is asked for, in words that hold nothing of a patient but an id. */
function eventOf(
  { interaction, type, action }: Line,
  id: string,
  who: Asked,
  { status, shown, at }: { status: number; shown: Answer['shown']; at: number },
  requestId: string,
) {
  const patients = [...new Set(shown.flatMap((entry) => entry.patients))];
  const entity = who.tenant !== '' && isId(id) && { entity: `Encounter/${id}` };
  return { ...who, at, interaction, action, status, requestId, type, patients, ...entity };
}
