import { Trail } from './audit/trail.js';
import type { Config } from './config.js';
import { ConfigurationError } from './outcome.js';
import { loadRegistry, type Registry } from './registry.js';
import { openDatabase, type Database } from './store/database.js';
import { Rows } from './store/rows.js';
import { Writer } from './store/write.js';
import { readSecret } from './secret.js';
import { loadProfiles } from './validate/packages.js';
import type { Profiles } from './validate/structure.js';

/** Where the FHIR API lies under the base URL. */
export const FHIR_PATH = '/fhir/R4';

/** Bytes of serialised resources that one process keeps. */
const CACHE_BYTES = 24 * 1024 * 1024;
/** Of the resources of one answer. */
const MOST_CHARACTERS = 64_000_000;

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
  readonly mostCharacters?: number;
  readonly alarm?: (what: string) => void;
}

/** Opens the databases and loads the declarations. Nothing listens yet. */
export async function openPortico(config: Config, options: OpenOptions = {}): Promise<Portico> {
  const { now = Date.now, alarm = () => undefined } = options;
  const base = `${config.baseUrl}${FHIR_PATH}`;
  const secret = readSecret(config);
  const separate = config.sourceUrl !== config.databaseUrl;
  const [registry, own, profiles] = await Promise.all([
    options.registry ?? loadRegistry({ history: !separate }),
    openDatabase(config.databaseUrl),
    profilesOf(config),
  ]);
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
    mostCharacters: options.mostCharacters ?? MOST_CHARACTERS,
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
