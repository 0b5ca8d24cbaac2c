import knex from 'knex';
import { combiningCharacters } from '../../src/define/fold.js';
import type { Narrowing } from '../../src/define/request.js';
import { loadRegistry } from '../../src/registry.js';
import { compile } from '../../src/search/compile.js';
import { slotValues, type Aim } from '../../src/search/slots.js';
import { postgres, sqlite, type Dialect } from '../../src/search/dialect.js';
import { Slot } from '../../src/search/fragment.js';
import { parse } from '../../src/search/parse.js';

export interface Compiling {
  readonly type?: string;
  readonly patient?: string;
  readonly aim?: Aim;
  /** The parameters that have values in the overflow index. */
  readonly overflows?: readonly string[];
}

const builders = {
  sqlite: knex({ client: 'better-sqlite3', useNullAsDefault: true }),
  postgres: knex({ client: 'pg' }),
};

/** The statement of a query string, with its values in place of their slots; no database is asked. */
async function compiled(
  dialect: Dialect,
  query: string,
  { type = 'Observation', patient, aim = { kind: 'rows' }, overflows = [] }: Compiling = {},
): Promise<{ sql: string; values: unknown[] }> {
  const registry = await loadRegistry();
  const resource = registry.get(type);
  if (!resource) throw new Error(`${type} is not declared`);
  const options = { registry, base: 'http://fhir.example/R4', handling: 'strict', now: 0 } as const;
  const request = parse(resource, [...new URLSearchParams(query)], options);
  const narrowing = { tenant: 'org', where: [], ...(patient !== undefined && { patient }) } as unknown as Narrowing;
  const built = compile(resource, request, narrowing, aim, {
    dialect,
    knex: builders[dialect.name],
    overflows: (_type, param) => overflows.includes(param),
  });
  const values = slotValues(request, narrowing, 21, aim.kind === 'page' ? aim.position : undefined);
  return {
    sql: built.sql,
    values: built.bindings.map((each) => dialect.value(each instanceof Slot ? values[each.index] : each)),
  };
}

/** The conditions of a statement: what follows its first `where`, without the tenant's. */
export async function conditions(
  dialect: 'sqlite' | 'postgres',
  query: string,
  options: Compiling = {},
): Promise<string> {
  const { sql, values } = await compiled(dialect === 'sqlite' ? sqlite : postgres, query, options);
  const where = sql.slice(sql.indexOf(' where ') + ' where '.length);
  const shown = values.map((each) => (each === `[${combiningCharacters()}]` ? 'COMBINING' : each));
  return `${where.replace(/[`"]/g, '')} <- ${JSON.stringify(shown)}`;
}
