import type { Knex } from 'knex';
import { canonical, UCUM } from '../src/define/ucum.js';
import { shapes } from './shapes.js';

const ABSENT = -9_000_000_000_000_000;

/** The clinical tables, by type, with the column that their default order begins with. */
const tables: readonly (readonly [type: string, table: string, at?: string])[] = [
  ['Communication', 'communication', 'sent_start'],
  ['DiagnosticReport', 'diagnostic_report', 'effective_start'],
  ['DocumentReference', 'document_reference', 'date_start'],
  ['Encounter', 'encounter', 'period_start'],
  ['Location', 'location'],
  ['Observation', 'observation', 'effective_start'],
  ['Organization', 'organization'],
  ['Patient', 'patient'],
  ['Practitioner', 'practitioner'],
  ['PractitionerRole', 'practitioner_role'],
  ['Specimen', 'specimen', 'collected_start'],
  ['Subscription', 'subscription'],
];

/** Searches by what `meta` says; docs/decisions/0004. */
export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  for (const [type, table, at] of tables) {
    await indexKeptMeta(knex, type, table, at);
    await s.meta(table, [...(at === undefined ? [] : [at]), 'id', 'version']);
  }
  for (const { table, prefix, code, order } of quantities) {
    const [value, unit] = [`${prefix}canonical`, `${prefix}canonical_unit`];
    await knex.schema.alterTable(table, (t) => {
      t.double(value);
      t.text(unit);
    });
    await convertKept(knex, table, prefix, code);
    await knex.schema.alterTable(table, (t) => {
      const scope = table === 'overflow' ? ['type', 'param'] : [];
      s.index(t, `${table}_canonical`, [...scope, unit, value, ...order], value);
    });
  }
  await indexTrigrams(knex);
}

/** Where quantities are searched, with what their columns begin with; docs/decisions/0021. */
const quantities = [
  { table: 'observation', prefix: 'value_', code: 'value_unit', order: ['effective_start', 'id', 'version'] },
  { table: 'observation_component', prefix: 'value_', code: 'value_unit', order: ['parent_id'] },
  { table: 'overflow', prefix: '', code: 'unit', order: ['at', 'id'] },
] as const;

/** Amounts are converted once for all rows that have the same. */
async function convertKept(knex: Knex, table: string, prefix: string, unit: string): Promise<void> {
  const number = table === 'overflow' ? 'number' : `${prefix}value`;
  const [code, system] = [`${unit}_code`, `${unit}_system`];
  const amounts = (await knex(table)
    .distinct('organization_id', { code, number })
    .where(system, UCUM)
    .whereNotNull(number)
    .whereNotNull(code)) as { organization_id: string; code: string; number: number }[];
  for (const amount of amounts) {
    const found = canonical(amount.number, amount.code);
    if (!found) continue;
    const of = {
      organization_id: amount.organization_id,
      [number]: amount.number,
      [code]: amount.code,
      [system]: UCUM,
    };
    await knex(table)
      .where(of)
      .update({ [`${prefix}canonical`]: found.value, [`${prefix}canonical_unit`]: found.unit });
  }
}

/** Texts in which words are searched, by table; an index of all of them serves any. docs/decisions/0021. */
const names = ['family', 'given', 'middle', 'prefix', 'suffix', 'text'];
const address = ['text', 'line1', 'line2', 'city', 'district', 'state', 'postal_code', 'country'];
const texts: Readonly<Record<string, readonly string[]>> = {
  document_reference: ['description_fold'],
  observation: ['value_string_fold', 'value_concept_text_fold'],
  overflow: ['text'],
  patient_name: names.map((each) => `${each}_fold`),
  practitioner_name: names.map((each) => `${each}_fold`),
  patient_address: address.map((each) => `${each}_fold`),
};

/** Whoever may not make the extension goes without. */
async function indexTrigrams(knex: Knex): Promise<void> {
  if (!(await makesTrigrams(knex))) return;
  for (const [table, columns] of Object.entries(texts)) {
    const places = columns.map(() => '?? gin_trgm_ops').join(', ');
    const text = `create index ?? on ?? using gin (${places})`;
    await knex.raw(text, [`${table}_trigrams`, table, ...columns]);
  }
}

async function makesTrigrams(knex: Knex): Promise<boolean> {
  if ((knex.client as { config: { client: unknown } }).config.client !== 'pg') return false;
  const { rows } = await knex.raw<{ rows: object[] }>(`select 1 from pg_available_extensions where name = 'pg_trgm'`);
  if (rows.length === 0) return false;
  try {
    // A transaction of its own: an error would end the migration's.
    await knex.transaction((inner) => inner.raw('create extension if not exists pg_trgm'));
    return true;
  } catch {
    return false;
  }
}

async function dropTrigrams(knex: Knex): Promise<void> {
  for (const table of Object.keys(texts)) await knex.raw('drop index if exists ??', [`${table}_trigrams`]);
}

interface Kept {
  readonly organization_id: string;
  readonly id: string;
  readonly patient_id: string | null;
  readonly version: number;
  readonly at: number | null;
  readonly profile: string | null;
  readonly extra: string | null;
}

interface Meta {
  readonly profile?: string[];
  readonly source?: string;
  readonly tag?: readonly Coding[];
  readonly security?: readonly Coding[];
}

interface Coding {
  readonly system?: string;
  readonly code?: string;
}

/** What earlier writes kept of `meta` is found as later ones are; several profiles no longer share a column. */
async function indexKeptMeta(knex: Knex, type: string, table: string, at: string | undefined): Promise<void> {
  const rows = (await knex(table)
    .select('organization_id', 'id', 'patient_id', 'version', 'profile', 'extra')
    .select(at === undefined ? knex.raw('0 as at') : { at })
    .where('extra', 'like', '%"meta"%')
    .orWhere('profile', 'like', '% %')) as Kept[];
  for (const row of rows) {
    const profiles = row.profile?.includes(' ') ? row.profile.split(' ') : [];
    const extra = JSON.parse(row.extra ?? '{}') as { units?: Record<string, { value: { meta?: Meta } }> };
    const meta: Meta = extra.units?.['meta']?.value.meta ?? (profiles.length > 0 ? { profile: profiles } : {});
    const key = { organization_id: row.organization_id, id: row.id };
    if (profiles.length > 0) {
      const units = { ...extra.units, meta: { value: { meta }, of: '' } };
      await knex(table)
        .where(key)
        .update({ profile: null, extra: JSON.stringify({ at: row.version, ...extra, units }) });
    }
    for (const [param, values] of valuesOf(meta, profiles)) {
      await knex('overflow_use')
        .insert({ organization_id: row.organization_id, type, param })
        .onConflict(['organization_id', 'type', 'param'])
        .ignore();
      const of = { ...key, type, param, patient_id: row.patient_id, at: row.at ?? ABSENT };
      await knex('overflow').insert(values.map((value) => ({ ...of, ...value })));
    }
  }
}

function valuesOf({ source, tag = [], security = [] }: Meta, profiles: string[]): [string, object[]][] {
  const uris = (all: readonly string[]): object[] => all.map((uri) => ({ uri }));
  const codes = (all: readonly Coding[]): object[] =>
    all.map(({ system = null, code = null }) => ({ system, code })).filter(({ code }) => code !== null);
  const found: [string, object[]][] = [
    ['_profile', uris(profiles)],
    ['_source', uris(source === undefined ? [] : [source])],
    ['_tag', codes(tag)],
    ['_security', codes(security)],
  ];
  return found.filter(([, values]) => values.length > 0);
}

export async function down(knex: Knex): Promise<void> {
  const { dropMeta } = shapes(knex);
  await dropTrigrams(knex);
  for (const [, table] of tables) await dropMeta(table);
  for (const { table, prefix } of quantities) {
    await knex.schema.alterTable(table, (t) => t.dropIndex([], `${table}_canonical`));
    // knex would make the table anew on SQLite, and lose that it is clustered.
    for (const column of [`${prefix}canonical`, `${prefix}canonical_unit`])
      await knex.raw('alter table ?? drop column ??', [table, column]);
  }
  await knex('overflow').whereIn('param', ['_profile', '_source', '_tag', '_security']).delete();
  await knex('overflow_use').whereIn('param', ['_profile', '_source', '_tag', '_security']).delete();
}
