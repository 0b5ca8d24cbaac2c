import { LRUCache } from 'lru-cache';
import type { Values } from '../define/elements/element.js';
import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Compiled } from '../search/compile.js';
import { Slot } from '../search/fragment.js';
import { tooLong } from '../search/too-costly.js';
import type { Database } from './database.js';
import { fetchStatement } from './fetch.js';
import type { Layout } from './layout.js';
import { rendererOf, type Entry } from './render.js';
import type { Texts, Wanted } from './texts.js';

/** Rows that are read at a time: each may be a megabyte. */
const TOGETHER = 100;

export interface EntriesOptions {
  /** The FHIR base URL. */
  readonly base: string;
  /** Of all resources of one answer: more is no page that anybody reads, and a text that long cannot be made. */
  readonly mostCharacters: number;
  /** Bytes of serialised resources kept; 0 keeps none. */
  readonly cacheBytes: number;
  /** Of what is written here; undefined when the clinical tables are somebody else's. */
  readonly texts?: Texts | undefined;
  /** Called when a row that its narrowing should have hidden was about to leave. */
  readonly alarm: (what: string) => void;
}

type Read = readonly [id: string | number, entry: Entry];

/** The resources of rows that were found: from memory, as they were written, or made of their columns. */
export class Entries {
  readonly #cache: LRUCache<string, Entry> | undefined;
  readonly #fetches = new WeakMap<RegisteredResource, Compiled>();

  constructor(
    private readonly databaseOf: (resource: RegisteredResource) => Database,
    private readonly options: EntriesOptions,
  ) {
    const { cacheBytes: maxSize } = options;
    if (maxSize > 0) this.#cache = new LRUCache({ maxSize, sizeCalculation: ({ text }) => text.length * 2 + 400 });
  }

  /** In the order of the rows. Errors: 400 `too-costly` for too long a page. */
  async of(resource: RegisteredResource, found: readonly Wanted[], narrowing: Narrowing): Promise<Entry[]> {
    const { version, updated, history } = resource.source;
    // A row of the history stays what it is, but what it is read with may change.
    const cache = history || (version === undefined && updated === undefined) ? undefined : this.#cache;
    const key = ({ id, version }: Wanted): string =>
      `${narrowing.tenant} ${resource.type} ${String(id)} ${String(version)}`;
    const entries = new Map<string | number, Entry>();
    const missing: Wanted[] = [];
    let characters = 0;
    const keep = (id: string | number, entry: Entry): void => {
      characters += entry.text.length;
      if (characters > this.options.mostCharacters) throw tooLong();
      entries.set(id, entry);
    };
    for (const row of found) {
      const cached = cache && cache.get(key(row));
      if (cached) keep(row.id, cached);
      else missing.push(row);
    }
    for (let start = 0; start < missing.length; start += TOGETHER)
      for (const [id, entry] of await this.#read(resource, missing.slice(start, start + TOGETHER), narrowing)) {
        keep(id, entry);
        cache?.set(key({ id, version: entry.versionId }), entry);
      }
    return found.flatMap(({ id }) => {
      const entry = entries.get(id);
      return entry ? [this.#released(resource, entry, narrowing)] : [];
    });
  }

  /** As they were written where that is what the rows say; the others are made of their columns. */
  async #read(resource: RegisteredResource, wanted: readonly Wanted[], { tenant }: Narrowing): Promise<Read[]> {
    const texts = (await this.options.texts?.find(resource, tenant, wanted)) ?? [];
    const written = texts.map((entry) => [entry.id, entry] as const);
    if (written.length === wanted.length) return written;
    const known = new Set<string | number>(texts.map(({ id }) => id));
    const left = wanted.map(({ id }) => id).filter((id) => !known.has(id));
    return [...written, ...(await this.#rendered(resource, left, tenant))];
  }

  async #rendered(resource: RegisteredResource, ids: readonly (string | number)[], tenant: string): Promise<Read[]> {
    const { base } = this.options;
    const db = this.databaseOf(resource);
    const { render, layout } = rendererOf(resource);
    const { sql, bindings } = this.#fetches.get(resource) ?? (await this.#fetch(resource, db));
    const values = [tenant, ids];
    const rows = await db.arrays(
      sql,
      bindings.map((each) => db.dialect.value(each instanceof Slot ? values[each.index] : each)),
    );
    const place = layout.place(resource.source.id) as number;
    return rows.map((answered) => {
      const row = db.dialect.decode(answered);
      return [row[place] as string | number, render(inOrder(row, layout), tenant, { base })];
    });
  }

  async #fetch(resource: RegisteredResource, db: Database): Promise<Compiled> {
    const fetch = await fetchStatement(db, resource);
    this.#fetches.set(resource, fetch);
    return fetch;
  }

  /** The last check before output: what the rendered resource says of itself must agree with the narrowing. */
  #released(resource: RegisteredResource, entry: Entry, narrowing: Narrowing): Entry {
    const { patient, where } = narrowing;
    const ofTenant = entry.tenant === narrowing.tenant;
    const ofNative = where.length === 0 || where.some(({ native = entry.native }) => native === entry.native);
    const ofPatient =
      patient === undefined ||
      resource.patient === 'shared' ||
      (entry.patients.length === 1 && entry.patients[0] === patient);
    if (ofTenant && ofPatient && ofNative) return entry;
    const left = !ofTenant ? 'tenant' : !ofPatient ? 'patient' : 'native resource';
    this.options.alarm(`${entry.type} row left its ${left}`);
    throw new OutcomeError(500, 'internal', 'An internal check failed; the operator has been told');
  }
}

/** Child rows come in any order; the last value of each says where it stands. */
function inOrder(row: unknown[], { columns, children }: Layout): Values {
  for (let index = 0; index < children.length; index++) {
    const place = columns.length + index;
    const rows = row[place] as unknown[][] | null;
    if (rows === null) row[place] = [];
    else if (rows.length > 1 && (children[index] as Layout['children'][number])[1].order !== undefined)
      rows.sort((a, b) => (a.at(-1) as number) - (b.at(-1) as number));
  }
  return row;
}
