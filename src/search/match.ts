import type { CompositeParam, KeptParam, LeafParam, SearchParam } from '../define/params.js';
import { asOverflow } from './overflow-params.js';
import type { RegisteredResource } from '../registry.js';
import type { Dialect } from './dialect.js';
import { all, any, FALSE, sql, type Fragment, type Slot } from './fragment.js';
import { kindOf } from './kinds/index.js';
import { NEVER, type Slotted } from './kinds/kind.js';

/** Where a parameter is looked for. */
export interface Place {
  readonly resource: RegisteredResource;
  /** The alias of the resource's own row. */
  readonly alias: string;
  readonly tenant: Slot;
  readonly dialect: Dialect;
  /** Whether something else already bounds the rows: then children are probed row by row, else they lead. */
  readonly bounded: boolean;
}

/** The row matches by its columns. */
export const matches = (param: SearchParam, operand: Slotted, place: Place): Fragment =>
  holds(param, place, (leaf, alias) => matchesHere(leaf, operand, alias, place.dialect));

/** A test holds of the columns that answer a parameter, in the row itself or in one of a child's. */
export function holds(
  param: SearchParam,
  place: Place,
  test: (leaf: LeafParam | CompositeParam, alias: string) => Fragment,
): Fragment {
  switch (param.kind) {
    case 'either':
      return any(param.params.map((each) => holds(each, place, test)));
    case 'within':
      return inChild(place, param.child, (alias) => test(param.param, alias));
    case 'kept':
      return FALSE;
    default:
      return test(param, place.alias);
  }
}

/** The row has the element in its columns. */
export const present = (param: SearchParam, place: Place): Fragment =>
  holds(param, { ...place, bounded: true }, presentHere);

/** The row matches by a value that its columns could not hold. `name` is the parameter under which it was indexed. */
export function matchesOverflow(
  name: string,
  param: LeafParam | CompositeParam | { readonly kind: 'kept'; readonly as: KeptParam['as'] },
  operand: Slotted | undefined,
  place: Place,
): Fragment {
  const found = operand ? [matchesHere(asOverflow(param), operand, 'o', place.dialect)] : [];
  return sql`exists (select 1 from overflow as o where ${all([
    sql`o.id = ${sql.column(place.alias, place.resource.source.id)}`,
    ...inOverflow(name, place),
    ...found,
  ])})`;
}

/** The part of the overflow index that belongs to a parameter. */
export const inOverflow = (name: string, { tenant, resource }: Place): Fragment[] => [
  sql`o.organization_id = ${tenant}`,
  sql`o.type = ${sql.literal(resource.type)}`,
  sql`o.param = ${sql.literal(name)}`,
];

export function matchesHere(
  param: LeafParam | CompositeParam,
  operand: Slotted,
  alias: string,
  dialect: Dialect,
): Fragment {
  if (operand.shape === NEVER.shape) return FALSE;
  if (param.kind !== 'composite') return kindOf(param).match(param, alias, operand, dialect);
  const [first, second] = operand.parts as readonly [Slotted, Slotted];
  return all([matchesHere(param.parts[0], first, alias, dialect), matchesHere(param.parts[1], second, alias, dialect)]);
}

function presentHere(param: LeafParam | CompositeParam, alias: string): Fragment {
  if (param.kind !== 'composite') return kindOf(param).present(param, alias);
  return all(param.parts.map((part) => presentHere(part, alias)));
}

function inChild(place: Place, name: string, condition: (alias: string) => Fragment): Fragment {
  const child = place.resource.children[name];
  if (!child) throw new Error(`${place.resource.type} has no child ${name}`);
  const { source } = place.resource;
  const id = sql.column(place.alias, source.id);
  const parent = sql.column('c', child.parent);
  const table = sql.identifier(child.table);
  const ofTenant = source.tenant === 'single' ? [] : [sql`${sql.column('c', source.tenant)} = ${place.tenant}`];
  if (place.bounded)
    return sql`exists (select 1 from ${table} as c where ${all([...ofTenant, sql`${parent} = ${id}`, condition('c')])})`;
  return sql`${id} in (select ${parent} from ${table} as c where ${all([...ofTenant, condition('c')])})`;
}
