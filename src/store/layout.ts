import type { Context, DraftRow, Places, Values } from '../define/elements/element.js';
import type { DeclaredChild } from '../define/resource.js';
import type { RegisteredResource } from '../registry.js';

/** Which columns and children a row of a resource type is read with, and where each stands. */
export interface Layout {
  readonly columns: readonly string[];
  readonly children: readonly (readonly [name: string, child: DeclaredChild])[];
  /** The index of a column of the engine's own; undefined when the source has none. */
  place(column: string | undefined): number | undefined;
  /** What the columns alone say of the resource. */
  toFhir(row: Values, context: Context): Record<string, unknown>;
  /** A row being written, as it will be read. */
  ofDraft(draft: DraftRow): Values;
}

const layouts = new WeakMap<RegisteredResource, Layout>();

export function layoutOf(resource: RegisteredResource): Layout {
  let layout = layouts.get(resource);
  if (!layout) layouts.set(resource, (layout = makeLayout(resource)));
  return layout;
}

function makeLayout(resource: RegisteredResource): Layout {
  const columns = [...new Set([...engineColumns(resource), ...resource.readColumns])];
  const children = Object.entries(resource.children);
  const places = placesOf(columns, children);
  return {
    columns,
    children,
    place: (column) => (column === undefined ? undefined : places.column(column)),
    toFhir: resource.toFhir(places),
    ofDraft: (draft) => [
      ...columns.map((name) => draft[name] ?? null),
      ...children.map(([name, child]) =>
        ((draft[name] ?? []) as DraftRow[]).map((item) => child.readColumns.map((column) => item[column] ?? null)),
      ),
    ],
  };
}

function placesOf(columns: readonly string[], children: readonly (readonly [string, DeclaredChild])[] = []): Places {
  const byColumn = new Map(columns.map((name, index) => [name, index]));
  return {
    column: (name) => {
      const index = byColumn.get(name);
      if (index === undefined) throw new Error(`no column ${name} is selected`);
      return index;
    },
    child: (name) => {
      const index = children.findIndex(([other]) => other === name);
      if (index < 0) throw new Error(`there is no child ${name}`);
      return {
        index: columns.length + index,
        places: placesOf((children[index] as [string, DeclaredChild])[1].readColumns),
      };
    },
  };
}

/** The columns that the engine itself needs, before those of the view. */
export function engineColumns({ source }: RegisteredResource): string[] {
  const { id, version, updated, tenant, native, extra, narrative, profile } = source;
  const all = [id, version, updated, tenant === 'single' ? undefined : tenant, native, extra, narrative, profile];
  return all.filter((name) => name !== undefined);
}
