import assert from 'node:assert/strict';
import knex from 'knex';
import { combiningCharacters } from '../../src/define/fold.js';
import type { Narrowing } from '../../src/define/request.js';
import { loadRegistry } from '../../src/registry.js';
import { compile } from '../../src/search/compile.js';
import { slotValues, type Aim } from '../../src/search/slots.js';
import { postgres, sqlite, type Dialect } from '../../src/search/dialect.js';
import { Slot } from '../../src/search/fragment.js';
import { parse } from '../../src/search/parse.js';

/** What a query is in SQL: the conditions, and the values bound to them. */
export interface Line {
  readonly what: string;
  readonly query: string;
  readonly options?: Compiling;
  readonly sqlite: string;
  /** Where it differs by more than the numbering of values. */
  readonly postgres?: string;
}

interface Compiling {
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
  const narrowing = { tenant: 'org', where: [], ...(patient !== undefined && { patient }) } as unknown as Narrowing;
  const options = {
    registry,
    base: 'http://fhir.example/R4',
    handling: 'strict',
    now: 0,
    reach: () => narrowing,
  } as const;
  const request = parse(resource, [...new URLSearchParams(query)], options);
  const built = compile(resource, request, narrowing, aim, {
    dialect,
    knex: builders[dialect.name],
    registry,
    closed: () => false,
    overflows: (_type, param) => overflows.includes(param),
  });
  const values = slotValues(request, narrowing, 21, aim.kind === 'page' ? aim.position : undefined);
  return {
    sql: built.sql,
    values: built.bindings.map((each) => dialect.value(each instanceof Slot ? values[each.index] : each)),
  };
}

/** The conditions of a statement: what follows its first `where`, without the tenant's. */
async function conditions(dialect: 'sqlite' | 'postgres', query: string, options: Compiling = {}): Promise<string> {
  const { sql, values } = await compiled(dialect === 'sqlite' ? sqlite : postgres, query, options);
  const where = sql.slice(sql.indexOf(' where ') + ' where '.length);
  const shown = values.map((each) => (each === `[${combiningCharacters()}]` ? 'COMBINING' : each));
  return `${where.replace(/[`"]/g, '')} <- ${JSON.stringify(shown)}`;
}

/** One test a line, on both dialects. */
export function describeCompile(title: string, lines: readonly Line[]): void {
  describe(title, () => {
    for (const { what, query, options, sqlite, postgres } of lines)
      it(`${what}: ${query}`, async () => {
        assert.equal(await conditions('sqlite', query, options), sqlite);
        const found = await conditions('postgres', query, options);
        if (postgres === undefined) assert.equal(unnumbered(found), sqlite);
        else assert.equal(found, postgres);
      });
  });
}

const unnumbered = (text: string): string => text.replace(/\$\d+(?=[^]* <- )/g, '?');
