import type { Context, Middleware } from 'koa';
import { renderToString } from 'preact-render-to-string';
import type { Account } from '../auth/accounts.js';
import { listOrgs } from '../auth/orgs.js';
import { AUTHORIZE_PATH, MANAGE_PATH } from '../auth/paths.js';
import { handledOf } from '../http/request-log.js';
import { unavailable } from '../http/unavailable.js';
import { OutcomeError } from '../outcome.js';
import { deriveKey } from '../store/seal.js';
import { assets } from './assets.js';
import { csrfToken, foreignFields, noFields, readFields } from './forms.js';
import { Document } from './document.js';
import { Alert, Link } from './layout.js';
import { BACK, loginRoutes } from './login.js';
import { accountRoutes } from './account.js';
import { appsRoutes } from './apps.js';
import { authorizeRoutes } from './authorize/index.js';
import { adminRoutes } from './admin/index.js';
import { apiDocsRoutes } from './api-docs.js';
import { patientRoutes } from './patient/index.js';
import { cookieOf, newToken, portalUser, tokenIn, type LoggedIn } from './session.js';
import { stepUp } from './step-up.js';
import { mayOpen, type Back, type PortalOptions, type Recorded, type Reply, type Route, type Visit } from './visit.js';

export interface PortalServerOptions extends PortalOptions {
  /** Tells the operator of an error that nobody expected. */
  readonly onError: (error: unknown, requestId: string) => void;
}

const routes: readonly Route[] = [
  ...loginRoutes,
  ...accountRoutes,
  ...authorizeRoutes,
  ...appsRoutes,
  ...patientRoutes,
  ...adminRoutes,
  ...apiDocsRoutes,
];
const ASSETS = '/portal/assets/';

const served = new RegExp(`^(/portal|/manager|/api/v1/docs|${AUTHORIZE_PATH}|${MANAGE_PATH})(/|$)`);

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
  const isForeign = routes.some(({ path, fromAnywhere }) => fromAnywhere && path === ctx.path);
  let user: LoggedIn | undefined;
  let reply: Reply;
  try {
    user = known === undefined || isForeign ? undefined : await portalUser(options.own, known, options.now());
    reply = await answer(ctx, options, place, { session, user });
  } catch (error) {
    const { requestId } = handledOf(ctx);
    reply = failure(error, requestId, options.onError);
    // What somebody who is known is refused is in the trail like what they are given.
    if (user && error instanceof OutcomeError) {
      const what = { interaction: 'page', action: ctx.method === 'POST' ? 'E' : 'R', status: error.status } as const;
      await options.trail.record(eventOf(what, user.account, options.now(), requestId));
    }
    if (error instanceof OutcomeError && error.headers['Retry-After'] !== undefined)
      ctx.set('Retry-After', error.headers['Retry-After']);
  }
  if (known === undefined && !isForeign) ctx.set('Set-Cookie', cookieOf(session));
  const next = 'session' in reply ? reply.session : undefined;
  if (next !== undefined) ctx.set('Set-Cookie', cookieOf(next));
  if ('away' in reply) {
    ctx.status = 303;
    ctx.set('Location', reply.away);
    ctx.body = '';
    return;
  }
  if ('to' in reply) {
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
  const csrf = csrfToken(place.key, next ?? session);
  const organization =
    user?.account.organization ?? reply.organization ?? (await onlyOrgName(options.own)) ?? 'Portico';
  const site = { root: place.root, csrf, account: user?.account, organization, path: ctx.path, title: reply.title };
  ctx.status = reply.status ?? 200;
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = `<!doctype html>${renderToString(<Document site={site}>{reply.page}</Document>)}`;
}

/** Where one organization is alone, every page is its own. An error page does without, when the database is gone. */
async function onlyOrgName(own: PortalOptions['own']): Promise<string | undefined> {
  const orgs = await listOrgs(own).catch(() => []);
  return orgs.length === 1 ? orgs[0]?.name : undefined;
}

interface Browser {
  readonly session: string;
  readonly user: LoggedIn | undefined;
}

async function answer(
  ctx: Context,
  options: PortalServerOptions,
  place: Place,
  { session, user }: Browser,
): Promise<Reply> {
  const { route, id } = match(ctx.method === 'HEAD' ? 'GET' : ctx.method, ctx.path);
  const account = user?.account;
  // PostgreSQL takes no NUL, and no page needs one.
  const query = new URLSearchParams(ctx.querystring.replaceAll('%00', ''));
  // The proof first: a foreign form learns nothing of whether somebody is logged in.
  const fields = route.fromAnywhere
    ? await foreignFields(ctx.req, query)
    : route.method === 'POST'
      ? await readFields(ctx.req, place.origin, csrfToken(place.key, session))
      : noFields;
  if (route.who !== 'anybody') {
    if (!account) return { to: loginPath(backIn(`${ctx.path}${ctx.search}`)) };
    if (!mayOpen(route.who, account))
      throw new OutcomeError(403, 'insufficient-scope', 'Your account does not open this page');
  }
  const { requestId } = handledOf(ctx);
  const record = (what: Recorded): void | Promise<void> =>
    options.trail.record(eventOf(what, what.account ?? account, options.now(), requestId));
  const visit: Visit = {
    ...{ options, id, fields, session, account, login: user, provedAt: user?.provedAt, requestId, record },
    ...{ path: ctx.path, query, back: backIn(fields.one(BACK) || (query.get(BACK) ?? '')) },
    ip: ctx.ip,
  };
  return (route.stepUp && (await stepUp(visit))) || route.handle(visit);
}

function eventOf({ account: _, ...what }: Recorded, who: Account | undefined, at: number, requestId: string) {
  return {
    ...{ status: 200, patients: [], ...what, at, requestId, tenant: who?.tenant ?? '', credentialKind: 'session' },
    ...(who && { user: who.id }),
    ...(who?.fhirUser !== undefined && { agent: who.fhirUser }),
  };
}

const loginPath = (back: Back | undefined): string =>
  `/portal/login?${new URLSearchParams({ ended: '1', ...(back && { back: back.to }) }).toString()}`;

/** The page that a text names: one of the table, which needs a login, and nothing that leads out of here. */
function backIn(text: string): Back | undefined {
  if (!URL.canParse(text, HERE) || text.length > MOST_BACK) return undefined;
  const { origin, pathname, search } = new URL(text, HERE);
  const [found] = fitting(pathname).filter(({ route }) => route.method === 'GET' && route.who !== 'anybody');
  if (origin !== HERE || !found) return undefined;
  const { from = pathname, who } = found.route;
  return { to: `${from}${search}`, who };
}

const HERE = 'https://here.invalid';
const MOST_BACK = 2000;

const fitting = (path: string): { route: Route; id: string }[] =>
  routes.flatMap((route) => {
    const pattern = new RegExp(`^${route.path.replace(':id', '([A-Za-z0-9._-]{1,64})')}/?$`);
    const found = pattern.exec(path);
    return found ? [{ route, id: found[1] ?? '' }] : [];
  });

function match(method: string, path: string): { route: Route; id: string } {
  const there = fitting(path);
  const found = there.find(({ route }) => route.method === method);
  if (found) return found;
  if (there.length === 0) throw new OutcomeError(404, 'unknown-route', 'There is no such page');
  throw new OutcomeError(405, 'method-not-allowed', 'This page does not take that method');
}

const titles: Readonly<Record<number, string>> = {
  403: 'Not allowed',
  404: 'Not found',
  410: 'This has ended',
  413: 'Too large',
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
      <Alert>{/[.?!]$/.test(text) ? text : `${text}.`}</Alert>
      <p>
        <Link to="/portal/login" class="button">
          Go to the start
        </Link>
      </p>
    </div>
  );
  return { status, title, page };
}
