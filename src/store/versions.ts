import type { Narrowing } from '../define/request.js';
import type { RegisteredResource } from '../registry.js';
import { native } from '../search/compile.js';
import { all, sql, type Fragment } from '../search/fragment.js';
import type { Database } from './database.js';
import { versionOf, type Version } from './history.js';

/** Which versions are wanted, of the types that the narrowings open. */
export interface VersionsWanted {
  readonly types: readonly { readonly resource: RegisteredResource; readonly narrowing: Narrowing }[];
  readonly id?: string;
  /** Not before this moment. */
  readonly since?: number;
  /** Those that were current at some moment of this interval. */
  readonly during?: { readonly start: number; readonly end: number };
}

/** The place of a version among those of an organization, newest first. */
export interface VersionPlace {
  readonly at: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
}

export interface FoundVersion extends Version, VersionPlace {
  /** What was done last with the resource. */
  readonly last: Version['method'];
  /** What was done with it before this version; undefined where this is the first, or the one before is not kept. */
  readonly before: Version['method'] | undefined;
}

const order = sql`h.at desc, h.type desc, h.id desc, h.version desc`;
const columns = sql`h.organization_id, h.type, h.id, h.version, h.method, h.at, h.patient_id, h.native_resource, h.body`;

const before = sql`(select b.method from history as b where b.organization_id = h.organization_id and b.type = h.type and b.id = h.id
  and b.version = h.version - 1) as before`;

/** Versions that the narrowings may show, newest first: each type is read in the order of an index. */
export async function findVersions(
  db: Database,
  wanted: VersionsWanted,
  after: VersionPlace | undefined,
  limit: number,
): Promise<FoundVersion[]> {
  const most = sql.literal(limit);
  const branches = wanted.types.map(({ resource, narrowing }) => {
    const conditions = [...conditionsOf(resource, narrowing, wanted), ...(after ? [beyond(after)] : [])];
    return sql`select * from (select ${columns}, l.method as last from ${joined} where ${all(conditions)} order by ${order} limit ${most}) as h`;
  });
  const text = sql`select h.*, ${before} from (${sql.join(branches, ' union all ')}) as h order by ${order} limit ${most}`;
  const compiled = native(text, await db.knex());
  const rows = await db.objects(compiled.sql, compiled.bindings);
  return rows.map((row) => ({
    ...versionOf(row),
    type: row['type'] as string,
    id: row['id'] as string,
    last: row['last'] as Version['method'],
    before: (row['before'] as Version['method'] | null) ?? undefined,
  }));
}

export async function countVersions(db: Database, wanted: VersionsWanted): Promise<number> {
  const branches = wanted.types.map(({ resource, narrowing }) => {
    return sql`select count(*) as n from ${joined} where ${all(conditionsOf(resource, narrowing, wanted))}`;
  });
  const compiled = native(sql`select sum(n) from (${sql.join(branches, ' union all ')}) as c`, await db.knex());
  const [[count] = []] = await db.arrays(compiled.sql, compiled.bindings);
  return Number(count ?? 0);
}

/** Each version beside the last one of its resource. */
const joined = sql`history as h join history as l on l.organization_id = h.organization_id and l.type = h.type and l.id = h.id
  and l.version = (select max(m.version) from history as m where m.organization_id = h.organization_id and m.type = h.type and m.id = h.id)`;

function conditionsOf(
  { type, patient: kind }: RegisteredResource,
  { tenant, patient, where }: Narrowing,
  { id, since, during }: VersionsWanted,
): Fragment[] {
  const literal = sql.literal;
  // A scope's search is asked of rows: whoever uses the versions compares them with what it shows.
  const natives = where.some(({ search }) => search) ? [] : where.flatMap(({ native: name }) => name ?? []);
  const ofNative = (alias: string): Fragment =>
    sql`${sql.column(alias, 'native_resource')} in (${sql.join(natives.map(literal))})`;
  return [
    sql`h.organization_id = ${literal(tenant)}`,
    sql`h.type = ${literal(type)}`,
    ...(id === undefined ? [] : [sql`h.id = ${literal(id)}`]),
    // A row that was moved to another patient takes its past along.
    ...(patient === undefined || kind === 'shared'
      ? []
      : [sql`h.patient_id = ${literal(patient)}`, sql`l.patient_id = ${literal(patient)}`]),
    ...(natives.length === 0 ? [] : [ofNative('h'), ofNative('l')]),
    ...(since === undefined ? [] : [sql`h.at >= ${literal(since)}`]),
    ...(during === undefined ? [] : currentIn(during)),
  ];
}

/** It was made before the end of the interval, and not replaced before its start. */
const currentIn = ({ start, end }: { readonly start: number; readonly end: number }): Fragment[] => [
  sql`h.at < ${sql.literal(end)}`,
  sql`not exists (select 1 from history as n where n.organization_id = h.organization_id and n.type = h.type and n.id = h.id
    and n.version > h.version and n.at <= ${sql.literal(start)})`,
];

/** The first comparison is what an index is read by. */
const beyond = ({ at, type, id, version }: VersionPlace): Fragment =>
  all([
    sql`h.at <= ${sql.literal(at)}`,
    sql`(h.at, h.type, h.id, h.version) < (${sql.join([at, type, id, version].map(sql.literal))})`,
  ]);
