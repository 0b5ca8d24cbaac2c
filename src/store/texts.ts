import { nativeOfAll, type RegisteredResource } from '../registry.js';
import { native, type Compiled } from '../search/compile.js';
import { Slot, sql } from '../search/fragment.js';
import type { Database } from './database.js';
import type { Entry } from './render.js';

const TENANT = new Slot(0);
const WANTED = new Slot(1);
const EDITION = new Slot(2);

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
  readonly #statements = new WeakMap<RegisteredResource, Compiled>();

  constructor(
    private readonly db: Database,
    /** What writes as the reader would; see `editionOf`. */
    readonly edition: string,
  ) {}

  /** Those that there are, in any order. */
  async find(resource: RegisteredResource, tenant: string, wanted: readonly Wanted[]): Promise<Entry[]> {
    if (!hasTexts(resource)) return [];
    const { sql, bindings } = this.#statements.get(resource) ?? (await this.#statement(resource));
    const values = [tenant, JSON.stringify(wanted.map(({ id, version }) => [id, version])), this.edition];
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

  async #statement(resource: RegisteredResource): Promise<Compiled> {
    const { from, id, version } = this.db.dialect.pairs(WANTED);
    const compiled = native(
      sql`select h.id, h.version, h.at, h.organization_id, h.patient_id, h.native_resource, h.body
        from ${from} cross join history as h
        where h.organization_id = ${TENANT} and h.type = ${sql.literal(resource.type)}
        and h.id = ${id} and h.version = ${version} and h.edition = ${EDITION}`,
      await this.db.knex(),
    );
    this.#statements.set(resource, compiled);
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
