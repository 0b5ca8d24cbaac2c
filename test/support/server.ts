import { readConfig } from '../../src/config.js';
import { createLog, type Log } from '../../src/log.js';
import { serve } from '../../src/main.js';
import { openPortico, type OpenOptions, type Portico } from '../../src/open.js';
import { loadRegistry, type Registry } from '../../src/registry.js';
import { createCredential, type NewCredential } from '../../src/auth/store.js';
import { createOrg, type NewPlan } from '../../src/auth/orgs.js';
import { migrate, pending } from '../../src/store/migrate.js';
import { importItems, type Report } from '../../src/transfer/import.js';
import { Client } from './client.js';
import { freshDatabase } from './database.js';

/** The organization that tests work in, and another one whose data it must never see. */
export const TENANT = 'org_one';
export const OTHER_TENANT = 'org_two';

export interface Server {
  readonly url: string;
  readonly base: string;
  readonly portico: Portico;
  /** What the operator would have been told. */
  readonly alarms: string[];
  /** A client of the organization, with these scopes. */
  client(scope?: string, tenant?: string): Promise<Client>;
  /** An app that a patient gave a key to. */
  portal(patient: string, tenant?: string): Promise<Client>;
  credential(credential: Partial<NewCredential>): Promise<{ id: string; secret: string }>;
  /** Writes resources through the one write path; refuses to go on when one is refused. */
  save(resources: readonly object[], tenant?: string): Promise<Report>;
  stop(): Promise<void>;
}

export interface StartOptions extends OpenOptions {
  readonly env?: Record<string, string>;
  /** Where the log goes, for a test that reads it. */
  readonly log?: Log;
  /** What the organizations may send; without it, as much as a test likes. */
  readonly plan?: NewPlan;
}

const generous: NewPlan = { plan: 'custom', perMinute: 1_000_000, burst: 100_000 };

let shared: Promise<Registry> | undefined;

/** A real server on a real socket, with a database of its own. Authorisation is on, as always. */
export async function start({ env = {}, log, plan = generous, ...options }: StartOptions = {}): Promise<Server> {
  const database = await freshDatabase();
  const registry = options.registry ?? (await (shared ??= loadRegistry()));
  const port = await freePort();
  const config = readConfig({
    PORT: String(port),
    PORTICO_DATABASE_URL: database.url,
    PORTICO_SECRET: 'a secret for tests, which opens nothing',
    PORTICO_LOG_LEVEL: 'silent',
    ...env,
  });
  const alarms: string[] = [];
  const portico = await openPortico(config, { alarm: (what) => alarms.push(what), ...options, registry });
  if ((await pending(portico.own)).length > 0) await migrate(portico.own);
  const running = await serve(portico, log ?? createLog(config.logLevel));
  const { own, now } = portico;
  for (const [id, name] of [
    [TENANT, 'One'],
    [OTHER_TENANT, 'Two'],
  ] as const)
    await createOrg(own, id, name, now(), plan);
  const credential: Server['credential'] = (each) =>
    createCredential(
      own,
      {
        tenant: TENANT,
        kind: 'client',
        name: 'test',
        scopeCeiling: 'system/*.cruds system/AuditEvent.rs system/Subscription.cruds',
        ...each,
      },
      now(),
    );
  const { baseUrl: url } = config;
  return {
    ...{ url, base: portico.base, portico, alarms, credential },
    client: async (scope, tenant = TENANT) => Client.login(url, await credential({ tenant }), scope),
    portal: async (patient, tenant = TENANT) =>
      Client.login(url, await credential({ tenant, kind: 'portal', patient, scopeCeiling: 'patient/*.rs' })),
    save: (resources, tenant = TENANT) => save(portico, resources, tenant),
    stop: async () => {
      await running.stop();
      await database.drop();
    },
  };
}

async function save(portico: Portico, resources: readonly object[], tenant: string): Promise<Report> {
  const { registry, rows, writer, base, now } = portico;
  if (!writer) throw new Error('the clinical tables are only read');
  const items = resources.map((resource, index) => ({ origin: String(index), text: JSON.stringify(resource) }));
  const options = { tenant, registry, rows, writer, base, now, author: { user: 'test' } };
  const report = await importItems(each(items), options);
  if (report.refused.length > 0) throw new Error(`refused: ${JSON.stringify(report.refused)}`);
  return report;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** The configuration names the port before the server listens, because every URL follows from it. */
export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
