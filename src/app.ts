import Koa, { type Middleware } from 'koa';
import { bounded } from './audit/bounded.js';
import type { Trail } from './audit/trail.js';
import { Scopes } from './access/scopes.js';
import { Bearer } from './auth/bearer.js';
import { caller } from './auth/caller.js';
import { ClientKeys } from './auth/client-keys.js';
import { discovery } from './auth/discovery.js';
import type { Keys } from './auth/keys.js';
import { AUTHORIZE_PATH, LAUNCH_PATH, MANAGE_PATH } from './auth/paths.js';
import { errors } from './http/errors.js';
import { fhirHandler } from './http/fhir-handler.js';
import { health } from './http/health.js';
import { Failures } from './limits/failures.js';
import { Strangers } from './limits/strangers.js';
import type { Traffic } from './limits/traffic.js';
import type { Log } from './log.js';
import { requestLog } from './http/request-log.js';
import { FHIR_PATH } from './open.js';
import type { Facade } from './rest/facade.js';
import { offers } from './rest/offers.js';
import { fhirRoutes, lettersOf } from './rest/routes.js';
import type { Database } from './store/database.js';

export interface AppOptions {
  readonly facade: Facade;
  /** Portico's own tables. */
  readonly own: Database;
  readonly keys: Keys;
  readonly issuer: string;
  readonly secret: string;
  readonly trail: Trail;
  readonly traffic: Traffic;
  readonly log: Log;
  readonly trustedHops: number;
  /** Development: URLs of others may lead to this machine. */
  readonly allowLoopback: boolean;
  /** Tells the worker of a queue that there is something to do. */
  readonly wake: (queue: string) => void;
  /** Whether the server still takes work: a server that is stopping does not. */
  readonly ready: () => Promise<boolean>;
}

/** The journey of a request, in order. Nothing is mounted anywhere else. */
export function createApp(options: AppOptions): Koa {
  const { facade, own, keys, issuer, secret, trail, traffic, log, trustedHops, allowLoopback, wake, ready } = options;
  const onError = (error: unknown, requestId: string): void =>
    log.logger.error({ requestId, err: error instanceof Error ? error : new Error(String(error)) }, 'unexpected error');
  const { base: audience, registry, now } = facade;
  const warn = (what: string): void => log.logger.warn(what);
  const audit = bounded((event) => trail.record(event), new Strangers(now), warn);
  const clientKeys = new ClientKeys({ allowLoopback }, now);
  const scopes = new Scopes(registry, audience);
  const failures = new Failures(own, now, warn);
  const tokens = { own, keys, clientKeys, failures, scopes, issuer, audience, secret, now, audit };
  const bearer = new Bearer(tokens);
  const routes = fhirRoutes(facade);

  const app = new Koa({ proxy: trustedHops > 0, maxIpsCount: trustedHops });
  app.on('error', (error) => onError(error, ''));
  app.use(requestLog(log.request, facade.now));
  // Before FHIR: it is JSON whatever FHIR format is asked for.
  app.use(discovery(tokens, { fhirPath: FHIR_PATH, letters: lettersOf(routes) }));
  app.use(
    fhirHandler({
      path: FHIR_PATH,
      base: facade.base,
      routes,
      authenticate: (credentials) => bearer.authenticate(credentials),
      limit: (access) => traffic.count(access),
      serves: (type, need) => {
        const resource = registry.get(type);
        return resource !== undefined && (need === undefined || offers(resource, need));
      },
      audit,
      now,
      onError,
    }),
  );
  app.use(errors(onError));
  app.use(health(ready));
  app.use(
    whenAsked(['/oauth', '/api/2.0/oauth2'], async () => {
      const { authRoutes } = await import('./auth/routes.js');
      return authRoutes(tokens, bearer).routes() as unknown as Middleware;
    }),
  );
  const { rows } = facade;
  const pages = ['/portal', '/manager', '/api/v1/docs', AUTHORIZE_PATH, MANAGE_PATH];
  app.use(
    whenAsked([LAUNCH_PATH], async () => {
      const { launchRoute } = await import('./auth/launch-routes.js');
      return launchRoute({ ...tokens, bearer, registry, rows, traffic });
    }),
  );
  app.use(
    whenAsked(['/api/auth'], async () => {
      const { sessionRoutes } = await import('./auth/session-routes.js');
      return sessionRoutes({ ...tokens, bearer }).routes() as unknown as Middleware;
    }),
  );
  app.use(
    whenAsked(pages, async () => {
      const { portalPages } = await import('./portal/server.js');
      return portalPages({ ...tokens, facade, trail, outbound: { allowLoopback }, onError });
    }),
  );
  app.use(
    whenAsked(['/webhooks'], async () => {
      const { webhookRoutes } = await import('./api/webhooks.js');
      return webhookRoutes({ own, secret, now, audit, wake });
    }),
  );
  app.use(
    whenAsked(['/api/v1'], async () => {
      const { apiRoutes } = await import('./api/routes.js');
      return apiRoutes({ facade, authenticate: caller({ ...tokens, bearer }), traffic, audit });
    }),
  );
  return app;
}

/** What lies at or below these paths is loaded by the first who asks for it: a start does not wait for it. */
function whenAsked(paths: readonly string[], load: () => Promise<Middleware>): Middleware {
  let loaded: Promise<Middleware> | undefined;
  return async (ctx, next) => {
    const { path } = ctx;
    if (!paths.some((each) => path === each || path.startsWith(`${each}/`))) return next() as Promise<void>;
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return (await loaded)(ctx, next) as Promise<void>;
  };
}
