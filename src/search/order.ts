import type { Position, SortKey } from '../define/request.js';
import { sortColumn, type RegisteredResource } from '../registry.js';
import { all, any, FALSE, sql, type Fragment, type Slot } from './fragment.js';

/** One key of the order of a page. NULL comes before every value, on both databases. */
export interface Order {
  readonly column: Fragment;
  readonly descending: boolean;
  readonly nullable: boolean;
  readonly isId: boolean;
}

/** The sort keys, ending in the id; reversed when a page is read backwards. */
export function orderOf(
  resource: RegisteredResource,
  sort: readonly SortKey[],
  position: Position | undefined,
): Order[] {
  const { source, filledColumns } = resource;
  const back = position?.direction === 'before';
  const unique = sort.findIndex((key) => key.param === '_id');
  // Nothing is left to order after the id.
  const keys = unique < 0 ? sort : sort.slice(0, unique);
  const order = keys.map(({ param, descending }) => {
    const name = sortColumn(resource, param) as string;
    const nullable = name !== source.updated && !filledColumns.has(name);
    return { column: sql.column('t', name), descending: descending !== back, nullable, isId: false };
  });
  const descending = (sort[unique] ?? keys.at(-1))?.descending ?? false;
  const id = { column: sql.column('t', source.id), descending: descending !== back, nullable: false, isId: true };
  return [...order, id];
}

/** The keys as `order by` takes them. */
export const ordered = (order: readonly Order[], name: (each: Order, index: number) => Fragment): Fragment =>
  sql.join(
    order.map((each, index) => {
      const nulls = each.nullable ? sql.keyword(each.descending ? ' nulls last' : ' nulls first') : sql``;
      return sql`${name(each, index)} ${sql.keyword(each.descending ? 'desc' : 'asc')}${nulls}`;
    }),
  );

/** What comes after a row. One direction throughout is a row value, which an index serves. */
export function beyond(
  order: readonly Order[],
  { keys }: NonNullable<Position['row']>,
  slots: { next(): Slot },
): Fragment {
  const values = order.map(() => slots.next());
  const [first] = order as [Order];
  if (order.every((each) => each.descending === first.descending && !each.nullable)) {
    const columns = sql.join(order.map((each) => each.column));
    return sql`(${columns}) ${sign(first)} (${sql.join(values.map((value) => sql`${value}`))})`;
  }
  const isNull = (index: number): boolean => keys[index] === null;
  return any(
    order.map((each, index) =>
      all([
        ...order.slice(0, index).map((before, at) => same(before, isNull(at), values[at] as Slot)),
        after(each, isNull(index), values[index] as Slot),
      ]),
    ),
  );
}

const sign = ({ descending }: Order): Fragment => sql.keyword(descending ? '<' : '>');

const same = ({ column }: Order, isNull: boolean, value: Slot): Fragment =>
  isNull ? sql`${column} is null` : sql`${column} = ${value}`;

function after(each: Order, isNull: boolean, value: Slot): Fragment {
  const { column, descending, nullable } = each;
  if (isNull) return descending ? FALSE : sql`${column} is not null`;
  const further = sql`${column} ${sign(each)} ${value}`;
  return descending && nullable ? sql`(${further} or ${column} is null)` : further;
}
