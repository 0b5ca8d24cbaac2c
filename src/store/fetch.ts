import { leafOf, type ReferenceParam, type SearchParam } from '../define/params.js';
import type { DeclaredChild } from '../define/resource.js';
import { paramOf, type RegisteredResource } from '../registry.js';
import { native, type Compiled } from '../search/compile.js';
import { all, Slot, sql, type Fragment } from '../search/fragment.js';
import { tableOf } from '../search/hop.js';
import type { ChildRows } from '../search/dialect.js';
import type { Database } from './database.js';
import { layoutOf } from './layout.js';

const TENANT = new Slot(0);
const IDS = new Slot(1);

/** One statement for all that rendering needs of a list of rows: their columns, and each child table as a JSON array. */
export async function fetchStatement(db: Database, resource: RegisteredResource): Promise<Compiled> {
  const { columns, children } = layoutOf(resource);
  const selected = db.dialect.rows(
    columns.map((name) => sql.column('t', name)),
    children.map(([name, child]) => childRows(db, resource, name, child)),
  );
  const text = sql`select ${selected} from ${tableOf(resource)} as t where ${all(those(db, resource))}`;
  return native(text, await db.knex());
}

function those(db: Database, { source }: RegisteredResource): Fragment[] {
  const tenant = source.tenant === 'single' ? [] : [sql`${sql.column('t', source.tenant)} = ${TENANT}`];
  return [...tenant, db.dialect.among(sql.column('t', source.id), IDS)];
}

/** The order comes last: whether a database sorts is its own affair. */
function childRows(db: Database, { source }: RegisteredResource, name: string, child: DeclaredChild): ChildRows {
  const { parts } = source;
  const known = parts === undefined ? undefined : sql.column('t', parts);
  const tenant =
    source.tenant === 'single' ? [] : [sql`${sql.column('c', source.tenant)} = ${sql.column('t', source.tenant)}`];
  const ofParent = all([...tenant, sql`${sql.column('c', child.parent)} = ${sql.column('t', source.id)}`]);
  const columns = [...child.readColumns, ...(child.order === undefined ? [] : [child.order])];
  return {
    columns: columns.map((column) => sql.column('c', column)),
    from: sql`from ${sql.identifier(child.table)} as c where ${ofParent}`,
    present: (select) =>
      known ? sql`case when ${known} is null or ${db.dialect.holds(known, `,${name},`)} then ${select} end` : select,
  };
}

const statements = new WeakMap<Database, Map<string, Compiled>>();

/** So many references of a list of rows are looked at: a row may hold any number of them. */
export const MOST_REFERENCES = 20_000;

/** The references that a parameter of these rows holds: one more than is looked at, where there are more. */
export async function referenceStatement(db: Database, resource: RegisteredResource, param: string): Promise<Compiled> {
  let known = statements.get(db);
  if (!known) statements.set(db, (known = new Map<string, Compiled>()));
  const key = `${resource.type}:${param}`;
  let compiled = known.get(key);
  if (!compiled) {
    const branches = [...selects(db, resource, paramOf(resource, param).param), ...overflowing(db, resource, param)];
    const most = sql`limit cast(${sql.literal(MOST_REFERENCES + 1)} as integer)`;
    compiled = native(sql`${sql.join(branches, ' union all ')} ${most}`, await db.knex());
    known.set(key, compiled);
  }
  return compiled;
}

/** A second performer, say, for whom the row has no column. */
function overflowing(db: Database, resource: RegisteredResource, param: string): Fragment[] {
  if (resource.source.extra === undefined) return [];
  const found = [
    sql`o.organization_id = ${TENANT}`,
    sql`o.type = ${sql.literal(resource.type)}`,
    sql`o.param = ${sql.literal(param)}`,
    db.dialect.among(sql.column('o', 'id'), IDS),
  ];
  return [sql`select o.reference from overflow as o where ${all(found)}`];
}

function selects(db: Database, resource: RegisteredResource, param: SearchParam): Fragment[] {
  if (param.kind === 'either') return param.params.flatMap((each) => selects(db, resource, each));
  const leaf = leafOf(param);
  if (leaf.kind !== 'reference') return [];
  const { columns } = leaf;
  if (param.kind !== 'within')
    return [sql`select ${literalOf(columns, 't')} from ${tableOf(resource)} as t where ${all(those(db, resource))}`];
  const child = resource.children[param.child];
  if (!child) return [];
  const { tenant } = resource.source;
  const found = [
    ...(tenant === 'single' ? [] : [sql`${sql.column('c', tenant)} = ${TENANT}`]),
    db.dialect.among(sql.column('c', child.parent), IDS),
  ];
  return [sql`select ${literalOf(columns, 'c')} from ${sql.identifier(child.table)} as c where ${all(found)}`];
}

function literalOf(columns: ReferenceParam['columns'], alias: string): Fragment {
  if (!('pair' in columns)) return sql.column(alias, 'literal' in columns ? columns.literal : columns.id);
  return sql`${sql.column(alias, columns.pair[0])} || '/' || ${sql.column(alias, columns.pair[1])}`;
}
