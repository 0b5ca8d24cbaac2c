import type { Resource } from '@medplum/fhirtypes';
import type { Context, DraftRow, ExtensionShape, Places, Values } from './element.js';
import { blank, membersReader, usesOf, writeMembers, type AnyElement, type Shape } from './structure.js';

type Names<Row> = Extract<keyof Row, string>;

/** The columns of a row, and of its child rows as `child.column`. */
export type Uses<Row, C> = Names<Row> | { [K in Names<C>]: `${K}.${Names<C[K]>}` }[Names<C>];

/** Both directions of a resource, and the columns that they need. */
export interface View {
  readonly columns: AnyElement['columns'];
  readonly children: Readonly<Record<string, AnyElement['columns']>>;
  /** The extensions of the resource itself that have columns. */
  readonly extensions: readonly ExtensionShape[];
  /** The resource of a row, without `id` and server-owned `meta`. */
  toFhir(this: void, at: Places): (row: Values, context: Context) => Record<string, unknown>;
  fromFhir(this: void, resource: Readonly<Record<string, unknown>>, context: Context): DraftRow;
}

/**
 * A resource as a view of a row: each element says which columns hold it. Elements that are not named here are kept
 * by the engine in the row's `extra`.
 *
 * @example
 * const patient = view<Patient, PatientRow, PatientChildren>({
 *   gender: el.code('gender'),
 *   birthDate: el.date('birth_date'),
 *   name: el.list('names', el.humanName()),
 * });
 */
export function view<T extends Resource, Row extends object, C extends object = Record<never, object>>(
  shape: Shape<T, Uses<Row, C>>,
): View {
  const members = Object.entries(shape) as [string, AnyElement][];
  const uses = usesOf(members.map(([, element]) => element));
  const children = uses.children ?? {};
  return {
    columns: uses.columns,
    children,
    extensions: members.find(([name]) => name === 'extension')?.[1].extensions ?? [],
    toFhir: (at) => {
      const read = membersReader(members, at);
      return (row, context) => read(row, context) ?? {};
    },
    fromFhir: (resource, context) => {
      const draft = blank(uses.columns);
      for (const child of Object.keys(children)) draft[child] = [];
      writeMembers(members, resource, draft, context);
      return draft;
    },
  };
}
