import type { Context, Middleware, Next } from 'koa';
import type { Access } from '../access/narrow.js';
import { askedBy, refusedBy, type Audit } from '../audit/event.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import { eventOf, type Wanted } from './audited.js';
import { BodyError, checkEncoding, isEmpty, mediaType, readBytes, readForm } from './body.js';
import { preflight } from './cors.js';
import { credentialsOf, type Credentials } from './credentials.js';
import { dispatcher, type Match, type Serves } from './dispatch.js';
import type { Body, FhirRequest, FhirResponse, Headers, Route, Takes } from './fhir-request.js';
import { checkServed, isFhirXml, isOtherFhir, isR4, isXmlType, negotiate, type Format } from './negotiate.js';
import { outcomeOf } from './operation-outcome.js';
import { checkOrganization } from './organization.js';
import { handledOf, type Handled } from './request-log.js';
import { respond } from './respond.js';
import { unavailable } from './unavailable.js';
import { asJson, inXml } from './xml.js';

/** A form of search parameters is small. */
const FORM_BYTES = 65_536;

type Pairs = [name: string, value: string][];

export interface FhirHandlerOptions {
  /** Path below which FHIR is served, for example /fhir/R4. */
  readonly path: string;
  /** The public FHIR base URL. */
  readonly base: string;
  readonly routes: readonly Route[];
  readonly authenticate: (credentials: Credentials) => Promise<Access>;
  /** Counts a request of somebody who is known; they may send only so many. */
  readonly limit: (access: Access) => Promise<{ headers: readonly string[]; refused?: OutcomeError }>;
  readonly serves: Serves;
  /** Records what was asked and what came of it; it may make a request wait, but loses nothing. */
  readonly audit: Audit;
  readonly now: () => number;
  /** Tells the operator of an error that nobody expected; the client gets the request id only. */
  readonly onError: (error: unknown, requestId: string) => void;
}

/** Serves FHIR over HTTP. One catch turns every error into an OperationOutcome. */
export function fhirHandler(options: FhirHandlerOptions): Middleware {
  const { path, base, authenticate, onError, now } = options;
  const dispatch = dispatcher(options.routes, options.serves);
  return async (ctx: Context, next: Next) => {
    const whole = ctx.path;
    if (!whole.startsWith(path) || (whole.length > path.length && whole[path.length] !== '/'))
      return next() as Promise<void>;
    const handled = handledOf(ctx);
    if (ctx.method === 'OPTIONS') {
      handled.interaction = 'preflight';
      ctx.set('X-Request-Id', handled.requestId);
      preflight(ctx);
      return;
    }
    const { response, format, match, refused } = await answer(ctx, handled);
    if (response.interaction) handled.interaction = response.interaction;
    if (match && !match.route.public && !response.audited) {
      const asked = handled.access ? askedBy(handled.access) : refusedBy(refused);
      await options.audit(eventOf(asked, wantedOf(match, response), response, handled.requestId, now()), ctx.ip);
    }
    return respond(ctx, response, format, handled);
  };

  async function answer(ctx: Context, handled: Handled): Promise<Answered> {
    let format: Format = { pretty: false, isXml: false, isServed: true, accept: undefined };
    let match: Match | undefined;
    try {
      const params = paramsOf(ctx.querystring);
      refuse(params);
      const isBinary = ctx.path.startsWith('/Binary/', path.length);
      format = negotiate(ctx.req.headers.accept, params, isBinary);
      // A form may say the format too: then it is decided when that has been read.
      if (ctx.method !== 'POST') checkServed(format);
      match = dispatch(ctx.method, ctx.path.slice(path.length));
      handled.interaction = match.route.interaction;
      if (match.type !== '') handled.type = match.type;
      if (!match.route.public) {
        handled.access = await authenticate(credentialsOf(ctx));
        const { headers, refused } = await options.limit(handled.access);
        handled.limit = headers;
        if (refused) throw refused;
        checkOrganization(ctx.req.headers['x-organization-id'], handled.access.tenant);
      }
      let all = params;
      const { takes } = match.route;
      if (takes === 'form') {
        all = [...params, ...(await form(ctx))];
        refuse(all);
        format = negotiate(ctx.req.headers.accept, all, isBinary);
      }
      if (ctx.method === 'POST') checkServed(format);
      const body = takes === undefined || takes === 'form' ? undefined : await bodyOf(ctx, takes, match.type);
      const request = requestOf(ctx, match, all, handled, format, body);
      const response = await match.route.handle(request);
      return { response: format.isXml ? await inXml(response, format) : response, format, match };
    } catch (error) {
      const response = failure(error, handled.requestId, base, onError);
      return { response: format.isXml ? await inXml(response, format) : response, format, match, refused: error };
    }
  }
}

interface Answered {
  readonly response: FhirResponse;
  readonly format: Format;
  readonly match: Match | undefined;
  /** Why it is an error. */
  readonly refused?: unknown;
}

const wantedOf = ({ route, type, id }: Match, { interaction = route.interaction }: FhirResponse): Wanted => ({
  ...{ interaction, type, id },
});

const paramsOf = (query: string): Pairs => (query === '' ? [] : [...new URLSearchParams(query)]);

/** What no interaction takes. */
function refuse(params: Pairs): void {
  // FHIR has no strings with it, and PostgreSQL no text.
  if (params.some(([, value]) => value.includes('\0'))) throw invalidParameter('A parameter holds a NUL character');
  if (!params.some(([name]) => name === 'access_token')) return;
  throw new OutcomeError(
    400,
    'token-in-url',
    'An access token belongs into the Authorization header, never into a URL or a form',
  );
}

function requestOf(
  ctx: Context,
  { route, type, id, versionId }: Match,
  params: Pairs,
  { access, requestId }: Handled,
  { accept }: Format,
  body: Body | undefined,
): FhirRequest {
  const {
    prefer,
    'if-match': ifMatch,
    'if-none-match': ifNoneMatch,
    'if-modified-since': ifModifiedSince,
    'if-none-exist': exists,
  } = ctx.req.headers;
  const ifNoneExist = exists as string | undefined;
  const headers: Headers = {
    accept,
    prefer: prefer as string | undefined,
    ifNoneMatch,
    ifModifiedSince,
    ifMatch,
    ifNoneExist,
  };
  const meant = params.length === 0 ? params : params.filter(([name]) => name !== '_format' && name !== '_pretty');
  const { method, interaction } = route;
  return { method, interaction, type, id, versionId, params: meant, headers, access, body, requestId };
}

/** A search by POST may say all in its URL: what is not there need not be a form. */
async function form({ req }: Context): Promise<Pairs> {
  if (req.headers['content-type'] === undefined && isEmpty(req)) return [];
  try {
    return await readForm(req, FORM_BYTES);
  } catch (error) {
    throw told(error);
  }
}

/** Errors: 415 for a type that is not taken, 413 above the limit. */
async function bodyOf(
  { req }: Context,
  { types, limit, nodes, optional }: Takes,
  type: string,
): Promise<Body | undefined> {
  if (optional && isEmpty(req)) return undefined;
  try {
    const contentType = mediaType(req);
    const sentType = req.headers['content-type'] ?? '';
    const taken = types ? types.has(contentType) : /^[^/]+\/[^/]+$/.test(contentType) && !isOtherFhir(contentType);
    if (!taken) throw new BodyError('type', `The body must be ${types ? [...types].join(', ') : 'of a media type'}`);
    if (!isR4(sentType)) throw new BodyError('type', 'Portico speaks FHIR version 4.0');
    // What is no FHIR may be a document of any kind, and XML too.
    const isXml = types ? isXmlType(contentType) : isFhirXml(contentType);
    if (types ?? isXml) checkEncoding(req);
    const bytes = await readBytes(req, limit(type));
    return isXml ? await asJson(bytes, nodes) : { contentType, sentType, bytes };
  } catch (error) {
    throw told(error);
  }
}

function told(error: unknown): unknown {
  if (!(error instanceof BodyError)) return error;
  if (error.reason === 'size') return new OutcomeError(413, 'too-long', error.message);
  return new OutcomeError(415, 'unsupported-media-type', error.message);
}

function failure(
  error: unknown,
  requestId: string,
  base: string,
  onError: FhirHandlerOptions['onError'],
): FhirResponse {
  if (error instanceof OutcomeError) {
    if (error.status >= 500) onError(error, requestId);
    return { status: error.status, headers: error.headers, body: outcomeOf(error, base) };
  }
  onError(error, requestId);
  const text = `Something went wrong here; the operator finds it under request id ${requestId}`;
  const outcome = unavailable(error) ?? new OutcomeError(500, 'internal', text);
  return { status: outcome.status, headers: outcome.headers, body: outcomeOf(outcome, base) };
}
