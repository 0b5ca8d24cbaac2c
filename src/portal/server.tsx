import type { Context, Middleware } from 'koa';
import { renderToString } from 'preact-render-to-string';
import type { Account } from '../auth/accounts.js';
import { AUTHORIZE_PATH, MANAGE_PATH } from '../auth/paths.js';
import { handledOf } from '../http/request-log.js';
import { unavailable } from '../http/unavailable.js';
import { OutcomeError } from '../outcome.js';
import { deriveKey } from '../store/seal.js';
import { assets } from './assets.js';
import { csrfToken, foreignPairs, readFields, type Fields } from './forms.js';
import { Alert, Document, Link } from './layout.js';
import { loginRoutes } from './login.js';
import { appsRoutes } from './apps.js';
import { authorizeRoutes } from './authorize/index.js';
import { adminRoutes } from './admin/index.js';
import { patientRoutes } from './patient/index.js';
import { cookieOf, newToken, portalLogin, tokenIn, type Login } from './session.js';
import type { PortalOptions, Recorded, Reply, Route, Visit } from './visit.js';

export interface PortalServerOptions extends PortalOptions {
  /** Tells the operator of an error that nobody expected. */
  readonly onError: (error: unknown, requestId: string) => void;
}

const routes: readonly Route[] = [...loginRoutes, ...patientRoutes, ...adminRoutes, ...authorizeRoutes, ...appsRoutes];
const ASSETS = '/portal/assets/';
const noFields: Fields = { one: () => '', all: () => [] };

const served = new RegExp(`^(/portal|/manager|${AUTHORIZE_PATH}|${MANAGE_PATH})(/|$)`);

/** There is nothing on a page but what this server wrote, and a form leads nowhere but to where its page says. */
const policy = (leadsTo = ''): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'${leadsTo}; frame-ancestors 'none'; base-uri 'none'`;

/** As a source of a policy: of a web page its origin, of an app on a device its scheme. */
function sourceOf(redirectUri: string): string {
  const { protocol, origin } = new URL(redirectUri);
  return ` ${/^https?:$/.test(protocol) ? origin : protocol}`;
}

/** SMART section 1.2. */
const headers = {
  'Content-Security-Policy': policy(),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** The portals: pages that are whole when they leave the server. */
export function portalPages(options: PortalServerOptions): Middleware {
  const issuer = new URL(options.issuer);
  const place: Place = {
    origin: issuer.origin,
    root: issuer.pathname.replace(/\/$/, ''),
    key: deriveKey(options.secret, 'forms'),
  };
  return async (ctx, next) => {
    if (!served.test(ctx.path)) return next() as Promise<void>;
    const handled = handledOf(ctx);
    ctx.set({ ...headers, 'X-Request-Id': handled.requestId });
    if (issuer.protocol === 'https:') ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
    handled.interaction = 'portal';
    if (ctx.path.startsWith(ASSETS)) sendAsset(ctx);
    else await serve(ctx, options, place);
  };
}

interface Place {
  readonly origin: string;
  readonly root: string;
  readonly key: Buffer;
}

function sendAsset(ctx: Context): void {
  const asset = assets.get(ctx.path.slice(ASSETS.length));
  if (!asset || !/^(GET|HEAD)$/.test(ctx.method))
    throw new OutcomeError(404, 'unknown-route', 'There is nothing at this path');
  ctx.set('Cache-Control', 'public, max-age=86400');
  ctx.type = asset.type;
  ctx.body = asset.bytes;
}

async function serve(ctx: Context, options: PortalServerOptions, place: Place): Promise<void> {
  const known = tokenIn(ctx.req.headers.cookie);
  const session = known ?? newToken();
  const csrf = csrfToken(place.key, session);
  let login: Login | undefined;
  let reply: Reply;
  let route: Route | undefined;
  try {
    const found = match(ctx.method === 'HEAD' ? 'GET' : ctx.method, ctx.path);
    ({ route } = found);
    login =
      known === undefined || route.fromAnywhere ? undefined : await portalLogin(options.own, known, options.now());
    reply = await answer(ctx, options, place, found, { session, csrf, login });
  } catch (error) {
    reply = failure(error, handledOf(ctx).requestId, options.onError);
    if (error instanceof OutcomeError && error.headers['Retry-After'] !== undefined)
      ctx.set('Retry-After', error.headers['Retry-After']);
  }
  if (known === undefined && !route?.fromAnywhere) ctx.set('Set-Cookie', cookieOf(session));
  if ('away' in reply) {
    ctx.status = 303;
    ctx.set('Location', reply.away);
    ctx.body = '';
    return;
  }
  if ('to' in reply) {
    if (reply.session !== undefined) ctx.set('Set-Cookie', cookieOf(reply.session));
    ctx.status = 303;
    ctx.set('Location', `${place.root}${reply.to}`);
    ctx.body = '';
    return;
  }
  if ('file' in reply) {
    ctx.set(reply.file.headers);
    ctx.type = reply.file.type;
    ctx.body = reply.file.bytes;
    return;
  }
  if (reply.leadsTo !== undefined) ctx.set('Content-Security-Policy', policy(sourceOf(reply.leadsTo)));
  const site = { root: place.root, csrf, account: login?.account, path: ctx.path, title: reply.title };
  ctx.status = reply.status ?? 200;
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = `<!doctype html>${renderToString(<Document site={site}>{reply.page}</Document>)}`;
}

interface Browser {
  readonly session: string;
  readonly csrf: string;
  readonly login: Login | undefined;
}

async function answer(
  ctx: Context,
  options: PortalServerOptions,
  place: Place,
  { route, id }: Found,
  { session, csrf, login }: Browser,
): Promise<Reply> {
  const account = login?.account;
  const query = new URLSearchParams(ctx.querystring);
  const isOurs = route.method === 'POST' && !route.fromAnywhere;
  // The proof first: a foreign form learns nothing of whether somebody is logged in.
  const fields = isOurs ? await readFields(ctx.req, place.origin, csrf) : noFields;
  const pairs = route.fromAnywhere ? await foreignPairs(ctx.req, query) : [];
  if (route.who !== 'anybody') {
    if (!account) return { to: '/portal/login?ended=1' };
    if (!mayOpen(route.who, account))
      throw new OutcomeError(403, 'insufficient-scope', 'Your account does not open this page');
  }
  const { requestId } = handledOf(ctx);
  const record = (what: Recorded): void | Promise<void> =>
    options.trail.record(eventOf(what, what.account ?? account, options.now(), requestId));
  const visit: Visit = {
    ...{ options, id, fields, session, account, login, requestId, record, query, pairs },
    ip: ctx.ip,
  };
  return route.handle(visit);
}

function eventOf({ account: _, ...what }: Recorded, who: Account | undefined, at: number, requestId: string) {
  return {
    ...{ status: 200, patients: [], ...what, at, requestId, tenant: who?.tenant ?? '', credentialKind: 'session' },
    ...(who && { user: who.id }),
    ...(who?.fhirUser !== undefined && { agent: who.fhirUser }),
  };
}

function mayOpen(who: Route['who'], { roles, canManageKeys }: Account): boolean {
  if (who === 'user') return true;
  if (who === 'patient') return roles.includes('patient');
  return roles.includes('admin') && (who === 'admin' || canManageKeys);
}

interface Found {
  readonly route: Route;
  readonly id: string;
}

function match(method: string, path: string): Found {
  const there = routes.flatMap((route) => {
    const pattern = new RegExp(`^${route.path.replace(':id', '([A-Za-z0-9._-]{1,64})')}/?$`);
    const found = pattern.exec(path);
    return found ? [{ route, id: found[1] ?? '' }] : [];
  });
  const found = there.find(({ route }) => route.method === method);
  if (found) return found;
  if (there.length === 0) throw new OutcomeError(404, 'unknown-route', 'There is no such page');
  throw new OutcomeError(405, 'method-not-allowed', 'This page does not take that method');
}

const titles: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'Not found',
  429: 'Please wait',
};

function failure(error: unknown, requestId: string, onError: PortalServerOptions['onError']): Reply {
  const known = error instanceof OutcomeError ? error : unavailable(error);
  if (error !== known || (known && known.status >= 500)) onError(error, requestId);
  const status = known?.status ?? 500;
  const title = titles[status] ?? 'That did not work';
  const text = known?.message ?? `Something went wrong here; the operator finds it under request id ${requestId}`;
  const page = (
    <div class="card narrow">
      <h1>{title}</h1>
      <Alert>{text}</Alert>
      <p>
        <Link to="/portal/login">Go to the start</Link>
      </p>
    </div>
  );
  return { status, title, page };
}
