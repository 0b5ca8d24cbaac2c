import { nativeOfAll, type RegisteredResource } from '../registry.js';
import { native, type Compiled } from '../search/compile.js';
import { Slot, sql } from '../search/fragment.js';
import type { Database } from './database.js';
import type { Entry } from './render.js';

const TENANT = new Slot(0);
const EDITION = new Slot(1);
/** Of one its id and version, of many their list. */
const [FIRST, SECOND] = [new Slot(2), new Slot(3)];

/** A row of the version that the text must be of. */
export interface Wanted {
  readonly id: string | number;
  readonly version: string | number;
}

/**
 * The texts of resources as they were written. A row is what counts, and its text is kept beside its version in the
 * history: while the row has that version, and this code would write the same, the text is the resource, and cheaper
 * to read than the columns and children that it was made of.
 */
export class Texts {
  readonly #ones = new WeakMap<RegisteredResource, Compiled>();
  readonly #lists = new WeakMap<RegisteredResource, Compiled>();

  constructor(
    private readonly db: Database,
    /** What writes as the reader would; see `editionOf`. */
    readonly edition: string,
  ) {}

  /** Those that there are, in any order. */
  async find(resource: RegisteredResource, tenant: string, wanted: readonly Wanted[]): Promise<Entry[]> {
    if (!hasTexts(resource)) return [];
    const [first, ...others] = wanted;
    const isOne = first !== undefined && others.length === 0;
    const statements = isOne ? this.#ones : this.#lists;
    const { sql, bindings } = statements.get(resource) ?? (await this.#statement(resource, isOne, statements));
    const list = isOne ? [first.id, first.version] : [JSON.stringify(wanted.map(({ id, version }) => [id, version]))];
    const values = [tenant, this.edition, ...list];
    const rows = await this.db.arrays(
      sql,
      bindings.map((each) => (each instanceof Slot ? values[each.index] : each)),
    );
    const ofAll = resource.source.native === undefined ? nativeOfAll(resource) : undefined;
    return rows.map(([id, version, at, organization, patient, native, text]) => ({
      type: resource.type,
      id: id as string,
      versionId: String(version),
      lastUpdated: Number(at),
      tenant: organization as string,
      patients: patient === null ? [] : [patient as string],
      native: ofAll ?? (native as string),
      text: text as string,
    }));
  }

  async #statement(
    resource: RegisteredResource,
    isOne: boolean,
    statements: WeakMap<RegisteredResource, Compiled>,
  ): Promise<Compiled> {
    const pairs = this.db.dialect.pairs(FIRST);
    const [from, id, version] = isOne
      ? [sql`history as h`, FIRST, SECOND]
      : [sql`${pairs.from} cross join history as h`, pairs.id, pairs.version];
    const compiled = native(
      sql`select h.id, h.version, h.at, h.organization_id, h.patient_id, h.native_resource, h.body from ${from}
        where h.organization_id = ${TENANT} and h.type = ${sql.literal(resource.type)}
        and h.id = ${id} and h.version = ${version} and h.edition = ${EDITION}`,
      await this.db.knex(),
    );
    statements.set(resource, compiled);
    return compiled;
  }
}

/** Only what the write path writes has a text, and it numbers its versions. */
export const hasTexts = ({ write, source }: RegisteredResource): boolean =>
  write !== undefined && !source.history && typeof source.from === 'string' && source.version !== undefined;

/** What several patients share is told apart by its columns: its version in the history names no patient. */
export const textOf = ({ text, patients }: Entry, edition: string): { body: string; edition: string | null } => ({
  body: text,
  edition: patients.length > 1 ? null : edition,
});
