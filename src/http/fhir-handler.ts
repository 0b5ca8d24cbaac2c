import type { Context, Middleware, Next } from 'koa';
import type { Access } from '../access/narrow.js';
import { askedBy, refusedBy, type Action, type Asked, type Audit, type AuditEvent } from '../audit/event.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import { BodyError, readForm } from './body.js';
import { preflight } from './cors.js';
import { credentialsOf, type Credentials } from './credentials.js';
import { dispatcher, type Match } from './dispatch.js';
import type { FhirRequest, FhirResponse, Headers, Route, Shown } from './fhir-request.js';
import { negotiate, type Format } from './negotiate.js';
import { outcomeOf } from './operation-outcome.js';
import { checkOrganization } from './organization.js';
import { handledOf, type Handled } from './request-log.js';
import { respond } from './respond.js';
import { unavailable } from './unavailable.js';

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
  readonly serves: (type: string) => boolean;
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
    if (match && !match.route.public) {
      const asked = handled.access ? askedBy(handled.access) : refusedBy(refused);
      await options.audit(eventOf(asked, match, response, handled.requestId, now()), ctx.ip);
    }
    return respond(ctx, response, format, handled);
  };

  async function answer(ctx: Context, handled: Handled): Promise<Answered> {
    let format: Format = { pretty: false, accept: undefined };
    let match: Match | undefined;
    try {
      const params = paramsOf(ctx.querystring);
      refuse(params);
      const isBinary = ctx.path.startsWith('/Binary/', path.length);
      // A form may say the format too: then it is decided when that has been read.
      if (ctx.method !== 'POST') format = negotiate(ctx.req.headers.accept, params, isBinary);
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
      if (match.route.method === 'POST') {
        all = [...params, ...(await form(ctx))];
        refuse(all);
        format = negotiate(ctx.req.headers.accept, all, isBinary);
      }
      return { response: await match.route.handle(requestOf(ctx, match, all, handled.access, format)), format, match };
    } catch (error) {
      return { response: failure(error, handled.requestId, base, onError), format, match, refused: error };
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

const actions: Readonly<Record<Route['interaction'], Action>> = {
  read: 'R',
  vread: 'R',
  'search-type': 'E',
  capabilities: 'R',
};

/** What the audit trail keeps of a request: who asked for what, whose data was shown, and what came of it. */
function eventOf(
  { tenant, credential, credentialKind, user, agent, jti }: Asked,
  { route, type, id }: Match,
  { status, shown = [] }: FhirResponse,
  requestId: string,
  at: number,
): AuditEvent {
  const { interaction } = route;
  const asked = type === '' ? 'Binary' : type;
  // What is no id is not repeated: it may be anything. What a stranger says is not repeated at all.
  const entity = tenant !== '' && /^[A-Za-z0-9\-.]{1,64}$/.test(id) ? `${asked}/${id}` : undefined;
  const patients = patientsOf(shown);
  const action = actions[interaction];
  // Written out: this is made for every request, and spreading shows in a profile.
  return {
    tenant,
    at,
    interaction,
    action,
    type: asked,
    entity,
    status,
    credential,
    credentialKind,
    user,
    agent,
    jti,
    requestId,
    patients,
  };
}

function patientsOf(shown: readonly Shown[]): readonly string[] {
  if (shown.length === 1) return (shown[0] as Shown).patients;
  const patients = new Set<string>();
  for (const each of shown) for (const patient of each.patients) patients.add(patient);
  return [...patients];
}

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
  access: Access | undefined,
  { accept }: Format,
): FhirRequest {
  const { prefer, 'if-none-match': ifNoneMatch, 'if-modified-since': ifModifiedSince } = ctx.req.headers;
  const headers: Headers = { accept, prefer: prefer as string | undefined, ifNoneMatch, ifModifiedSince };
  const meant = params.length === 0 ? params : params.filter(([name]) => name !== '_format' && name !== '_pretty');
  return { method: route.method, type, id, versionId, params: meant, headers, access };
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
