import { ABSENT } from '../define/dates.js';
import type { DraftRow } from '../define/elements/element.js';
import { sortColumn, type DeclaredParam, type RegisteredResource } from '../registry.js';
import { keyOf, loadPathTypes, searchValues, type IndexedValue } from '../search/values.js';
import type { Database } from './database.js';
import { statement } from './database.js';
import type { PlannedStatement } from './plan.js';

const columns = [
  'code',
  'system',
  'code_2',
  'system_2',
  'text',
  'exact',
  'reference',
  'uri',
  'number',
  'unit',
  'unit_system',
  'unit_code',
  'canonical',
  'canonical_unit',
  'start_at',
  'end_at',
] as const;

type Values = Record<string, unknown>;

const insert = statement<Values>((knex, $) =>
  knex('overflow').insert(Object.fromEntries([...keyColumns, ...columns].map((name) => [name, $(name)]))),
);

const keyColumns = ['organization_id', 'type', 'param', 'id', 'patient_id', 'at'] as const;

const remove = statement<{ tenant: string; type: string; id: string }>((knex, $) =>
  knex('overflow')
    .where({ organization_id: $('tenant'), type: $('type'), id: $('id') })
    .delete(),
);

const use = statement<{ tenant: string; type: string; param: string }>((knex, $) =>
  knex('overflow_use')
    .insert({ organization_id: $('tenant'), type: $('type'), param: $('param') })
    .onConflict(['organization_id', 'type', 'param'])
    .ignore(),
);

/** Values of search parameters that the resource has and its columns do not yield, by the name they are indexed under. */
export function overflowOf(
  resource: RegisteredResource,
  sent: object,
  rendered: object,
  units: readonly string[],
  base: string,
): Map<string, IndexedValue[]> {
  loadPathTypes(resource.type);
  const found = new Map<string, IndexedValue[]>();
  for (const declared of resource.params.values()) {
    if (!touches(declared, units, resource.type)) continue;
    const ofColumns = searchValues(rendered, declared, { base });
    for (const [name, values] of searchValues(sent, declared, { base })) {
      const have = ofColumns.get(name) ?? [];
      const known = new Set(have.map(keyOf));
      if (have.some((each) => !values.some((whole) => isPart(each, whole))))
        throw new Error(`${resource.type}: the columns invent values of search parameter ${name}`);
      const missing = new Map(values.filter((each) => !known.has(keyOf(each))).map((each) => [keyOf(each), each]));
      if (missing.size > 0) found.set(name, [...missing.values()]);
    }
  }
  return found;
}

/** A column may say less than was sent, an identifier without its type, and is true all the same. */
const isPart = (value: IndexedValue, whole: IndexedValue): boolean =>
  Object.entries(value).every(([name, each]) => each === whole[name]);

/** Whether a parameter's expression speaks of one of the units that were kept. */
function touches({ definition }: DeclaredParam, units: readonly string[], type: string): boolean {
  const texts = [definition.expression, ...(definition.component ?? []).map((each) => each.expression)];
  const words = new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []));
  return (
    units.some((unit) => words.has(unit)) ||
    (units.includes('component') && definition.expression.includes(`${type}.component`))
  );
}

/** Replaces a row's part of the overflow index. */
export async function saveOverflow(
  db: Database,
  resource: RegisteredResource,
  key: { readonly tenant: string; readonly id: string },
  row: DraftRow,
  patient: string | undefined,
  values: ReadonlyMap<string, readonly IndexedValue[]>,
  existed: boolean,
): Promise<PlannedStatement[]> {
  const { tenant, id } = key;
  const { type } = resource;
  const at = placeOf(resource, row);
  const statements = existed ? [await remove.plan(db, { tenant, type, id })] : [];
  for (const [param, each] of values) {
    statements.push(await use.plan(db, { tenant, type, param }));
    for (const value of each) {
      const blank = Object.fromEntries(columns.map((name) => [name, null]));
      const of = { organization_id: tenant, type, param, id, patient_id: patient ?? null, at };
      statements.push(await insert.plan(db, { ...blank, ...value, ...of }, 1));
    }
  }
  return statements;
}

export const removeOverflow = (db: Database, type: string, tenant: string, id: string): Promise<PlannedStatement> =>
  remove.plan(db, { tenant, type, id });

/** The row's place in the default order of its type. */
function placeOf(resource: RegisteredResource, row: DraftRow): number {
  const name = (resource.sort[0] ?? '_id').replace(/^-/, '');
  const column = resource.params.get(name)?.definition.type === 'date' ? sortColumn(resource, name) : undefined;
  const value = column === undefined ? undefined : row[column];
  return typeof value === 'number' ? value : column === undefined ? 0 : ABSENT;
}
