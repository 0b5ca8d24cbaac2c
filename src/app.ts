import Koa from 'koa';
import type { Trail } from './audit/trail.js';
import { Scopes } from './access/scopes.js';
import { Bearer } from './auth/bearer.js';
import type { Keys } from './auth/keys.js';
import { authRoutes } from './auth/routes.js';
import { errors } from './http/errors.js';
import { fhirHandler } from './http/fhir-handler.js';
import { health } from './http/health.js';
import type { Log } from './log.js';
import { requestLog } from './http/request-log.js';
import type { Facade } from './rest/facade.js';
import { fhirRoutes } from './rest/routes.js';
import type { Database } from './store/database.js';

export const FHIR_PATH = '/fhir/R4';

export interface AppOptions {
  readonly facade: Facade;
  /** Portico's own tables. */
  readonly own: Database;
  readonly keys: Keys;
  readonly issuer: string;
  readonly secret: string;
  readonly trail: Trail;
  readonly log: Log;
  readonly trustedHops: number;
  /** Whether the server still takes work: a server that is stopping does not. */
  readonly ready: () => Promise<boolean>;
}

/** The journey of a request, in order. Nothing is mounted anywhere else. */
export function createApp({ facade, own, keys, issuer, secret, trail, log, trustedHops, ready }: AppOptions): Koa {
  const onError = (error: unknown, requestId: string): void =>
    log.logger.error({ requestId, err: error instanceof Error ? error : new Error(String(error)) }, 'unexpected error');
  const { base: audience, registry, now } = facade;
  const tokens = { own, keys, scopes: new Scopes(registry, audience), issuer, audience, secret, now };
  const bearer = new Bearer(tokens);
  const auth = authRoutes(tokens);

  const app = new Koa({ proxy: trustedHops > 0, maxIpsCount: trustedHops });
  app.on('error', (error) => onError(error, ''));
  app.use(requestLog(log.request, facade.now));
  app.use(
    fhirHandler({
      path: FHIR_PATH,
      base: facade.base,
      routes: fhirRoutes(facade),
      authenticate: (credentials) => bearer.authenticate(credentials),
      serves: (type) => facade.registry.get(type) !== undefined,
      audit: (event) => trail.record(event),
      now,
      onError,
    }),
  );
  app.use(errors(onError));
  app.use(health(ready));
  app.use(auth.routes());
  return app;
}
