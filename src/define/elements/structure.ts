import {
  column,
  searchColumn,
  type Context,
  type DraftRow,
  type Element,
  type Places,
  type Reader,
  type Scalar,
  type Values,
} from './element.js';

// The members of a shape are checked against the FHIR type where the shape is written.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the common bound of all members
export type AnyElement<C extends string = string> = Element<any, C>;

/** Which element reads and writes each member of a FHIR type. Members of a choice are written out: `valueQuantity`. */
export type Shape<T, C extends string = string> = { readonly [K in keyof T]?: Element<NonNullable<T[K]>, C> };

type ColumnsOf<S> = { [K in keyof S]: S[K] extends Element<infer _, infer C> ? C : never }[keyof S];

/** A structure whose members stand in the same row: a backbone element, or one item of a child table. */
export function group<T extends object>() {
  return <S extends Shape<T>>(shape: S): Element<T, ColumnsOf<S>> => {
    const members = Object.entries(shape) as [string, AnyElement][];
    return {
      ...usesOf(members.map(([, element]) => element)),
      reader: (at) => membersReader(members, at) as Reader<T>,
      write: (value, into, context) => writeMembers(members, value as Record<string, unknown>, into, context),
    };
  };
}

type Members = readonly (readonly [string, AnyElement])[];

export function membersReader(members: Members, at: Places): Reader<Record<string, unknown>> {
  const names = members.map(([name]) => name);
  const readers = members.map(([, element]) => element.reader(at) as Reader<unknown>);
  return (row, context) => {
    let read: Record<string, unknown> | undefined;
    for (let index = 0; index < readers.length; index++) {
      const value = (readers[index] as Reader<unknown>)(row, context);
      if (value !== undefined) (read ??= {})[names[index] as string] = value;
    }
    return read;
  };
}

export function writeMembers(
  members: Members,
  value: Readonly<Record<string, unknown>>,
  into: DraftRow,
  context: Context,
): void {
  for (const [name, element] of members) {
    if (value[name] !== undefined) element.write(value[name], into, context);
  }
}

/** The columns of several elements, each once. */
export function usesOf(elements: readonly AnyElement[]): Pick<AnyElement, 'columns' | 'children'> {
  const children: Record<string, AnyElement['columns']> = {};
  for (const element of elements)
    for (const [child, columns] of Object.entries(element.children ?? {}))
      children[child] = unique([...(children[child] ?? []), ...columns]);
  return { columns: unique(elements.flatMap((element) => element.columns)), children };
}

/** Each column once; one that any element reads is read. */
function unique(columns: AnyElement['columns']): AnyElement['columns'] {
  const byName = new Map<string, AnyElement['columns'][number]>();
  for (const each of columns)
    if (byName.get(each.name)?.searchOnly !== undefined || !byName.has(each.name)) byName.set(each.name, each);
  return [...byName.values()];
}

/** A repeating element of which the row holds the first; the engine keeps the others. */
export function first<T, C extends string, E extends Element<T, C>>(
  element: E & Element<T, C>,
): Omit<E, 'reader' | 'write'> & Element<T[], C> {
  return {
    ...element,
    reader: (at: Places) => {
      const read = element.reader(at);
      return (row: Values, context: Context) => {
        const value = read(row, context);
        return value === undefined ? undefined : [value];
      };
    },
    write: (value: T[], into: DraftRow, context: Context) => {
      if (value[0] !== undefined && value[0] !== null) element.write(value[0], into, context);
    },
  };
}

/**
 * A repeating element in a child table, one row an item.
 * `copy` copies columns of the first item into the parent row: what a list of patients is sorted by.
 */
export function list<const N extends string, T, C extends string, P extends string = never>(
  child: N,
  item: Element<T, C>,
  copy: Partial<Record<C, P>> = {},
): Element<T[], `${N}.${C}` | P> {
  const copies = Object.entries<string | undefined>(copy).filter((each) => each[1] !== undefined) as [C, P][];
  return {
    columns: copies.map(([, to]) => searchColumn(to, '')),
    children: { [child]: item.columns },
    reader: (at) => {
      const { index, places } = at.child(child);
      const read = item.reader(places);
      return (row, context) => {
        const rows = row[index] as readonly Values[];
        if (rows.length === 0) return undefined;
        const items: T[] = [];
        for (const each of rows) {
          const value = read(each, context);
          if (value !== undefined) items.push(value);
        }
        return items.length > 0 ? items : undefined;
      };
    },
    write: (value, into, context) => {
      const rows = value.map((each) => {
        const row = blank(item.columns);
        item.write(each, row, context);
        return row;
      });
      into[child] = rows;
      for (const [from, to] of copies) into[to] = (rows[0]?.[from] as Scalar | undefined) ?? '';
    },
  };
}

/** An element of its own table, at most one row: a value that is rare and wide. */
export function only<const N extends string, T, C extends string>(
  child: N,
  element: Element<T, C>,
): Element<T, `${N}.${C}`> {
  const items = list(child, element);
  return {
    ...items,
    reader: (at) => {
      const read = items.reader(at);
      return (row, context) => read(row, context)?.[0];
    },
    write: (value, into, context) => items.write([value], into, context),
  };
}

/** A new row: every column as it is when its element is absent. */
export function blank(columns: AnyElement['columns']): DraftRow {
  const row: DraftRow = {};
  for (const each of columns) row[each.name] = each.absent;
  return row;
}

/** Elements that share columns: `name` tells which of them the row holds. */
export function when<T, C extends string, N extends string, E extends Element<T, C>>(
  name: N,
  value: string,
  element: E & Element<T, C>,
): Omit<E, 'reader' | 'write'> & Element<T, C | N> {
  return {
    ...element,
    columns: [column(name), ...element.columns],
    reader: (at: Places) => {
      const index = at.column(name);
      const read = element.reader(at);
      return (row: Values, context: Context) => (row[index] === value ? read(row, context) : undefined);
    },
    write: (written: T, into: DraftRow, context: Context) => {
      into[name] = value;
      element.write(written, into, context);
    },
  };
}
