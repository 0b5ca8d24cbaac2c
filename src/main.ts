import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { createApp } from './app.js';
import type { Chores } from './chores.js';
import { Keys } from './auth/keys.js';
import { oauthUris } from './auth/paths.js';
import { clientError } from './http/client-error.js';
import { ConfigurationError } from './outcome.js';
import { Traffic } from './limits/traffic.js';
import type { Log } from './log.js';
import type { Portico } from './open.js';
import type { Facade, WriteRule } from './rest/facade.js';
import { pending } from './store/migrate.js';
import { deriveKey } from './store/seal.js';
import { released, version } from './version.js';

/**
 * How far the heap may grow beyond what lives before it is collected. By itself V8 lets it become four times that on a
 * machine with much memory, and a cache whose entries come and go makes it do so: a collection more often costs less.
 */
const HEAP_GROWTH_PERCENT = 40;

/** From listening to what can wait, which takes long to load. */
const CHORES_MILLISECONDS = 200;

export interface Running {
  readonly port: number;
  /** Finishes what is under way, answers nothing new, and closes the databases. */
  stop(): Promise<void>;
}

/** Starts listening. Errors: ConfigurationError when the database is not migrated or the keys do not open. */
export async function serve(portico: Portico, log: Log): Promise<Running> {
  const { config, own, secret, base, now, trail } = portico;
  const missing = await pending(own);
  if (missing.length > 0)
    throw new ConfigurationError(
      'The database is not up to date; run: portico migrate',
      missing.map((name) => `${name} has not run`),
    );
  setFlagsFromString(`--heap-growing-percent=${String(HEAP_GROWTH_PERCENT)}`);
  const traffic = new Traffic(own, now, (error) =>
    log.logger.error({ err: error }, 'requests are limited by each process alone'),
  );
  const keys = new Keys(own, secret, now);
  await keys.load();
  let stopping = false;
  let chores: Promise<Chores> | undefined;
  const app = createApp({
    facade: facadeOf(portico),
    own,
    keys,
    issuer: config.baseUrl,
    secret,
    trail,
    traffic,
    log,
    trustedHops: config.trustedHops,
    allowLoopback: config.allowLoopback,
    // Before there are workers nobody needs to be told: they begin by looking.
    wake: (queue) => void chores?.then((each) => each.wake(queue)),
    ready: async () => !stopping && (await pending(own)).length === 0,
  });
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.on('clientError', clientError(base));
  await listen(server, config.port);
  const timer = setTimeout(() => {
    chores = import('./chores.js').then(({ startChores }) => startChores(portico, traffic, log));
  }, CHORES_MILLISECONDS);
  const { port } = server.address() as AddressInfo;
  log.logger.info({ port, base }, 'listening');
  return {
    port,
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      await close(server);
      await (await chores)?.stop();
      await portico.close();
      log.logger.info('stopped');
      log.flush();
    },
  };
}

export function facadeOf(portico: Portico): Facade {
  const { config, registry, rows, own, writer, trail, profiles, base, secret, now } = portico;
  return {
    ...{ registry, rows, writer, trail, profiles, base, now, version, released },
    own: writer ? own : undefined,
    tokenUrl: `${config.baseUrl}/oauth/token`,
    oauthUris: oauthUris(config.baseUrl),
    searchHandling: config.searchHandling,
    cursorKey: deriveKey(secret, 'cursors'),
    rules: new Map([['Subscription', subscriptionRule(portico)]]),
  };
}

/** What is checked of a Subscription that a client writes. */
function subscriptionRule({ config, own, rows, registry, base, secret, now }: Portico): WriteRule {
  const outbound = { allowLoopback: config.allowLoopback };
  const key = deriveKey(secret, 'subscriptions');
  return async (...asked) => {
    const { acceptSubscription } = await import('./subscriptions/accept.js');
    return acceptSubscription({ own, rows, registry, base, now, outbound, key }, ...asked);
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new ConfigurationError('The server cannot listen', [
              `PORT ${String(port)} is in use; set PORT to another one`,
            ])
          : error,
      ),
    );
    server.listen(port, resolve);
  });
}

/** Idle connections are closed at once, busy ones when they have been answered. */
function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    // It is read when an answer ends: 0 would mean for ever.
    server.keepAliveTimeout = 1;
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
}
