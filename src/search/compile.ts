import type { Knex } from 'knex';
import type { Criterion, Narrowing, SearchRequest } from '../define/request.js';
import type { RegisteredResource } from '../registry.js';
import { bounds, isMembership, conditionOf, limitsOf, type Condition, type ConditionOptions } from './condition.js';
import type { Dialect } from './dialect.js';
import { all, sql, TRUE, type Binding, type Fragment } from './fragment.js';
import { tableOf } from './hop.js';
import type { Place } from './match.js';
import { firstOfEach } from './first.js';
import { beyond, ordered, orderOf, type Order } from './order.js';
import { LIMIT, Slots, TENANT, type Aim } from './slots.js';

/** A statement in the driver's own notation; its slots are filled from the values of a request. */
export interface Compiled {
  readonly sql: string;
  readonly bindings: readonly Binding[];
}

export interface CompileOptions extends ConditionOptions {
  readonly dialect: Dialect;
  readonly knex: Knex;
}

export function compile(
  resource: RegisteredResource,
  request: SearchRequest,
  narrowing: Narrowing,
  aim: Aim,
  options: CompileOptions,
): Compiled {
  const slots = new Slots();
  const place: Place = {
    resource,
    alias: 't',
    tenant: TENANT,
    dialect: options.dialect,
    bounded: narrowing.patient !== undefined || request.criteria.some((each) => bounds(resource, each)),
  };
  const listed = request.criteria.some(isList);
  const conditions = request.criteria.map((each) => conditionOf(each, slots, place, options));
  const limits = limitsOf(place, narrowing, slots, options);
  if (request.first) {
    const found = conditions.map((each) => each.full);
    return native(firstOfEach(place, request, aim, [...limits, ...found], slots), options.knex);
  }
  const order = orderOf(resource, request.sort, aim.kind === 'page' ? aim.position : undefined);
  if (aim.kind === 'page' && aim.position?.row) limits.push(beyond(order, aim.position.row, slots));
  const by: Sorting = { order, sorted: listed ? options.dialect.sorted : (column) => column };
  const lead = leadOf(place, request, narrowing, conditions);
  const others = conditions.filter((each) => each !== lead).map((each) => each.full);
  const branches = lead
    ? [
        select(place, by, aim, [...limits, lead.columns as Fragment, ...others]),
        select(place, by, aim, [...(lead.overflowing ?? []), ...limits, ...others], true),
      ]
    : [select(place, by, aim, [...limits, ...others])];
  return native(combine(branches, by, aim), options.knex);
}

/**
 * The condition that is asked for in two ways, by columns and by the overflow index: an index serves each, and neither
 * serves both at once. None is needed where another condition leaves few rows.
 */
function leadOf(
  { resource }: Place,
  { criteria }: SearchRequest,
  { patient }: Narrowing,
  conditions: readonly Condition[],
): Condition | undefined {
  if (patient !== undefined) return undefined;
  const both = conditions.filter((each) => each.overflowing && each.columns);
  const bounding = conditions.filter((_, index) => bounds(resource, criteria[index] as Criterion));
  if (bounding.some((each) => !both.includes(each))) return undefined;
  return bounding[0] ?? both[0];
}

/** The keys of a page, and how they are written where rows are read. */
interface Sorting {
  readonly order: readonly Order[];
  readonly sorted: (column: Fragment) => Fragment;
}

/** A list of ids or references leads to few rows: reading in order would be reading all others too. */
const isList = (criterion: Criterion): boolean =>
  isMembership(criterion) || ('any' in criterion && criterion.any.some(({ shape }) => shape === 'among'));

function select(
  { resource, dialect }: Place,
  { order, sorted }: Sorting,
  aim: Aim,
  conditions: readonly Fragment[],
  overflow = false,
): Fragment {
  const { source } = resource;
  const version = source.version ?? source.updated;
  const keys = order
    .filter((each) => !each.isId)
    .map((each, index) => sql`${each.column} as ${sql.identifier(`s${String(index)}`)}`);
  const columns = sql.join([
    sql`${sql.column('t', source.id)} as id`,
    version === undefined ? sql`0 as version` : sql`${sql.column('t', version)} as version`,
    ...(aim.kind === 'page' ? keys : []),
  ]);
  const table = tableOf(resource);
  // CROSS JOIN is how SQLite is told to keep this order.
  const join = dialect.name === 'sqlite' ? sql`cross join` : sql`join`;
  const from = overflow
    ? sql`overflow as o ${join} ${table} as t on ${sql.column('t', source.id)} = o.id`
    : sql`${table} as t`;
  const found = all(conditions.length > 0 ? conditions : [TRUE]);
  return sql`select ${columns} from ${from} where ${found}${paged(order, aim, (each) => sorted(each.column))}`;
}

function paged(order: readonly Order[], aim: Aim, name: (each: Order, index: number) => Fragment): Fragment {
  if (aim.kind !== 'page' && aim.kind !== 'some') return sql``;
  // SQLite prepares a statement anew for every value of a bare `limit ?`.
  const limit = sql` limit cast(${LIMIT} as integer)`;
  return aim.kind === 'some' ? limit : sql` order by ${ordered(order, name)}${limit}`;
}

function combine(branches: readonly Fragment[], { order }: Sorting, aim: Aim): Fragment {
  const [first, second] = branches as [Fragment, Fragment | undefined];
  const whole = second ? sql`select * from (${first}) as a union select * from (${second}) as b` : first;
  if (aim.kind === 'total') return sql`select count(*) from (${whole}) as found`;
  if (!second) return first;
  return sql`${whole}${paged(order, aim, (each, index) => sql.identifier(each.isId ? 'id' : `s${String(index)}`))}`;
}

/** In the driver's notation. A source that is a join is built here, by the declaration, with this knex. */
export function native({ text, bindings }: Fragment, knex: Knex): Compiled {
  const built = bindings.map((each) =>
    typeof each === 'function' ? (each as (db: Knex) => Knex.QueryBuilder)(knex) : each,
  );
  const compiled = knex
    .raw(text, built as Knex.RawBinding[])
    .toSQL()
    .toNative();
  return { sql: compiled.sql, bindings: compiled.bindings as Binding[] };
}
