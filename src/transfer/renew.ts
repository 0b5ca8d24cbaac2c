import { setTimeout as pause } from 'node:timers/promises';
import { asSystem } from '../access/narrow.js';
import type { RegisteredResource, Registry } from '../registry.js';
import { native } from '../search/compile.js';
import { sql } from '../search/fragment.js';
import { statement, type Database } from '../store/database.js';
import type { Rows } from '../store/rows.js';
import { hasTexts, textOf } from '../store/texts.js';

/** Rows that are looked at in one step. */
const STEP = 200;

export interface RenewOptions {
  readonly own: Database;
  readonly registry: Registry;
  /** Reads what columns say, and not what was written of them. */
  readonly columns: Rows;
  readonly edition: string;
  readonly now: () => number;
  /** Of each step's time, how many times as long nothing is done. */
  readonly rest: number;
  readonly signal?: AbortSignal;
}

const completed = statement<{ edition: string }>((knex, $) =>
  knex('text_edition')
    .where({ edition: $('edition') })
    .select('edition'),
);

const complete = statement<{ edition: string; at: number }>((knex, $) =>
  knex('text_edition')
    .insert({ edition: $('edition'), completed_at: $('at') })
    .onConflict('edition')
    .merge(),
);

/** Whoever goes back to an earlier edition finds the texts of this one. */
const undone = statement<{ edition: string }>((knex, $) =>
  knex('text_edition')
    .whereNot({ edition: $('edition') })
    .delete(),
);

const renewed = statement<Record<string, unknown>>((knex, $) =>
  knex('history')
    .where({ organization_id: $('tenant'), type: $('type'), id: $('id'), version: $('version') })
    .update({ body: $('body'), edition: $('edition') }),
);

const tenants = statement<Record<string, never>>((knex) => knex('org').orderBy('id').select('id'));

/**
 * Writes the texts of all resources as this edition would, once: after an upgrade, or with another base URL, they would
 * otherwise be made of their columns by each reading. What is interrupted goes on with the next start. Answers how many
 * it wrote.
 */
export async function renewTexts(options: RenewOptions): Promise<number> {
  const { own, registry, edition, now, signal } = options;
  if (await completed.first(own, { edition })) return 0;
  let count = 0;
  for (const { id } of await tenants.all(own, {}))
    for (const resource of registry.all())
      if (hasTexts(resource)) count += await renewType(resource, id as string, options);
  if (!signal?.aborted)
    await own.commit({
      statements: [await undone.plan(own, { edition }), await complete.plan(own, { edition, at: now() })],
    });
  return count;
}

async function renewType(resource: RegisteredResource, tenant: string, options: RenewOptions): Promise<number> {
  const { own, columns, edition, rest, signal } = options;
  let count = 0;
  for (let after: string | undefined = ''; after !== undefined && !signal?.aborted;) {
    const started = performance.now();
    const { stale, last } = await step(resource, tenant, after, options);
    const entries = await columns.readAll(resource, stale, asSystem(tenant, 'texts'));
    const update = await renewed.planner(own);
    const statements = entries.map((entry) =>
      update({ tenant, type: entry.type, id: entry.id, version: Number(entry.versionId), ...textOf(entry, edition) }),
    );
    if (statements.length > 0) await own.commit({ statements, unsynced: true });
    count += statements.length;
    after = last;
    await pause((performance.now() - started) * rest);
  }
  return count;
}

/** The next rows by id: which of them have the text of another edition, and the last one. */
async function step(
  { type, source }: RegisteredResource,
  tenant: string,
  after: string,
  { own, edition }: RenewOptions,
): Promise<{ stale: string[]; last: string | undefined }> {
  const id = sql.column('t', source.id);
  const version = sql.column('t', source.version as string);
  // `cross join`: SQLite reads the tables in this order, which is that of the ids, and stops at the limit.
  const found = native(
    sql`select ${id}, h.edition from ${sql.identifier(source.from as string)} as t
      cross join history as h
      where h.organization_id = ${sql.literal(tenant)} and h.type = ${sql.literal(type)}
      and h.id = ${id} and h.version = ${version}
      and t.organization_id = ${sql.literal(tenant)} and ${id} > ${sql.literal(after)}
      order by ${id} limit ${sql.literal(STEP)}`,
    await own.knex(),
  );
  const read = await own.arrays(found.sql, found.bindings);
  const stale = read.filter(([, of]) => of !== edition).map(([id]) => id as string);
  return { stale, last: read.length < STEP ? undefined : (read.at(-1)?.[0] as string) };
}
