import type { RegisteredResource, Registry } from '../registry.js';
import { native } from '../search/compile.js';
import { sql } from '../search/fragment.js';
import { tableOf } from '../search/hop.js';
import { columnsOf, unindexed } from './check-indices.js';
import type { Database } from '../store/database.js';
import { engineColumns } from '../store/layout.js';

/** Something that a source lacks of what its declaration says. */
export interface Fault {
  readonly type: string;
  readonly kind: 'missing' | 'unindexed';
  readonly text: string;
}

/**
 * Compares declarations with the tables behind them: missing tables and columns, and searches that no index serves.
 * The database's own planner is the judge of the latter, so that joins and views are judged too.
 */
export async function checkSource(db: Database, registry: Registry): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const resource of registry.all()) {
    const missing = await missingColumns(db, resource);
    faults.push(...missing.map((text) => ({ type: resource.type, kind: 'missing' as const, text })));
    // Statements about columns that are not there cannot be planned.
    if (missing.length > 0) continue;
    for (const [name, { param }] of resource.params) {
      const text = await unindexed(db, resource, name, param);
      if (text !== undefined) faults.push({ type: resource.type, kind: 'unindexed', text });
    }
  }
  return faults;
}

async function missingColumns(db: Database, resource: RegisteredResource): Promise<string[]> {
  const { source } = resource;
  const own = [source.patient, source.parts, source.deleted].filter((name) => name !== undefined);
  const searched = Object.values(resource.search).flatMap((param) => columnsOf(param));
  const main = new Set([
    ...engineColumns(resource),
    ...own,
    ...resource.columns,
    ...searched.map(([, column]) => column),
  ]);
  const wanted = new Map<string, Set<string>>([['', main]]);
  for (const [name, child] of Object.entries(resource.children))
    wanted.set(name, new Set([child.parent, ...(child.order === undefined ? [] : [child.order]), ...child.columns]));
  for (const [child, column] of searched)
    if (child !== '') {
      main.delete(column);
      wanted.get(child)?.add(column);
    }
  // A column that both the row and a child have must be looked for in both.
  for (const column of resource.columns) main.add(column);
  const faults: string[] = [];
  for (const [name, columns] of wanted) {
    const child = resource.children[name];
    const from = child ? sql.identifier(child.table) : tableOf(resource);
    const place = child?.table ?? (typeof source.from === 'string' ? source.from : 'its join');
    if (!(await answers(db, sql`select 1 from ${from} as t where 1 = 0`))) faults.push(`there is no table ${place}`);
    else
      for (const column of columns)
        if (!(await answers(db, sql`select ${sql.column('t', column)} from ${from} as t where 1 = 0`)))
          faults.push(`${place} has no column ${column}`);
  }
  return faults;
}

async function answers(db: Database, statement: Parameters<typeof native>[0]): Promise<boolean> {
  try {
    const compiled = native(statement, await db.knex());
    await db.arrays(compiled.sql, []);
    return true;
  } catch {
    return false;
  }
}
