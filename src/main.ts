import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { createApp } from './app.js';
import { Keys } from './auth/keys.js';
import { oauthUris } from './auth/paths.js';
import { startPurging } from './auth/purge.js';
import { clientError } from './http/client-error.js';
import type { Queue } from './jobs/worker.js';
import { Workers } from './jobs/workers.js';
import { inboundQueue } from './pulsara/queue.js';
import { ConfigurationError } from './outcome.js';
import { Traffic } from './limits/traffic.js';
import type { Log } from './log.js';
import type { Portico } from './open.js';
import { startOutgoing } from './outgoing.js';
import type { Facade, WriteRule } from './rest/facade.js';
import { pending } from './store/migrate.js';
import { deriveKey } from './store/seal.js';
import { acceptSubscription } from './subscriptions/accept.js';
import { released, version } from './version.js';

/**
 * How far the heap may grow beyond what lives before it is collected. By itself V8 lets it become four times that on a
 * machine with much memory, and a cache whose entries come and go makes it do so: a collection more often costs less.
 */
const HEAP_GROWTH_PERCENT = 40;

/** Texts of an earlier release are written anew in a fifth of the time. */
const RENEWING_RESTS = 4;

/** From listening to what can wait. */
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
  const workers = new Workers(queuesOf(portico), {
    db: own,
    now,
    onError: (error) => log.logger.error({ err: error }, 'a job failed by a fault of ours'),
  });
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
    wake: (queue) => workers.wake(queue),
    ready: async () => !stopping && (await pending(own)).length === 0,
  });
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  server.on('clientError', clientError(base));
  await listen(server, config.port);
  const chores = startChores(portico, { traffic, workers }, log);
  const { port } = server.address() as AddressInfo;
  log.logger.info({ port, base }, 'listening');
  return {
    port,
    stop: async () => {
      stopping = true;
      await close(server);
      await chores.stop();
      await portico.close();
      log.logger.info('stopped');
      log.flush();
    },
  };
}

/** What is done beside the requests, by whichever process comes first. */
function queuesOf(portico: Portico): Queue[] {
  const { writer, config } = portico;
  // Clinical tables of somebody else's are only read.
  return writer ? [inboundQueue({ ...portico, writer, outbound: { allowLoopback: config.allowLoopback } })] : [];
}

/** What waits until whoever watches the start has been answered: it loads knex, which takes long. */
function startChores(
  portico: Portico,
  { traffic, workers }: { traffic: Traffic; workers: Workers },
  log: Log,
): { stop(): Promise<void> } {
  const { config, own, trail, now } = portico;
  const report = (what: string) => (error: unknown) => log.logger.error({ err: error }, what);
  const stopping = new AbortController();
  const { signal } = stopping;
  let adopting: Promise<void> | undefined;
  let renewing: Promise<unknown> | undefined;
  let exchanging: Promise<void> | undefined;
  let purging: ReturnType<typeof startPurging> | undefined;
  let outgoing: ReturnType<typeof startOutgoing> | undefined;
  const timer = setTimeout(() => {
    workers.start();
    adopting = trail.start().catch(report('audit events of an earlier process have no link yet'));
    exchanging = traffic.start().catch(report('requests are limited by each process alone'));
    renewing = portico
      .renew({ rest: RENEWING_RESTS, signal })
      .catch(report('texts of an earlier release are read from their columns'));
    purging = startPurging(own, now, report('expired rows were not purged'));
    outgoing = startOutgoing({
      ...portico,
      outbound: { allowLoopback: config.allowLoopback },
      onError: report('others were not told of a change; it is tried again'),
    });
  }, CHORES_MILLISECONDS);
  return {
    stop: async () => {
      clearTimeout(timer);
      stopping.abort();
      await workers.stop();
      await Promise.all([adopting, exchanging, renewing]);
      await traffic.stop();
      await outgoing?.stop();
      await purging?.stop();
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
  return (...asked) => acceptSubscription({ own, rows, registry, base, now, outbound, key }, ...asked);
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
