import type { Knex } from 'knex';

/**
 * The column groups that the migrations share. They are part of released migrations: add, never change.
 * Times are milliseconds since 1970 UTC; -9e15 stands for "absent" where a column of times cannot be NULL.
 */
export type Table = Knex.CreateTableBuilder;

const ABSENT = -9_000_000_000_000_000;

export const isPostgres = (knex: Knex): boolean =>
  (knex.client as { config: { client: unknown } }).config.client === 'pg';

/** Text that is compared byte by byte on both databases: ids, folded strings, URIs. */
const bytes = (knex: Knex): string => (isPostgres(knex) ? 'text collate "C"' : 'text');

export function shapes(knex: Knex) {
  const ordered = (t: Table, ...names: string[]): void =>
    names.forEach((name) => void t.specificType(name, bytes(knex)));
  const texts = (t: Table, ...names: string[]): void => names.forEach((name) => void t.text(name));

  const folded = (t: Table, ...names: string[]): void =>
    names.forEach((name) => {
      t.text(name);
      ordered(t, `${name}_fold`);
    });
  const coding = (t: Table, prefix: string): void =>
    texts(t, `${prefix}_system`, `${prefix}_code`, `${prefix}_display`);
  const concept = (t: Table, ...prefixes: string[]): void =>
    prefixes.forEach((prefix) => {
      coding(t, prefix);
      t.text(`${prefix}_text`);
    });
  const reference = (t: Table, ...names: string[]): void =>
    names.forEach((name) => {
      ordered(t, name);
      t.text(`${name}_display`);
    });
  const quantity = (t: Table, ...prefixes: string[]): void =>
    prefixes.forEach((prefix) => {
      t.double(`${prefix}_value`);
      texts(t, `${prefix}_comparator`, `${prefix}_unit`, `${prefix}_unit_system`, `${prefix}_unit_code`);
    });
  const time = (t: Table, ...names: string[]): void =>
    names.forEach((name) => void t.bigInteger(name).notNullable().defaultTo(ABSENT));
  const dateTime = (t: Table, ...prefixes: string[]): void =>
    prefixes.forEach((prefix) => {
      t.text(prefix);
      time(t, `${prefix}_start`, `${prefix}_end`);
    });
  const span = (t: Table, prefix: string): void => texts(t, `${prefix}_from`, `${prefix}_to`);
  const period = (t: Table, prefix: string): void => {
    span(t, prefix);
    time(t, `${prefix}_start`, `${prefix}_end`);
  };

  /** What the engine needs on every clinical row. */
  const clinical = (t: Table): void => {
    ordered(t, 'organization_id', 'id');
    t.integer('version').notNullable();
    t.bigInteger('updated_at').notNullable();
    ordered(t, 'patient_id');
    t.text('native_resource').notNullable().defaultTo('none');
    texts(t, 'profile', 'narrative', 'extra', 'parts');
    t.primary(['organization_id', 'id']);
  };

  /** A child table: one row an item, stored by parent. */
  const child = async (name: string, parent: string, columns: (t: Table) => void): Promise<void> => {
    const build = knex.schema.createTable(name, (t) => {
      ordered(t, 'organization_id', parent);
      t.integer('position').notNullable();
      columns(t);
      t.primary(['organization_id', parent, 'position']);
    });
    if (isPostgres(knex)) return build;
    // Clustered by parent, so that the items of one parent are one read.
    const statements = build.toSQL() as unknown as { sql: string }[];
    for (const { sql } of statements) await knex.raw(sql.startsWith('create table') ? `${sql} without rowid` : sql);
  };

  const identifiers = (name: string, parent: string): Promise<void> =>
    child(name, parent, (t) => {
      texts(t, 'use');
      concept(t, 'type');
      ordered(t, 'system', 'value');
      span(t, 'period');
      t.index(['organization_id', 'value', 'system', parent], `${name}_value`);
    });

  const names = (name: string, parent: string): Promise<void> =>
    child(name, parent, (t) => {
      texts(t, 'use');
      const parts = ['family', 'given', 'middle', 'prefix', 'suffix', 'text'];
      folded(t, ...parts);
      span(t, 'period');
      indexFolded(t, name, parent, parts);
    });

  const telecoms = (name: string, parent: string): Promise<void> =>
    child(name, parent, (t) => {
      texts(t, 'system');
      ordered(t, 'value');
      texts(t, 'use');
      t.integer('rank');
      span(t, 'period');
      t.index(['organization_id', 'value', parent], `${name}_value`);
    });

  const addresses = (name: string, parent: string): Promise<void> =>
    child(name, parent, (t) => {
      texts(t, 'use', 'type');
      const parts = ['text', 'line1', 'line2', 'city', 'district', 'state', 'postal_code', 'country'];
      folded(t, ...parts);
      span(t, 'period');
      indexFolded(t, name, parent, parts);
      t.index(['organization_id', 'use', parent], `${name}_use`);
    });

  const indexFolded = (t: Table, name: string, parent: string, parts: string[]): void => {
    // Whole indices, not partial ones: a search over several parts is an OR, for which SQLite uses no partial index.
    for (const part of parts) t.index(['organization_id', `${part}_fold`, parent], `${name}_${part}`);
  };

  /** An index of the tenant's rows by these columns; with `present`, only of rows in which it is not NULL. */
  const index = (t: Table, name: string, columns: readonly string[], present?: string): void =>
    void t.index(
      ['organization_id', ...columns],
      name,
      present === undefined ? undefined : { predicate: knex.whereNotNull(present) },
    );

  /** What `meta` says of the rows of a clinical table: the profile, and the native resource where there is one. */
  const meta = async (table: string, order: readonly string[]): Promise<void> => {
    if (isPostgres(knex)) await knex.raw('alter table ?? alter column profile type text collate "C"', [table]);
    await knex.schema.alterTable(table, (t) => index(t, `${table}_profile`, ['profile', ...order], 'profile'));
    const columns = ['organization_id', 'native_resource', ...order];
    const places = columns.map(() => '??').join(', ');
    const native = `create index ?? on ?? (${places}) where native_resource <> 'none'`;
    await knex.raw(native, [`${table}_native`, table, ...columns]);
  };

  const dropMeta = async (table: string): Promise<void> => {
    await knex.schema.alterTable(table, (t) => {
      t.dropIndex([], `${table}_native`);
      t.dropIndex([], `${table}_profile`);
    });
    if (isPostgres(knex)) await knex.raw('alter table ?? alter column profile type text', [table]);
  };

  return {
    ...{ ordered, texts, folded, coding, concept, reference, quantity, time, dateTime, span, period },
    ...{ clinical, child, identifiers, names, telecoms, addresses, index, meta, dropMeta },
  };
}

export async function drop(knex: Knex, ...tables: string[]): Promise<void> {
  for (const table of tables) await knex.schema.dropTable(table);
}
