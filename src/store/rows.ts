import { LRUCache } from 'lru-cache';
import type { Criterion, Include, Narrowing, Position, SearchRequest, Value } from '../define/request.js';
import { ATTACHMENT, type RegisteredResource, type Registry } from '../registry.js';
import { among, byId, meeting } from '../search/by-value.js';
import { compile, type Compiled } from '../search/compile.js';
import type { ConditionOptions } from '../search/condition.js';
import { Slot } from '../search/fragment.js';
import { shapeOf, slotValues, type Aim } from '../search/slots.js';
import { tooCostly, withinTexts } from '../search/too-costly.js';
import type { Database } from './database.js';
import { Entries, type EntriesOptions } from './entries.js';
import { MOST_REFERENCES, referenceStatement } from './fetch.js';
import { led } from './lead.js';
import { OverflowUse } from './overflow.js';
import type { PlannedStatement } from './plan.js';
import type { Entry } from './render.js';
import { asLiteral, asStored, storedId } from './stored.js';
import type { Wanted } from './texts.js';
import { findsByTrigrams } from './trigrams.js';

/** One page of matches, in order, and what is needed to go on. */
export interface Page {
  readonly entries: readonly Entry[];
  /** Set where there is a row beyond, in the direction of reading. */
  readonly more: boolean;
  readonly first?: Position;
  readonly last?: Position;
}

export interface References {
  readonly literals: readonly string[];
  readonly more: boolean;
}

interface Found extends Wanted {
  readonly keys: readonly (Value | null)[];
}

export interface RowsOptions extends EntriesOptions {
  readonly source: Database;
  /** Portico's own tables. */
  readonly own: Database;
  /** The organization that a source without a tenant column belongs to. */
  readonly singleTenant?: string;
}

/** Statements kept, and the characters of their texts and of what they are found by: a search may be long. */
const COMPILED = 2000;
const COMPILED_CHARACTERS = 4_000_000;
/** Resources that may name the same bytes. */
const ATTACHING = 100;

/** The only way to a row: there is no function here that does without a narrowing. */
export class Rows {
  readonly overflow: OverflowUse;
  readonly #reads = new Map<string, Compiled>();
  readonly #pinnedReads = new Map<string, Compiled>();
  readonly #compiled = new LRUCache<string, Compiled>({
    max: COMPILED,
    maxSize: COMPILED_CHARACTERS,
    sizeCalculation: ({ sql, bindings }, shape) => shape.length + sql.length + 8 * bindings.length,
  });
  readonly #entries: Entries;

  constructor(
    readonly registry: Registry,
    private readonly options: RowsOptions,
  ) {
    const keeps = registry.all().some(({ source }) => source.extra !== undefined);
    this.overflow = new OverflowUse(keeps ? options.source : undefined);
    this.#entries = new Entries((resource) => this.#db(resource), options);
  }

  get mostCharacters(): number {
    return this.options.mostCharacters;
  }

  /** The current version of one resource; undefined when there is none, or when the narrowing hides it. */
  async read(resource: RegisteredResource, id: string, narrowing: Narrowing): Promise<Entry | undefined> {
    const stored = storedId(resource, id);
    if (stored === undefined) return undefined;
    const found = await this.#byId(resource, stored, narrowing);
    return (await this.#entries.of(resource, found, narrowing))[0];
  }

  /** The row of one id. Nearly every narrowing has the same statement for it, which is then not looked up by shape. */
  async #byId(resource: RegisteredResource, id: string | number, narrowing: Narrowing): Promise<Found[]> {
    if (this.#closed(resource, narrowing)) return [];
    if (narrowing.where.length > 0)
      return foundOf(await this.#run(resource, byId(resource.type, id), narrowing, { kind: 'rows' }, 1));
    const statements = narrowing.patient === undefined ? this.#reads : this.#pinnedReads;
    let compiled = statements.get(resource.type);
    if (!compiled) {
      const db = this.#db(resource);
      const conditions = { ...this.#conditions(narrowing.tenant), overflows: () => false };
      const options = { ...conditions, dialect: db.dialect, knex: await db.knex() };
      statements.set(
        resource.type,
        (compiled = compile(resource, byId(resource.type, id), narrowing, { kind: 'rows' }, options)),
      );
    }
    return foundOf(await this.#execute(resource, compiled, [narrowing.tenant, this.#pin(resource, narrowing), 1, id]));
  }

  /** The resources of these ids that the narrowing shows, in the order of the ids. */
  async readAll(resource: RegisteredResource, ids: readonly string[], narrowing: Narrowing): Promise<Entry[]> {
    const stored = ids.map((id) => storedId(resource, id)).filter((id) => id !== undefined);
    if (stored.length === 0) return [];
    const found = await this.#ids(resource, among(resource.type, '_id', stored), narrowing, stored.length);
    const byId = new Map((await this.#entries.of(resource, found, narrowing)).map((entry) => [entry.id, entry]));
    return ids.map((id) => byId.get(id)).filter((entry) => entry !== undefined);
  }

  /** A page of matches. `before` a position reads backwards and answers in the order asked for all the same. */
  async find(
    resource: RegisteredResource,
    request: SearchRequest,
    narrowing: Narrowing,
    position?: Position,
  ): Promise<Page> {
    await this.#affordable(resource, request, narrowing);
    const asked = await led(this, resource, request, narrowing);
    const found = await this.#ids(resource, asked, narrowing, request.count + 1, position);
    const more = found.length > request.count;
    const page = found.slice(0, request.count);
    if (position?.direction === 'before') page.reverse();
    const entries = await this.#entries.of(resource, page, narrowing);
    const at = (row: Found | undefined, direction: Position['direction']): Position | undefined =>
      row && { direction, row: { keys: row.keys, id: row.id } };
    const first = at(page[0], 'before');
    const last = at(page.at(-1), 'after');
    return { entries, more, ...(first && { first }), ...(last && { last }) };
  }

  /** How many rows match. */
  async count(resource: RegisteredResource, request: SearchRequest, narrowing: Narrowing): Promise<number> {
    if (this.#closed(resource, narrowing)) return 0;
    await this.#affordable(resource, request, narrowing);
    const asked = await led(this, resource, request, narrowing);
    const rows = await this.#run(resource, asked, narrowing, { kind: 'total' }, 0);
    return Number(rows[0]?.[0]);
  }

  /** Errors: 400 `too-costly` for what would read all that an organization has of a type. */
  async #affordable(resource: RegisteredResource, request: SearchRequest, narrowing: Narrowing): Promise<void> {
    for (const each of withinTexts(this.registry, resource, request, narrowing))
      if (!(await findsByTrigrams(this.#db(each.resource), each))) throw tooCostly(each);
  }

  /** The rows whose reference parameter names one of these, up to a limit: what `_revinclude` adds. */
  async referring(
    resource: RegisteredResource,
    param: string,
    literals: readonly string[],
    narrowing: Narrowing,
    limit: number,
  ): Promise<Entry[]> {
    const values = asStored(this.registry, resource, param, literals);
    const found = await this.#ids(resource, among(resource.type, param, values), narrowing, limit);
    return this.#entries.of(resource, found, narrowing);
  }

  /** Ids, as stored, of rows that meet a criterion: up to a limit, in any order. */
  async some(
    resource: RegisteredResource,
    criterion: Criterion,
    narrowing: Narrowing,
    limit: number,
  ): Promise<(string | number)[]> {
    if (this.#closed(resource, narrowing)) return [];
    const rows = await this.#run(resource, meeting(resource.type, criterion), narrowing, { kind: 'some' }, limit);
    return foundOf(rows).map(({ id }) => id);
  }

  /** The resources that name the attachment of this id, as the narrowing of their type shows them. */
  async attaching(resource: RegisteredResource, attachment: string, narrowing: Narrowing): Promise<Entry[]> {
    const found = await this.#ids(resource, among(resource.type, ATTACHMENT, [attachment]), narrowing, ATTACHING);
    return this.#entries.of(resource, found, narrowing);
  }

  /** What a reference parameter of these rows names, as `Type/id`, and whether there are more than are looked at. */
  async references(
    resource: RegisteredResource,
    include: Pick<Include, 'param'>,
    ids: readonly string[],
    narrowing: Narrowing,
  ): Promise<References> {
    const stored = ids.map((id) => storedId(resource, id)).filter((id) => id !== undefined);
    const statement = await referenceStatement(this.#db(resource), resource, include.param);
    const rows = await this.#execute(resource, statement, [narrowing.tenant, stored]);
    const values = rows.map(([value]) => value).filter((each) => typeof each === 'string' || typeof each === 'number');
    const literals = new Set(values.map((value) => asLiteral(this.registry, resource, include.param, value)));
    return { literals: [...literals], more: rows.length > MOST_REFERENCES };
  }

  /** As part of a plan: finds the row of an id where the narrowing shows it, once what comes before it is written. */
  async planFind(resource: RegisteredResource, id: string, narrowing: Narrowing): Promise<PlannedStatement> {
    const request = byId(resource.type, id);
    const { sql, bindings } = await this.#statement(resource, request, narrowing, { kind: 'rows' });
    const values = slotValues(request, narrowing, 1, undefined, this.#pin(resource, narrowing));
    return { sql, bindings: bound(this.#db(resource), bindings, values), rows: 1 };
  }

  /** Searches rows by their columns alone, before anything is rendered. */
  async #ids(
    resource: RegisteredResource,
    request: SearchRequest,
    narrowing: Narrowing,
    limit: number,
    position?: Position,
  ): Promise<Found[]> {
    if (this.#closed(resource, narrowing)) return [];
    return foundOf(
      await this.#run(resource, request, narrowing, { kind: 'page', ...(position && { position }) }, limit),
    );
  }

  async #run(
    resource: RegisteredResource,
    request: SearchRequest,
    narrowing: Narrowing,
    aim: Aim,
    limit: number,
  ): Promise<unknown[][]> {
    const compiled = await this.#statement(resource, request, narrowing, aim);
    const position = aim.kind === 'page' ? aim.position : undefined;
    return this.#execute(
      resource,
      compiled,
      slotValues(request, narrowing, limit, position, this.#pin(resource, narrowing)),
    );
  }

  async #statement(
    resource: RegisteredResource,
    request: SearchRequest,
    narrowing: Narrowing,
    aim: Aim,
  ): Promise<Compiled> {
    const db = this.#db(resource);
    // Somebody else's tables keep no extra, and have no overflow index beside them.
    if (resource.source.extra !== undefined) await this.overflow.refresh();
    const conditions = this.#conditions(narrowing.tenant);
    const shape = shapeOf(request, narrowing, aim, conditions);
    let compiled = this.#compiled.get(shape);
    if (!compiled) {
      const options = { ...conditions, dialect: db.dialect, knex: await db.knex() };
      this.#compiled.set(shape, (compiled = compile(resource, request, narrowing, aim, options)));
    }
    return compiled;
  }

  #conditions(tenant: string): ConditionOptions {
    return {
      registry: this.registry,
      overflows: (type, param) => this.overflow.has(tenant, type, param),
      closed: (resource, narrowing) => this.#closed(resource, narrowing),
    };
  }

  #execute(
    resource: RegisteredResource,
    compiled: Compiled,
    values: readonly unknown[],
  ): unknown[][] | Promise<unknown[][]> {
    const db = this.#db(resource);
    return db.arrays(compiled.sql, bound(db, compiled.bindings, values));
  }

  #db({ source }: RegisteredResource): Database {
    return source.own ? this.options.own : this.options.source;
  }

  /** The one patient as the source's own columns name them; an id that can be none of theirs finds nothing. */
  #pin({ source }: RegisteredResource, { patient }: Narrowing): string | number | null {
    const patients = source.own ? undefined : this.registry.get('Patient');
    if (patient === undefined || !patients) return patient ?? null;
    return storedId(patients, patient) ?? null;
  }

  /** A source of one organization has nothing for the others, nor for a patient whose id cannot be one of its. */
  #closed(resource: RegisteredResource, narrowing: Narrowing): boolean {
    if (resource.source.tenant === 'single' && narrowing.tenant !== this.options.singleTenant) return true;
    return narrowing.patient !== undefined && resource.patient !== 'shared' && this.#pin(resource, narrowing) === null;
  }
}

const bound = ({ dialect }: Database, bindings: Compiled['bindings'], values: readonly unknown[]): unknown[] =>
  bindings.map((each) => dialect.value(each instanceof Slot ? values[each.index] : each));

const foundOf = (rows: readonly unknown[][]): Found[] =>
  rows.map(([id, version, ...keys]) => ({
    id: id as string | number,
    version: version as string | number,
    keys: keys as (Value | null)[],
  }));
