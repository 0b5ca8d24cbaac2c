import type { SearchRequest } from '../define/request.js';
import { paramOf, type RegisteredResource } from '../registry.js';
import { all, sql, type Fragment } from './fragment.js';
import { tableOf } from './hop.js';
import type { Place } from './match.js';
import { beyond, ordered, orderOf, type Order } from './order.js';
import { LIMIT, type Aim, type Slots } from './slots.js';

/**
 * The first rows of each group: the last so many observations of each code. The database ranks the rows that match
 * within their group, and a page is one of the ranked rows: group by group, each in the default order.
 */
export function firstOfEach(
  { resource }: Place,
  { first, sort }: SearchRequest,
  aim: Aim,
  conditions: readonly Fragment[],
  slots: Slots,
): Fragment {
  const { of, most } = first as NonNullable<SearchRequest['first']>;
  const groups = groupsOf(resource, of);
  const within = orderOf(resource, sort, undefined);
  const key = (index: number): Fragment => sql.identifier(`s${String(index)}`);
  const keys = [...groups, ...within.filter(({ isId }) => !isId).map(({ column }) => column)];
  const { source } = resource;
  const version = source.version ?? source.updated;
  const columns = sql.join([
    sql`${sql.column('t', source.id)} as id`,
    version === undefined ? sql`0 as version` : sql`${sql.column('t', version)} as version`,
    ...keys.map((column, index) => sql`${column} as ${key(index)}`),
    sql`row_number() over (partition by ${sql.join(groups)} order by ${ordered(within, ({ column }) => column)}) as place`,
  ]);
  const ranked = sql`select ${columns} from ${tableOf(resource)} as t where ${all(conditions)}`;
  const kept = sql`place <= ${sql.literal(most)}`;
  if (aim.kind === 'total') return sql`select count(*) from (${ranked}) as ranked where ${kept}`;
  const position = aim.kind === 'page' ? aim.position : undefined;
  const back = position?.direction === 'before';
  const order: Order[] = [
    ...groups.map((_, index) => ({ column: key(index), descending: back, nullable: true, isId: false })),
    ...within.map((each, index) => ({
      ...each,
      column: each.isId ? sql.identifier('id') : key(groups.length + index),
      descending: each.descending !== back,
    })),
  ];
  const found = position?.row ? [kept, beyond(order, position.row, slots)] : [kept];
  const shown = sql.join([sql.identifier('id'), sql.identifier('version'), ...keys.map((_, index) => key(index))]);
  const page = sql`order by ${ordered(order, ({ column }) => column)} limit cast(${LIMIT} as integer)`;
  return sql`select ${shown} from (${ranked}) as ranked where ${all(found)} ${page}`;
}

/** What has no code is grouped by the words for it. */
function groupsOf(resource: RegisteredResource, name: string): Fragment[] {
  const { param } = paramOf(resource, name);
  if (param.kind !== 'token') throw new Error(`${resource.type} cannot be grouped by ${name}`);
  const { system, code, text } = param.columns;
  const column = (each: string): Fragment => sql.column('t', each);
  const words = text?.[0];
  return [
    ...(system === undefined ? [] : [column(system)]),
    column(code),
    ...(words === undefined ? [] : [sql`case when ${column(code)} is null then ${column(words)} end`]),
  ];
}
