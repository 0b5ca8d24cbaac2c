import type { Resource } from '@medplum/fhirtypes';
import type { Knex } from 'knex';
import type { Context, DraftRow, ExtensionShape, Places, Values } from './elements/element.js';
import type { Uses, View } from './elements/view.js';
import type { SearchParam } from './params.js';

export type Column<Row> = Extract<keyof Row, string>;

/** Turns the ids of a table into FHIR ids (`[A-Za-z0-9\-.]{1,64}`) and back; undefined where it cannot be one of its ids. */
export interface IdCodec {
  toFhir(stored: string | number): string;
  toStored(id: string): string | number | undefined;
}

/** Ids of a foreign table with a prefix before them: `prefixed('pt-')`. */
export function prefixed(prefix: string, stored: 'string' | 'number' = 'string'): IdCodec {
  return {
    toFhir: (id) => `${prefix}${id}`,
    toStored: (id) => {
      if (!id.startsWith(prefix)) return undefined;
      const rest = id.slice(prefix.length);
      if (stored === 'string') return rest;
      return /^(0|[1-9]\d{0,15})$/.test(rest) ? Number(rest) : undefined;
    },
  };
}

export interface Source<C extends string = string> {
  /** A table or view, or a plain join; no distinct, grouping or limit in it, for SQLite then scans: put those in a view. */
  readonly from: string | ((db: Knex) => Knex.QueryBuilder);
  readonly id: C;
  readonly idCodec?: IdCodec;
  /** Milliseconds since 1970 UTC of the last change. Without it: a weak ETag from the content, no `_lastUpdated`. */
  readonly updated?: C;
  readonly version?: C;
  /** The column of the tenant, or `single` when the whole source belongs to one organization. */
  readonly tenant: C | 'single';
  /** The table is Portico's own, wherever the clinical ones are. */
  readonly own?: true;
  /** A view of the history that Portico keeps beside the clinical tables: where they are somebody else's, there is none. */
  readonly history?: true;
  /** The column of the one patient that a row belongs to; for Patient, its id. */
  readonly patient?: C;
  /** The column of the native resource's name. */
  readonly native?: C;
  /** Set where the row is deleted: it reads as 410 Gone. */
  readonly deleted?: C;
  /** Keeps what the columns cannot. Without it, a write that would lose anything is refused. */
  readonly extra?: C;
  readonly narrative?: C;
  readonly profile?: C;
  /** Names the children that the row has, `,names,telecoms,`, so that the empty ones need not be looked up; NULL when unknown. */
  readonly parts?: C;
}

export interface Child<C extends string = string> {
  readonly table: string;
  readonly parent: C;
  readonly order?: C;
}

/** Bytes of a resource, served as Binary/[id] to whoever may read the resource. */
export interface Attachments {
  /** Where the Attachment elements stand: `content.attachment`. Inline data is moved from there to a Binary. */
  readonly path: string;
  /** The child whose rows name the bytes, and its column of the Binary's id. */
  readonly child: string;
  readonly column: string;
}

/** Which resource of the native system a row is, decided by the first whose tokens the resource meets (vendors.md, part 2). */
export interface NativeName {
  readonly name: string;
  /** Search parameter -> `system|code`, any of which the resource must have. */
  readonly when?: Readonly<Record<string, readonly string[]>>;
}

export interface ResourceSpec<T extends Resource, Row extends object, C extends object = Record<never, object>> {
  readonly type: T['resourceType'];
  /** Profiles whose instances it can hold and serve. */
  readonly profiles: readonly string[];
  readonly source: Source<Column<Row>>;
  readonly children?: { readonly [K in Column<C>]: Child };
  /** Search parameters that tie a row to its patient; `shared` for a directory without patient data; `none` for what no patient may see. */
  readonly patient: readonly string[] | 'shared' | 'none';
  readonly native?: readonly NativeName[];
  readonly search: Readonly<Record<string, SearchParam<Uses<Row, C>>>>;
  /** Why the type has no other of the search parameters that R4 publishes for it. */
  readonly leftOut?: string;
  /** Search parameters by which results can be sorted; the first, with its direction, is the default order. */
  readonly sort: readonly string[];
  /** Where not every reference is to be followed by `_include`: those that are, and by `_revinclude` as `Type:parameter`. */
  readonly include?: readonly string[];
  readonly revInclude?: readonly string[];
  /** Token parameters by which a scope may narrow: `system/Observation.rs?category=...`. */
  readonly granularScopes?: readonly string[];
  /**
   * What its rows say something of: a reference parameter. A row is visible where what it is about is visible, and
   * every type that is written here takes it in `_revinclude`.
   */
  readonly about?: string;
  /** Only a scope that names the type opens it: neither `*` nor `apiv2` does. */
  readonly named?: true;
  readonly attachments?: Attachments;
  /** Elements that stand or fall with another one: a native value beside an old interpretation would be false. */
  readonly together?: Readonly<Record<string, string>>;
  /** Both directions, from elements; or `columns` and `toFhir` by hand for a source that is only read. */
  readonly view: View | ReadOnlyView<Row, C>;
  readonly write?: { readonly create: boolean; readonly update: boolean; readonly delete: boolean };
}

/** A view that only reads: the columns to select, and the resource of a row without `id` and server-owned `meta`. */
export interface ReadOnlyView<Row, C extends object = Record<never, object>> {
  readonly columns: readonly Column<Row>[];
  readonly children?: { readonly [K in Column<C>]: readonly Column<C[K]>[] };
  toFhir(
    this: void,
    row: Row & { readonly [K in Column<C>]: readonly C[K][] },
    context: Context,
  ): Record<string, unknown>;
}

export interface DeclaredChild extends Child {
  readonly columns: readonly string[];
  readonly readColumns: readonly string[];
}

/** A declaration with its row types erased: what the engine works with. */
export interface Declaration {
  readonly type: string;
  readonly profiles: readonly string[];
  readonly source: Source;
  /** The columns that a write fills, and those of them that reading needs. */
  readonly columns: readonly string[];
  readonly readColumns: readonly string[];
  /** Those that hold a value where their element is absent: they are never NULL. */
  readonly filledColumns: ReadonlySet<string>;
  readonly children: Readonly<Record<string, DeclaredChild>>;
  readonly patient: readonly string[] | 'shared' | 'none';
  readonly native: readonly NativeName[];
  readonly search: Readonly<Record<string, SearchParam>>;
  readonly leftOut?: string;
  readonly sort: readonly string[];
  readonly include?: readonly string[];
  readonly revInclude?: readonly string[];
  readonly granularScopes: readonly string[];
  readonly about?: string;
  readonly named?: true;
  readonly attachments?: Attachments;
  readonly together: Readonly<Record<string, string>>;
  readonly extensions: readonly ExtensionShape[];
  readonly toFhir: (at: Places) => (row: Values, context: Context) => Record<string, unknown>;
  readonly fromFhir?: (resource: Readonly<Record<string, unknown>>, context: Context) => DraftRow;
  readonly write?: { readonly create: boolean; readonly update: boolean; readonly delete: boolean };
}

/**
 * Declares a resource type. Row types are checked here and erased here: the engine never sees a generic.
 *
 * @example export default defineResource<Patient, PatientRow, PatientChildren>({ type: 'Patient', ... });
 */
export function defineResource<T extends Resource, Row extends object, C extends object = Record<never, object>>(
  spec: ResourceSpec<T, Row, C>,
): Declaration {
  const { view, children = {}, ...rest } = spec;
  const viewed = 'fromFhir' in view ? view : undefined;
  const read = (viewed ? undefined : view.children) as Readonly<Record<string, readonly string[]>> | undefined;
  return {
    native: [],
    granularScopes: [],
    together: {},
    ...(rest as Omit<typeof rest, 'search' | 'source'> & Pick<Declaration, 'search' | 'source'>),
    columns: view.columns.map((column) => (typeof column === 'string' ? column : column.name)),
    readColumns: viewed ? readOf(viewed.columns) : (view.columns as readonly string[]),
    filledColumns: new Set(viewed?.columns.filter(({ absent }) => absent !== null).map(({ name }) => name)),
    children: Object.fromEntries(
      Object.entries<Child>(children).map(([name, child]) => [
        name,
        {
          ...child,
          columns: (viewed?.children[name] ?? []).map((column) => column.name),
          readColumns: viewed ? readOf(viewed.children[name] ?? []) : (read?.[name] ?? []),
        },
      ]),
    ),
    extensions: viewed?.extensions ?? [],
    toFhir: viewed ? viewed.toFhir : named(view as AnyReadOnlyView),
    ...(viewed && { fromFhir: viewed.fromFhir }),
  };
}

interface AnyReadOnlyView {
  readonly columns: readonly string[];
  readonly children?: Readonly<Record<string, readonly string[]>>;
  toFhir(this: void, row: unknown, context: Context): Record<string, unknown>;
}

/** A view by hand sees its columns by name: getters on a prototype, so that nothing is copied. */
function named({ columns, children = {}, toFhir }: AnyReadOnlyView): Declaration['toFhir'] {
  return (at) => {
    const Row = rowClass(columns, at);
    for (const [name, names] of Object.entries(children)) {
      const { index, places } = at.child(name);
      const Item = rowClass(names, places);
      Object.defineProperty(Row.prototype, name, {
        get(this: { values: Values }) {
          return (this.values[index] as readonly Values[]).map((each) => new Item(each));
        },
      });
    }
    return (row, context) => toFhir(new Row(row), context);
  };
}

function rowClass(columns: readonly string[], at: Places) {
  class Named {
    constructor(readonly values: Values) {}
  }
  for (const name of columns) {
    const index = at.column(name);
    Object.defineProperty(Named.prototype, name, {
      get(this: Named) {
        return this.values[index];
      },
    });
  }
  return Named;
}

const readOf = (columns: View['columns']): string[] =>
  columns.filter((column) => !column.searchOnly).map((column) => column.name);

/** The source of a table of the embedded schema. */
export const clinical = <const T extends string>(table: T) =>
  ({
    from: table,
    id: 'id',
    updated: 'updated_at',
    version: 'version',
    tenant: 'organization_id',
    patient: 'patient_id',
    native: 'native_resource',
    extra: 'extra',
    narrative: 'narrative',
    profile: 'profile',
    parts: 'parts',
  }) as const;
