import type { Knex } from 'knex';
import { leafOf } from '../define/params.js';
import type { Criterion, Narrowing, SearchRequest, Value } from '../define/request.js';
import { nativeOfAll, paramOf, type RegisteredResource } from '../registry.js';
import type { Dialect } from './dialect.js';
import type { Slot } from './fragment.js';
import { all, any, FALSE, not, sql, TRUE, type Binding, type Fragment } from './fragment.js';
import type { Slotted } from './kinds/kind.js';
import { inOverflow, matches, matchesHere, matchesOverflow, present, type Place } from './match.js';
import { beyond, ordered, orderOf, type Order } from './order.js';
import { asOverflow } from './overflow-params.js';
import { identifierParam } from './parse.js';
import { LIMIT, PATIENT, Slots, TENANT, type Aim } from './slots.js';

/** A statement in the driver's own notation; its slots are filled from the values of a request. */
export interface Compiled {
  readonly sql: string;
  readonly bindings: readonly Binding[];
}

export interface CompileOptions {
  readonly dialect: Dialect;
  readonly knex: Knex;
  /** Whether a parameter of the type has values in the overflow index. */
  readonly overflows: (type: string, param: string) => boolean;
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
  const conditions = request.criteria.map((each) => condition(each, slots.operands(each), place, options));
  const alternatives = narrowing.where.map(({ native, search }) =>
    all([
      ...(native === undefined ? [] : [ofNative(resource, slots.next())]),
      ...(search?.criteria ?? []).map((one) => condition(one, slots.operands(one), place, options).full),
    ]),
  );
  const limits = [...narrowed(resource, narrowing), ...(alternatives.length > 0 ? [any(alternatives)] : [])];
  const order = orderOf(resource, request.sort, aim.kind === 'page' ? aim.position : undefined);
  if (aim.kind === 'page' && aim.position?.row) limits.push(beyond(order, aim.position.row, slots));
  const lead = place.bounded ? undefined : conditions.find((each) => each.overflow && each.columns);
  const branches = lead
    ? [
        select(place, order, aim, [...limits, lead.columns as Fragment, ...rest(conditions, lead)]),
        lead.leading(order, aim, [...limits, ...rest(conditions, lead)]),
      ]
    : [select(place, order, aim, [...limits, ...conditions.map((each) => each.full)])];
  return native(combine(branches, order, aim), options.knex);
}

/** What every row must meet whatever is asked: its tenant, its patient, not deleted. */
function narrowed({ source, patient }: RegisteredResource, narrowing: Narrowing): Fragment[] {
  const parts: Fragment[] = [];
  if (source.tenant !== 'single') parts.push(sql`${sql.column('t', source.tenant)} = ${TENANT}`);
  if (source.deleted !== undefined) parts.push(sql`${sql.column('t', source.deleted)} is null`);
  if (narrowing.patient !== undefined && patient !== 'shared')
    parts.push(
      patient === 'none' || source.patient === undefined ? FALSE : sql`${sql.column('t', source.patient)} = ${PATIENT}`,
    );
  return parts;
}

/**
 * Rows that come from one resource of the native system: by their column, or as the declaration says of all of them. The
 * statement is kept for other scopes too, so that which one it is must stay a value of it.
 */
function ofNative(resource: RegisteredResource, slot: Slot): Fragment {
  const { native } = resource.source;
  const said = native === undefined ? sql.literal(nativeOfAll(resource)) : sql.column('t', native);
  return sql`${said} = ${slot}`;
}

/** Whether a criterion leaves few enough rows that children can be probed row by row. */
function bounds(resource: RegisteredResource, { param, modifier }: Criterion): boolean {
  const declared = resource.params.get(param);
  if (modifier !== undefined || declared === undefined) return false;
  return param === '_id' || declared.param.kind === 'reference';
}

interface Condition {
  /** By columns or overflow. */
  readonly full: Fragment;
  /** By columns alone; absent where a negation makes the two inseparable. */
  readonly columns?: Fragment;
  readonly overflow: boolean;
  /** The same search led by the overflow index. */
  leading(order: readonly Order[], aim: Aim, others: readonly Fragment[]): Fragment;
}

function condition(
  criterion: Criterion,
  operands: readonly Slotted[],
  place: Place,
  options: CompileOptions,
): Condition {
  const { param: name, modifier } = criterion;
  const { param } = paramOf(place.resource, name);
  const leaf = leafOf(param);
  const whole = (full: Fragment): Condition => ({ full, overflow: false, leading: () => FALSE });
  if (modifier === 'identifier') {
    if (place.resource.source.extra === undefined) return whole(FALSE);
    const index = `${name}:identifier`;
    return whole(any(operands.map((each) => matchesOverflow(index, identifierParam, each, place))));
  }
  const overflow = leaf.kind === 'kept' || options.overflows(place.resource.type, name);
  if (modifier === 'missing') {
    const identified = leaf.kind === 'reference' && options.overflows(place.resource.type, `${name}:identifier`);
    const there = any([
      present(param, place),
      ...(overflow ? [matchesOverflow(name, leaf, undefined, place)] : []),
      ...(identified ? [matchesOverflow(`${name}:identifier`, identifierParam, undefined, place)] : []),
    ]);
    return whole(operands[0]?.shape === 'true' ? not(there) : there);
  }
  const columns = any(operands.map((each) => matches(param, each, place)));
  const full = overflow ? any([columns, ...operands.map((each) => matchesOverflow(name, leaf, each, place))]) : columns;
  if (modifier === 'not') return whole(not(full));
  return {
    full,
    columns,
    overflow,
    leading: (order, aim, others) => {
      const found = any(operands.map((each) => matchesHere(asOverflow(leaf), each, 'o', place.dialect)));
      return select(place, order, aim, [...inOverflow(name, place), found, ...others], true);
    },
  };
}

const rest = (conditions: readonly Condition[], lead: Condition): Fragment[] =>
  conditions.filter((each) => each !== lead).map((each) => each.full);

function select(
  { resource, dialect }: Place,
  order: readonly Order[],
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
  const table: Fragment =
    typeof source.from === 'string'
      ? sql.identifier(source.from)
      : { text: '(?)', bindings: [source.from as unknown as Value] };
  // CROSS JOIN is how SQLite is told to keep this order.
  const join = dialect.name === 'sqlite' ? sql`cross join` : sql`join`;
  const from = overflow
    ? sql`overflow as o ${join} ${table} as t on ${sql.column('t', source.id)} = o.id`
    : sql`${table} as t`;
  const found = all(conditions.length > 0 ? conditions : [TRUE]);
  return sql`select ${columns} from ${from} where ${found}${paged(order, aim, (each) => each.column)}`;
}

function paged(order: readonly Order[], aim: Aim, name: (each: Order, index: number) => Fragment): Fragment {
  if (aim.kind !== 'page') return sql``;
  // SQLite prepares a statement anew for every value of a bare `limit ?`.
  return sql` order by ${ordered(order, name)} limit cast(${LIMIT} as integer)`;
}

function combine(branches: readonly Fragment[], order: readonly Order[], aim: Aim): Fragment {
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
