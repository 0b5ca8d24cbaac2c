import { leafOf, type ReferenceParam, type SearchParam } from '../define/params.js';
import type { Hop, Value } from '../define/request.js';
import { paramOf, type RegisteredResource } from '../registry.js';
import { all, any, FALSE, sql, type Fragment } from './fragment.js';
import { holds, inOverflow, type Place } from './match.js';

/** Whether a parameter of a type has values in the overflow index. */
export type Overflows = (type: string, param: string) => boolean;

/**
 * Whether one table's rows can be found by what another's refer to: both in one database, and the reference written
 * with the id that the row has.
 */
export function joins(holder: RegisteredResource, via: string, target: RegisteredResource): boolean {
  if (holder.source.own !== target.source.own) return false;
  return referencesOf(holder.params.get(via)?.param).some((each) => refersTo(each, target));
}

/** A column of ids implies the type; literals and pairs hold FHIR ids, which a codec would have to translate. */
const refersTo = ({ columns, to }: ReferenceParam, { type, source }: RegisteredResource): boolean =>
  'id' in columns ? to?.[0] === type : source.idCodec === undefined;

const literal: ReferenceParam = { kind: 'reference', columns: { literal: 'reference' } };

function referencesOf(param: SearchParam | undefined): ReferenceParam[] {
  if (param?.kind === 'either') return param.params.flatMap((each) => referencesOf(each));
  const leaf = param && leafOf(param);
  if (leaf?.kind === 'kept' && leaf.as === 'reference') return [literal];
  return leaf?.kind === 'reference' ? [leaf] : [];
}

/** Whether the row of `here` has a row of `there` at the other end of a reference that meets a condition. */
export const reached = (hop: Hop, here: Place, there: Place, condition: Fragment, overflows: Overflows): Fragment =>
  hop.holder === 'here'
    ? referring(hop.via, here, there, condition, overflows)
    : referredTo(hop.via, here, there, condition, overflows);

function referring(via: string, here: Place, there: Place, condition: Fragment, overflows: Overflows): Fragment {
  const { type, source } = there.resource;
  const { param } = paramOf(here.resource, via);
  const id = sql.column(there.alias, source.id);
  const rows = sql`from ${tableOf(there.resource)} as ${sql.identifier(there.alias)} where`;
  const names = (reference: ReferenceParam, alias: string): Fragment => {
    if (!refersTo(reference, there.resource)) return FALSE;
    const column = columnOf(reference, alias);
    if ('pair' in reference.columns) {
      const ofType = sql`${sql.column(alias, reference.columns.pair[0])} = ${sql.literal(type)}`;
      return sql`(${ofType} and exists (select 1 ${rows} ${id} = ${column} and ${condition}))`;
    }
    if ('id' in reference.columns) return sql`exists (select 1 ${rows} ${id} = ${column} and ${condition})`;
    // The first finds the row by its key, the second sees that it is one of this type.
    const found = sql`${id} = substr(${column}, ${sql.literal(type.length + 2)})`;
    return sql`exists (select 1 ${rows} ${found} and ${column} = ${written(type, id)} and ${condition})`;
  };
  const test = (leaf: { readonly kind: string }, alias: string): Fragment =>
    leaf.kind === 'reference' ? names(leaf as ReferenceParam, alias) : FALSE;
  const found = holds(param, { ...here, bounded: true }, test);
  if (leafOf(param).kind !== 'kept' && !overflows(here.resource.type, via)) return found;
  const own = sql`o.id = ${sql.column(here.alias, here.resource.source.id)}`;
  const kept = all([own, ...inOverflow(via, here), names(literal, 'o')]);
  return any([found, sql`exists (select 1 from overflow as o where ${kept})`]);
}

function referredTo(via: string, here: Place, there: Place, condition: Fragment, overflows: Overflows): Fragment {
  const { type, source } = here.resource;
  const id = sql.column(here.alias, source.id);
  const holders = holdersOf(via, there, overflows).filter(({ reference }) => refersTo(reference, here.resource));
  return any(
    holders.map(({ from, on, reference, alias }) => {
      const named = 'literal' in reference.columns ? written(type, id) : id;
      const ofType =
        'pair' in reference.columns
          ? [sql`${sql.column(alias, reference.columns.pair[0])} = ${sql.literal(type)}`]
          : [];
      const met = all([...ofType, sql`${columnOf(reference, alias)} = ${named}`, ...on, condition]);
      return sql`exists (select 1 from ${from} where ${met})`;
    }),
  );
}

/** Where rows keep the references of a parameter: in a column, in a child's, or in the overflow index. */
interface Holder {
  readonly from: Fragment;
  readonly on: readonly Fragment[];
  readonly reference: ReferenceParam;
  readonly alias: string;
}

function holdersOf(via: string, there: Place, overflows: Overflows): Holder[] {
  const { resource, alias, tenant } = there;
  const { param } = paramOf(resource, via);
  const id = sql.column(alias, resource.source.id);
  const rows = sql`${tableOf(resource)} as ${sql.identifier(alias)}`;
  const holders = (each: SearchParam): Holder[] => {
    if (each.kind === 'either') return each.params.flatMap(holders);
    if (each.kind === 'reference') return [{ from: rows, on: [], reference: each, alias }];
    if (each.kind !== 'within' || each.param.kind !== 'reference') return [];
    const child = resource.children[each.child];
    if (!child) return [];
    const ofTenant =
      resource.source.tenant === 'single' ? [] : [sql`${sql.column('r', resource.source.tenant)} = ${tenant}`];
    const from = sql`${sql.identifier(child.table)} as r, ${rows}`;
    return [
      { from, on: [...ofTenant, sql`${sql.column('r', child.parent)} = ${id}`], reference: each.param, alias: 'r' },
    ];
  };
  const found = holders(param);
  if (leafOf(param).kind === 'kept' || overflows(resource.type, via))
    found.push({
      from: sql`overflow as o, ${rows}`,
      on: [...inOverflow(via, there), sql`o.id = ${id}`],
      reference: literal,
      alias: 'o',
    });
  return found;
}

const columnOf = ({ columns }: ReferenceParam, alias: string): Fragment =>
  sql.column(alias, 'literal' in columns ? columns.literal : 'pair' in columns ? columns.pair[1] : columns.id);

/** An id as a reference names it. */
const written = (type: string, id: Fragment): Fragment => sql`${sql.literal(`${type}/`)} || ${id}`;

export function tableOf({ source }: RegisteredResource): Fragment {
  return typeof source.from === 'string'
    ? sql.identifier(source.from)
    : { text: '(?)', bindings: [source.from as unknown as Value] };
}
