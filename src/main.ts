import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { createApp, FHIR_PATH } from './app.js';
import { Trail } from './audit/trail.js';
import { Keys } from './auth/keys.js';
import { oauthUris } from './auth/paths.js';
import { startPurging } from './auth/purge.js';
import type { Config } from './config.js';
import { clientError } from './http/client-error.js';
import type { Queue } from './jobs/worker.js';
import { Workers } from './jobs/workers.js';
import { inboundQueue } from './pulsara/queue.js';
import { ConfigurationError } from './outcome.js';
import { Traffic } from './limits/traffic.js';
import type { Log } from './log.js';
import { startOutgoing } from './outgoing.js';
import { loadRegistry, type Registry } from './registry.js';
import type { Facade, WriteRule } from './rest/facade.js';
import { openDatabase, type Database } from './store/database.js';
import { pending } from './store/migrate.js';
import { Rows } from './store/rows.js';
import { deriveKey } from './store/seal.js';
import { Writer } from './store/write.js';
import { readSecret } from './secret.js';
import { acceptSubscription } from './subscriptions/accept.js';
import { loadProfiles } from './validate/packages.js';
import type { Profiles } from './validate/structure.js';
import { released, version } from './version.js';

/** Bytes of serialised resources that one process keeps. */
const CACHE_BYTES = 24 * 1024 * 1024;

/**
 * How far the heap may grow beyond what lives before it is collected. By itself V8 lets it become four times that on a
 * machine with much memory, and a cache whose entries come and go makes it do so: a collection more often costs less.
 */
const HEAP_GROWTH_PERCENT = 40;

/** From listening to what can wait. */
const CHORES_MILLISECONDS = 200;

/** Everything that commands and the server work with. */
export interface Portico {
  readonly config: Config;
  readonly own: Database;
  readonly source: Database;
  readonly registry: Registry;
  readonly rows: Rows;
  /** The one write path; undefined when the clinical tables are somebody else's. */
  readonly writer: Writer | undefined;
  /** Who did what: written while a server runs, and when Portico is closed. */
  readonly trail: Trail;
  /** Of the FHIR packages: what they say is enforced where a resource claims it. */
  readonly profiles: Profiles;
  readonly secret: string;
  readonly base: string;
  readonly now: () => number;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly registry?: Registry;
  readonly now?: () => number;
  readonly cacheBytes?: number;
  readonly alarm?: (what: string) => void;
}

/** Opens the databases and loads the declarations. Nothing listens yet. */
export async function openPortico(config: Config, options: OpenOptions = {}): Promise<Portico> {
  const { now = Date.now, alarm = () => undefined } = options;
  const base = `${config.baseUrl}${FHIR_PATH}`;
  const secret = readSecret(config);
  const [registry, own, profiles] = await Promise.all([
    options.registry ?? loadRegistry(),
    openDatabase(config.databaseUrl),
    profilesOf(config),
  ]);
  const separate = config.sourceUrl !== config.databaseUrl;
  const source = separate ? await openDatabase(config.sourceUrl) : own;
  const single = registry.all().some((resource) => resource.source.tenant === 'single');
  if (single && config.singleTenant === undefined)
    throw new ConfigurationError('The configuration is not sound', [
      'PORTICO_SINGLE_TENANT is missing: a source without a tenant column needs the organization that it belongs to',
    ]);
  const rows = new Rows(registry, {
    source,
    own,
    base,
    ...(config.singleTenant !== undefined && { singleTenant: config.singleTenant }),
    cacheBytes: options.cacheBytes ?? CACHE_BYTES,
    alarm,
  });
  const trail = new Trail(own, now, () => alarm('audit events wait: they cannot be written'));
  return {
    ...{ config, own, source, registry, rows, trail, profiles, secret, base, now },
    writer: separate ? undefined : new Writer(own, rows, { base }, now),
    close: async () => {
      await trail.stop();
      if (separate) await source.close();
      await own.close();
    },
  };
}

/** Reading packages takes libraries that nothing else here needs. */
async function profilesOf({ fhirPackages }: Config): Promise<Profiles> {
  if (fhirPackages.length === 0) return new Map();
  const { readItems } = await import('./transfer/sources.js');
  return loadProfiles(fhirPackages, readItems);
}

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
  workers.start();
  const chores = startChores(portico, traffic, log);
  const { port } = server.address() as AddressInfo;
  log.logger.info({ port, base }, 'listening');
  return {
    port,
    stop: async () => {
      stopping = true;
      await close(server);
      await workers.stop();
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
function startChores(portico: Portico, traffic: Traffic, log: Log): { stop(): Promise<void> } {
  const { config, own, trail, now } = portico;
  const report = (what: string) => (error: unknown) => log.logger.error({ err: error }, what);
  let adopting: Promise<void> | undefined;
  let exchanging: Promise<void> | undefined;
  let purging: ReturnType<typeof startPurging> | undefined;
  let outgoing: ReturnType<typeof startOutgoing> | undefined;
  const timer = setTimeout(() => {
    adopting = trail.start().catch(report('audit events of an earlier process have no link yet'));
    exchanging = traffic.start().catch(report('requests are limited by each process alone'));
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
      await Promise.all([adopting, exchanging]);
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
