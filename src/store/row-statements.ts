import { native, type Compiled } from '../search/compile.js';
import { Slot, sql, type Fragment } from '../search/fragment.js';
import type { RegisteredResource } from '../registry.js';
import type { DraftRow } from '../define/elements/element.js';
import type { Database } from './database.js';
import type { PlannedStatement } from './plan.js';
import { engineColumns } from './layout.js';

/** The statements that write the rows of one resource type, compiled once. */
interface RowStatements {
  readonly columns: readonly string[];
  readonly insert: Compiled;
  readonly update: Compiled;
  readonly remove: Compiled;
  readonly children: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly insert: Compiled;
    readonly remove: Compiled;
  }[];
}

const known = new WeakMap<Database, Map<string, RowStatements>>();

async function statementsOf(db: Database, resource: RegisteredResource): Promise<RowStatements> {
  let ofDatabase = known.get(db);
  if (!ofDatabase) known.set(db, (ofDatabase = new Map<string, RowStatements>()));
  const found = ofDatabase.get(resource.type);
  if (found) return found;
  const knex = await db.knex();
  const { source } = resource;
  if (typeof source.from !== 'string' || source.tenant === 'single' || source.version === undefined)
    throw new Error(`${resource.type}: only a table with a tenant and a version can be written`);
  const table = sql.identifier(source.from);
  const patient = source.patient === source.id ? undefined : source.patient;
  const written = [patient, source.parts].filter((name) => name !== undefined);
  const columns = [...new Set([...engineColumns(resource), ...written, ...resource.columns])];
  const key = [source.tenant, source.id];
  const keyed = (first: number): Fragment =>
    sql.join(
      key.map((name, index) => sql`${sql.identifier(name)} = ${new Slot(first + index)}`),
      ' and ',
    );
  const set = sql.join(columns.map((name, index) => sql`${sql.identifier(name)} = ${new Slot(index)}`));
  const before = sql`${sql.identifier(source.version)} = ${new Slot(columns.length + 2)}`;
  const compiled: RowStatements = {
    columns,
    insert: native(insertInto(table, columns), knex),
    update: native(sql`update ${table} set ${set} where ${keyed(columns.length)} and ${before}`, knex),
    remove: native(
      sql`delete from ${table} where ${keyed(0)} and ${sql.identifier(source.version)} = ${new Slot(2)}`,
      knex,
    ),
    children: Object.entries(resource.children).map(([name, child]) => {
      const parent = [source.tenant, child.parent];
      const columns = [...parent, ...(child.order === undefined ? [] : [child.order]), ...child.columns];
      const ofParent = sql.join(
        parent.map((each, index) => sql`${sql.identifier(each)} = ${new Slot(index)}`),
        ' and ',
      );
      return {
        name,
        columns: child.columns,
        insert: native(insertInto(sql.identifier(child.table), columns), knex),
        remove: native(sql`delete from ${sql.identifier(child.table)} where ${ofParent}`, knex),
      };
    }),
  };
  ofDatabase.set(resource.type, compiled);
  return compiled;
}

const insertInto = (table: Fragment, columns: readonly string[]): Fragment =>
  sql`insert into ${table} (${sql.join(columns.map((name) => sql.identifier(name)))}) values (${sql.join(
    columns.map((_, index) => sql`${new Slot(index)}`),
  )})`;

function planned(db: Database, compiled: Compiled, values: readonly unknown[], rows?: number): PlannedStatement {
  const bindings = compiled.bindings.map((each) => db.dialect.value(each instanceof Slot ? values[each.index] : each));
  return { sql: compiled.sql, bindings, ...(rows !== undefined && { rows }) };
}

/** Inserts a row, or updates it where it still has the version `replaces`; its children are written anew. */
export async function saveRow(
  db: Database,
  resource: RegisteredResource,
  row: DraftRow,
  key: { readonly tenant: string; readonly id: string },
  replaces: number | undefined,
): Promise<PlannedStatement[]> {
  const statements = await statementsOf(db, resource);
  const values = statements.columns.map((name) => row[name] ?? null);
  const parent = [key.tenant, key.id];
  const main =
    replaces === undefined
      ? planned(db, statements.insert, values, 1)
      : planned(db, statements.update, [...values, ...parent, replaces], 1);
  const children = statements.children.flatMap(({ name, columns, insert, remove }) => {
    const items = (row[name] ?? []) as DraftRow[];
    const ordered = resource.children[name]?.order !== undefined;
    return [
      ...(replaces === undefined ? [] : [planned(db, remove, parent)]),
      ...items.map((item, position) =>
        planned(
          db,
          insert,
          [...parent, ...(ordered ? [position] : []), ...columns.map((column) => item[column] ?? null)],
          1,
        ),
      ),
    ];
  });
  return [main, ...children];
}

export async function removeRow(
  db: Database,
  resource: RegisteredResource,
  key: { readonly tenant: string; readonly id: string },
  version: number,
): Promise<PlannedStatement[]> {
  const { remove, children } = await statementsOf(db, resource);
  const parent = [key.tenant, key.id];
  return [planned(db, remove, [...parent, version], 1), ...children.map((child) => planned(db, child.remove, parent))];
}
