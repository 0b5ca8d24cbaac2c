import { leafOf } from '../define/params.js';
import type { Criterion, Hop, Narrowing, Operand, Test } from '../define/request.js';
import { nativeOfAll, paramOf, type RegisteredResource, type Registry } from '../registry.js';
import { all, any, FALSE, not, sql, type Fragment, type Slot } from './fragment.js';
import { reached, tableOf, type Overflows } from './hop.js';
import type { Slotted } from './kinds/kind.js';
import { inOverflow, matches, matchesHere, matchesOverflow, present, type Place } from './match.js';
import { asOverflow } from './overflow-params.js';
import { identifierParam } from './parse.js';
import { PATIENT, TENANT, type Slots } from './slots.js';

/** What conditions are made with, beside the request. */
export interface ConditionOptions {
  readonly registry: Pick<Registry, 'get'>;
  readonly overflows: Overflows;
  /** Whether a narrowing has nothing at all of a type. */
  readonly closed: (resource: RegisteredResource, narrowing: Narrowing) => boolean;
}

export interface Condition {
  /** By columns or overflow. */
  readonly full: Fragment;
  /** By columns alone; absent where a negation makes the two inseparable. */
  readonly columns?: Fragment;
  /** By a row `o` of the overflow index alone. */
  readonly overflowing?: readonly Fragment[];
}

export function conditionOf(criterion: Criterion, slots: Slots, place: Place, options: ConditionOptions): Condition {
  if ('via' in criterion) return { full: through(criterion, slots, place, options) };
  if (isMembership(criterion)) return { full: listed(criterion, slots, place, options) };
  if ('oneOf' in criterion)
    return { full: any(criterion.oneOf.map((each) => conditionOf(each, slots, place, options).full)) };
  return tested(criterion, slots.operands(criterion), place, options);
}

/** Whether one of several references names somebody, as those of a compartment do. */
export function isMembership(criterion: Criterion): criterion is { readonly oneOf: readonly Test[] } {
  if (!('oneOf' in criterion)) return false;
  return criterion.oneOf.every((each) => 'any' in each && each.modifier === undefined && each.any.every(isEqual));
}

const isEqual = ({ shape }: Operand): boolean => shape === 'eq' || shape === 'code';

/** The rows that any of them finds, each by its own index: one condition with all of them would be served by none. */
function listed(
  { oneOf }: { readonly oneOf: readonly Test[] },
  slots: Slots,
  place: Place,
  options: ConditionOptions,
): Fragment {
  const { source } = place.resource;
  const there: Place = { ...place, alias: `${place.alias}m`, bounded: false };
  const ofTenant = source.tenant === 'single' ? [] : [sql`${sql.column(there.alias, source.tenant)} = ${place.tenant}`];
  const from = sql`select ${sql.column(there.alias, source.id)} from ${tableOf(place.resource)} as ${sql.identifier(there.alias)}`;
  const selects = oneOf.flatMap((test) => {
    const { full, columns = full, overflowing } = tested(test, slots.operands(test), there, options);
    return [
      ...(columns === FALSE ? [] : [sql`${from} where ${all([...ofTenant, columns])}`]),
      ...(overflowing ? [sql`select o.id from overflow as o where ${all(overflowing)}`] : []),
    ];
  });
  // PostgreSQL takes no empty list.
  if (selects.length === 0) return FALSE;
  return sql`${sql.column(place.alias, source.id)} in (${sql.join(selects, ' union ')})`;
}

function tested(test: Test, operands: readonly Slotted[], place: Place, options: ConditionOptions): Condition {
  const { param: name, modifier } = test;
  const { param } = paramOf(place.resource, name);
  const leaf = leafOf(param);
  if (modifier === 'identifier') {
    if (place.resource.source.extra === undefined) return { full: FALSE };
    const index = `${name}:identifier`;
    return { full: any(operands.map((each) => matchesOverflow(index, identifierParam, each, place))) };
  }
  const overflow = leaf.kind === 'kept' || options.overflows(place.resource.type, name);
  if (modifier === 'missing') {
    const identified = leaf.kind === 'reference' && options.overflows(place.resource.type, `${name}:identifier`);
    const there = any([
      present(param, place),
      ...(overflow ? [matchesOverflow(name, leaf, undefined, place)] : []),
      ...(identified ? [matchesOverflow(`${name}:identifier`, identifierParam, undefined, place)] : []),
    ]);
    return { full: operands[0]?.shape === 'true' ? not(there) : there };
  }
  const columns = any(operands.map((each) => matches(param, each, place)));
  const full = overflow ? any([columns, ...operands.map((each) => matchesOverflow(name, leaf, each, place))]) : columns;
  if (modifier === 'not') return { full: not(full) };
  if (!overflow) return { full, columns };
  const found = any(operands.map((each) => matchesHere(asOverflow(leaf), each, 'o', place.dialect)));
  return { full, columns, overflowing: [...inOverflow(name, place), found] };
}

/** The other row is narrowed like one that is searched for: its tenant, its patient, what the scopes open of its type. */
function through(hop: Hop, slots: Slots, place: Place, options: ConditionOptions): Fragment {
  const resource = options.registry.get(hop.type);
  if (!resource) throw new Error(`${hop.type} is not served`);
  const there: Place = { ...place, resource, alias: `${place.alias}x`, bounded: true };
  // Both are made whatever follows, so that every value has its place.
  const limits = limitsOf(there, hop.narrowing, slots, options);
  const condition = conditionOf(hop.criterion, slots, there, options);
  if (options.closed(resource, hop.narrowing)) return FALSE;
  return reached(hop, place, there, all([...limits, condition.full]), options.overflows);
}

/** What every row must meet whatever is asked: its tenant, its patient, not deleted, and what the scopes open. */
export function limitsOf(place: Place, narrowing: Narrowing, slots: Slots, options: ConditionOptions): Fragment[] {
  const { resource, alias } = place;
  const alternatives = narrowing.where.map(({ native, search }) =>
    all([
      ...(native === undefined ? [] : [ofNative(resource, alias, slots.next())]),
      ...(search?.criteria ?? []).map((one) => conditionOf(one, slots, place, options).full),
    ]),
  );
  return [...narrowed(resource, alias, narrowing), ...(alternatives.length > 0 ? [any(alternatives)] : [])];
}

function narrowed({ source, patient }: RegisteredResource, alias: string, narrowing: Narrowing): Fragment[] {
  const parts: Fragment[] = [];
  if (source.tenant !== 'single') parts.push(sql`${sql.column(alias, source.tenant)} = ${TENANT}`);
  if (source.deleted !== undefined) parts.push(sql`${sql.column(alias, source.deleted)} is null`);
  if (narrowing.patient !== undefined && patient !== 'shared')
    parts.push(
      patient === 'none' || source.patient === undefined
        ? FALSE
        : sql`${sql.column(alias, source.patient)} = ${PATIENT}`,
    );
  return parts;
}

/**
 * Rows that come from one resource of the native system: by their column, or as the declaration says of all of them. The
 * statement is kept for other scopes too, so that which one it is must stay a value of it.
 */
function ofNative(resource: RegisteredResource, alias: string, slot: Slot): Fragment {
  const { native } = resource.source;
  const said = native === undefined ? sql.literal(nativeOfAll(resource)) : sql.column(alias, native);
  return sql`${said} = ${slot}`;
}

/** Whether a criterion leaves few enough rows that children can be probed row by row. */
export function bounds(resource: RegisteredResource, criterion: Criterion): boolean {
  if ('via' in criterion) return false;
  if ('oneOf' in criterion) return criterion.oneOf.every((each) => bounds(resource, each));
  const declared = resource.params.get(criterion.param);
  if (criterion.modifier !== undefined || declared === undefined) return false;
  return criterion.param === '_id' || declared.param.kind === 'reference';
}
