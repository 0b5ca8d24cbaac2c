import { asSystem } from '../access/narrow.js';
import { leafOf, type LeafParam, type SearchParam } from '../define/params.js';
import type { Operand, SearchRequest } from '../define/request.js';
import type { RegisteredResource } from '../registry.js';
import { compile, type Compiled } from '../search/compile.js';
import { slotValues } from '../search/slots.js';
import { defaultSort } from '../search/controls.js';
import { Slot } from '../search/fragment.js';
import type { Database } from '../store/database.js';

/** The columns that answer a parameter, each with its child's name, or '' for the row's own. */
export function columnsOf(param: SearchParam, child = ''): [child: string, column: string][] {
  switch (param.kind) {
    case 'either':
      return param.params.flatMap((each) => columnsOf(each, child));
    case 'within':
      return columnsOf(param.param, param.child);
    case 'composite':
      return param.parts.flatMap((each) => columnsOf(each, child));
    case 'kept':
      return [];
    case 'string':
      return param.columns.map(({ exact, folded }) => [child, folded ?? exact]);
    case 'token':
      return [[child, param.columns.code]];
    case 'date':
      return [[child, param.columns.start]];
    case 'reference':
      return Object.values(param.columns)
        .flat()
        .map((column) => [child, column]);
    case 'quantity':
      return [[child, param.columns.value]];
    case 'uri':
      return [[child, param.columns.uri]];
  }
}

/** What a search parameter lacks of an index; undefined when one serves it. */
export async function unindexed(
  db: Database,
  resource: RegisteredResource,
  name: string,
  param: SearchParam,
): Promise<string | undefined> {
  if (param.kind === 'kept') return undefined;
  const columns = columnsOf(param);
  const { from } = resource.source;
  const served =
    db.dialect.name === 'postgres' && typeof from === 'string'
      ? await indexed(db, resource, from, columns)
      : await planned(db, resource, name, param, columns);
  return served
    ? undefined
    : `search ${name}: no index serves ${[...new Set(columns.map(([, column]) => column))].join(', ')}`;
}

type Columns = readonly (readonly [child: string, column: string])[];

/** Whether a column is the first of an index, or the second after the tenant's. */
async function indexed(db: Database, resource: RegisteredResource, table: string, columns: Columns): Promise<boolean> {
  for (const [child, column] of columns)
    if ((await leading(db, resource, resource.children[child]?.table ?? table)).includes(column)) return true;
  return false;
}

/** The first columns of a table's indices, the tenant's apart. */
async function leading(db: Database, { source }: RegisteredResource, table: string): Promise<string[]> {
  const rows = await db.arrays(
    `select array_to_string(array(select a.attname from unnest(i.indkey) with ordinality as k(n, o)
      join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.n order by k.o), ',')
      from pg_index as i where i.indrelid = to_regclass($1)`,
    [table],
  );
  return rows.flatMap(([text]) => {
    const [first = '', second] = String(text).split(',');
    return first === source.tenant && second !== undefined ? [first, second] : [first];
  });
}

/** Whether the planner looks the value up by index. */
async function planned(
  db: Database,
  resource: RegisteredResource,
  name: string,
  param: SearchParam,
  columns: Columns,
): Promise<boolean> {
  const leaf = leafOf(param);
  if (leaf.kind === 'kept') return true;
  const parts = leaf.kind === 'composite' ? ([sample(leaf.parts[0]), sample(leaf.parts[1])] as const) : undefined;
  const operand: Operand = parts
    ? { shape: parts.map((each) => each.shape).join('$'), bindings: parts.flatMap((each) => each.bindings), parts }
    : sample(leaf as LeafParam);
  const request: SearchRequest = {
    ...{ type: resource.type, criteria: [{ param: name, any: [operand] }], sort: defaultSort(resource), count: 1 },
    ...{ total: 'none', summary: 'false', elements: [], include: [], revInclude: [], used: [], ignored: [] },
  };
  const narrowing = asSystem('x', 'check');
  const options = {
    dialect: db.dialect,
    knex: await db.knex(),
    overflows: () => false,
    closed: () => false,
    registry: { get: () => undefined },
  };
  const compiled = compile(resource, request, narrowing, { kind: 'rows' }, options);
  const conditions = await indexConditions(db, resource, compiled, slotValues(request, narrowing, 1, undefined));
  return columns.some(([, column]) => conditions.some((each) => new RegExp(`\\b${column}\\b`).test(each)));
}

/** A value of a kind, with the shape that most searches have; a column of texts takes it, and one of integers. */
function sample(param: LeafParam): Operand {
  switch (param.kind) {
    case 'token':
      // A text that is a number too: PostgreSQL does not compare a column of numbers with anything else.
      return { shape: 'code', bindings: [param.boolean ? true : (param.columns.codes?.pairs[0]?.[0] ?? '0')] };
    case 'string':
      return { shape: 'text', bindings: ['x', 'y'] };
    case 'date':
      return { shape: 'eq', bindings: param.stored === 'ms' ? [0, 1] : ['2024-01-01', '2024-01-02'] };
    case 'reference':
      return { shape: 'eq', bindings: ['pair' in param.columns ? 'Patient/1' : '1'] };
    case 'quantity':
      return { shape: 'eq any', bindings: [1, 2] };
    case 'uri':
      return { shape: 'eq', bindings: ['1'] };
  }
}

/** What the planner looks up by index, as it says it. */
async function indexConditions(
  db: Database,
  resource: RegisteredResource,
  { sql: text, bindings }: Compiled,
  values: readonly unknown[],
): Promise<string[]> {
  const bound = bindings.map((each) => db.dialect.value(each instanceof Slot ? values[each.index] : each));
  if (db.dialect.name === 'sqlite') {
    const plan = await db.objects(`explain query plan ${text}`, bound);
    const lines = plan.map((line) => String(line['detail']));
    const found = lines.filter((line) => line.startsWith('SEARCH'));
    // An integer primary key goes by the name rowid; beside a scan it is that of a table joined to what is scanned.
    const scans = lines.some((line) => /^SCAN (?!.*VIRTUAL TABLE)/.test(line));
    return scans ? found : found.map((line) => line.replace('(rowid=', `(${resource.source.id}=`));
  }
  // An empty table is read whole whatever indices it has, unless that is forbidden.
  const knex = await db.knex();
  return knex.transaction(async (transaction) => {
    await transaction.raw('set local enable_seqscan = off');
    const explain = `explain (format json) ${text.replace(/\$\d+/g, '?')}`;
    const { rows } = await transaction.raw<{ rows: { 'QUERY PLAN': unknown }[] }>(explain, bound as never);
    const found: string[] = [];
    const filtered: [table: string, filter: string][] = [];
    JSON.stringify(rows, (key, value: unknown) => {
      if ((key === 'Index Cond' || key === 'Recheck Cond') && typeof value === 'string') found.push(value);
      const { 'Relation Name': table, Filter: filter } = (value ?? {}) as Record<string, unknown>;
      if (typeof table === 'string' && typeof filter === 'string') filtered.push([table, filter]);
      return value;
    });
    // Of an empty table all indices cost the same: one that begins with what is compared would be read as well.
    for (const [table, filter] of filtered)
      found.push(...(await leading(db, resource, table)).filter((column) => filter.includes(`(${column} = `)));
    return found;
  });
}
