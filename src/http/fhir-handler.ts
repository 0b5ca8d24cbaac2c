import type { Context, Middleware, Next } from 'koa';
import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Access } from '../access/narrow.js';
import { OutcomeError } from '../outcome.js';
import { BodyError, readForm } from './body.js';
import { allowOrigin, preflight } from './cors.js';
import type { FhirRequest, FhirResponse, Headers, Route } from './fhir-request.js';
import { negotiate, type Format } from './negotiate.js';
import { outcomeOf } from './operation-outcome.js';
import { pretty } from './pretty.js';

/** A form of search parameters is small. */
const FORM_BYTES = 65_536;
/** Below this, compressing costs more than it saves. */
const GZIP_BYTES = 1400;
const compress = promisify(gzip);

const FHIR_JSON = 'application/fhir+json; charset=utf-8';

type Pairs = [name: string, value: string][];

export interface FhirHandlerOptions {
  /** Path below which FHIR is served, for example /fhir/R4. */
  readonly path: string;
  /** The public FHIR base URL. */
  readonly base: string;
  readonly routes: readonly Route[];
  readonly authenticate: (authorization: string | undefined) => Promise<Access>;
  /** Whether R4 or Portico knows a type of this name: what is unknown is 404 and not 405. */
  readonly serves: (type: string) => boolean;
  /** Tells the operator of an error that nobody expected; the client gets the request id only. */
  readonly onError: (error: unknown, requestId: string) => void;
}

/** What the log line of a request says: nothing that the client wrote. */
export interface Handled {
  interaction?: string;
  type?: string;
  access?: Access;
}

/** Serves FHIR over HTTP. One catch turns every error into an OperationOutcome. */
export function fhirHandler(options: FhirHandlerOptions): Middleware {
  const { path, base, onError } = options;
  return async (ctx: Context, next: Next) => {
    if (ctx.path !== path && !ctx.path.startsWith(`${path}/`)) return next();
    const handled: Handled = (ctx.state as { handled: Handled }).handled;
    let format: Format = { pretty: false, accept: undefined };
    let response: FhirResponse;
    try {
      if (ctx.method === 'OPTIONS') return preflight(ctx);
      const segments = segmentsOf(ctx.path.slice(path.length));
      const params: Pairs = ctx.querystring === '' ? [] : [...new URLSearchParams(ctx.querystring)];
      format = negotiate(ctx.req.headers.accept, params, segments[0] === 'Binary');
      if (params.some(([name]) => name === 'access_token'))
        throw new OutcomeError(400, 'token-in-url', 'An access token belongs into the Authorization header, never into a URL');
      const route = match(options, ctx.method, segments);
      handled.interaction = route.interaction;
      const access = route.public ? undefined : await options.authenticate(ctx.req.headers.authorization);
      if (access) {
        handled.access = access;
        checkOrganization(ctx.req.headers['x-organization-id'], access);
      }
      const request = await read(ctx, route, segments, params, access, format);
      if (route.path.includes('[type]')) handled.type = request.type;
      response = await route.handle(request);
    } catch (error) {
      response = failure(error, ctx, base, onError);
    }
    allowOrigin(ctx, handled.access);
    await send(ctx, response, format);
    return undefined;
  };
}

/** Decoded once; what cannot be decoded is no path of ours. */
function segmentsOf(path: string): string[] {
  try {
    return path.split('/').filter((part) => part !== '').map(decodeURIComponent);
  } catch {
    throw new OutcomeError(400, 'unknown-route', 'The path is not percent-encoded correctly');
  }
}

function match({ routes, serves }: FhirHandlerOptions, method: string, segments: readonly string[]): Route {
  const asked = method === 'HEAD' ? 'GET' : method;
  const there = routes.filter((route) => fits(route.path, segments));
  const found = there.find((route) => route.method === asked);
  const [type = ''] = segments;
  if (there.some((route) => route.path.startsWith('[type]')) && !serves(type))
    throw new OutcomeError(404, 'unknown-type', 'This resource type is not served here');
  if (found) return found;
  if (there.length === 0) throw new OutcomeError(404, 'unknown-route', 'There is nothing at this path');
  const methods = [...new Set(there.flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])))];
  throw new OutcomeError(405, 'method-not-allowed', `This path takes ${methods.join(', ')}`, {
    headers: { Allow: [...methods, 'OPTIONS'].join(', ') },
  });
}

function fits(path: string, segments: readonly string[]): boolean {
  const parts = path.split('/');
  if (parts.length !== segments.length) return false;
  return parts.every((part, index) => {
    const segment = segments[index] as string;
    if (part === '[type]') return /^[A-Z]/.test(segment) && segment !== 'Binary';
    if (part === '[id]' || part === '[vid]') return !/^[_$]/.test(segment);
    return part === segment;
  });
}

/** The header never selects a tenant: it can only agree with the token's. */
function checkOrganization(header: string | string[] | undefined, access: Access): void {
  if (header === undefined || header === access.tenant) return;
  throw new OutcomeError(403, 'wrong-organization', 'X-Organization-ID is not the organization of the access token');
}

async function read(
  ctx: Context,
  route: Route,
  segments: readonly string[],
  params: Pairs,
  access: Access | undefined,
  format: Format,
): Promise<FhirRequest> {
  const named = (name: string): string => segments[route.path.split('/').indexOf(name)] ?? '';
  const all = route.method === 'POST' ? [...params, ...(await form(ctx))] : params;
  return {
    method: route.method,
    type: route.path.startsWith('[type]') ? (segments[0] as string) : '',
    id: named('[id]'),
    versionId: named('[vid]'),
    params: all.filter(([name]) => name !== '_format' && name !== '_pretty'),
    headers: headersOf(ctx.req.headers, format),
    access,
  };
}

async function form(ctx: Context): Promise<Pairs> {
  try {
    return await readForm(ctx.req, FORM_BYTES);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    if (error.reason === 'size') throw new OutcomeError(413, 'too-long', error.message);
    throw new OutcomeError(415, 'unsupported-media-type', error.message);
  }
}

function headersOf(headers: IncomingHttpHeaders, { accept }: Format): Headers {
  const { prefer, 'if-none-match': ifNoneMatch, 'if-modified-since': ifModifiedSince } = headers;
  return {
    ...(accept !== undefined && { accept }),
    ...(typeof prefer === 'string' && { prefer }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    ...(ifModifiedSince !== undefined && { ifModifiedSince }),
  };
}

function failure(error: unknown, ctx: Context, base: string, onError: FhirHandlerOptions['onError']): FhirResponse {
  if (error instanceof OutcomeError) {
    if (error.status >= 500) onError(error, requestIdOf(ctx));
    return { status: error.status, headers: error.headers, body: outcomeOf(error, base) };
  }
  onError(error, requestIdOf(ctx));
  const text = `Something went wrong here; the operator finds it under request id ${requestIdOf(ctx)}`;
  return { status: 500, body: outcomeOf(new OutcomeError(500, 'internal', text), base) };
}

const requestIdOf = (ctx: Context): string => (ctx.state as { requestId: string }).requestId;

/** Writes headers and body at once: Koa's own way sets each header by itself. */
async function send(ctx: Context, { status, headers, body }: FhirResponse, format: Format): Promise<void> {
  const { res } = ctx;
  const sent: Record<string, string | number> = {
    'Cache-Control': 'no-store',
    Vary: 'Accept, Accept-Encoding, Authorization, Origin',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  };
  let bytes: string | Buffer = '';
  if (body !== undefined) {
    const json = typeof body === 'string';
    sent['Content-Type'] = json ? FHIR_JSON : body.contentType;
    bytes = json ? (format.pretty ? pretty(body) : body) : body.bytes;
    if (bytes.length >= GZIP_BYTES && json && acceptsGzip(ctx.req.headers['accept-encoding'])) {
      bytes = await compress(bytes);
      sent['Content-Encoding'] = 'gzip';
    }
  }
  if (status !== 204 && status !== 304) sent['Content-Length'] = Buffer.byteLength(bytes);
  ctx.respond = false;
  ctx.status = status;
  res.writeHead(status, sent);
  res.end(ctx.method === 'HEAD' ? undefined : bytes);
}

const acceptsGzip = (encodings: string | string[] | undefined): boolean =>
  encodings !== undefined && /(^|[,\s])gzip(?!\s*;\s*q=0(\.0+)?($|[,\s]))/i.test(String(encodings));
