import { Trail } from './audit/trail.js';
import type { Config } from './config.js';
import { ConfigurationError } from './outcome.js';
import { loadRegistry, type Registry } from './registry.js';
import { openDatabase, type Database } from './store/database.js';
import { editionOf } from './store/edition.js';
import { Rows } from './store/rows.js';
import { Texts } from './store/texts.js';
import { Writer } from './store/write.js';
import { readSecret } from './secret.js';
import { renewTexts } from './transfer/renew.js';
import { loadProfiles } from './validate/packages.js';
import { NO_PROFILES, type Profiles } from './validate/structure.js';

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
  /** The same rows, of which only the columns are read: nothing that was kept of an earlier reading or writing. */
  readonly columns: Rows;
  /** The one write path; undefined when the clinical tables are somebody else's. */
  readonly writer: Writer | undefined;
  /** Who did what: written while a server runs, and when Portico is closed. */
  readonly trail: Trail;
  /** Of the FHIR packages: what they say is enforced where a resource claims it. */
  readonly profiles: Profiles;
  readonly secret: string;
  readonly base: string;
  /**
   * Writes the texts of all resources as this code would, once; see `renewTexts`. `rest`: how many times as long as it
   * works it lets others work.
   */
  renew(options: { readonly rest: number; readonly signal?: AbortSignal }): Promise<number>;
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
  const edition = editionOf(base);
  const from = {
    ...{ source, own, base, alarm },
    ...(config.singleTenant !== undefined && { singleTenant: config.singleTenant }),
  };
  const texts = separate ? undefined : new Texts(own, edition);
  const { cacheBytes = CACHE_BYTES, mostCharacters = MOST_CHARACTERS } = options;
  const rows = new Rows(registry, { ...from, cacheBytes, mostCharacters, texts });
  const columns = new Rows(registry, { ...from, cacheBytes: 0, mostCharacters: Infinity });
  const trail = new Trail(own, now, () => alarm('audit events wait: they cannot be written'));
  return {
    ...{ config, own, source, registry, rows, columns, trail, profiles, secret, base, now },
    writer: separate ? undefined : new Writer(own, rows, { base }, edition, now),
    renew: async (options) => (separate ? 0 : renewTexts({ own, registry, columns, edition, now, ...options })),
    close: async () => {
      await trail.stop();
      if (separate) await source.close();
      await own.close();
    },
  };
}

/** Reading packages takes libraries that nothing else here needs. */
async function profilesOf({ fhirPackages }: Config): Promise<Profiles> {
  if (fhirPackages.length === 0) return NO_PROFILES;
  const { readItems } = await import('./transfer/sources.js');
  return loadProfiles(fhirPackages, readItems);
}
