import { createHash } from 'node:crypto';
import type { Context, RowLike } from '../define/elements/element.js';
import { writeJson } from '../define/json.js';
import type { RegisteredResource } from '../registry.js';
import { patientsOf } from './compartment.js';
import { merge, narrativeOf, unitsOf, type Extra, type KeptNarrative } from './extra.js';

/** A resource ready to be sent, and what the last check before output compares. */
export interface Entry {
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  /** Milliseconds since 1970 UTC; undefined where the source does not know. */
  readonly lastUpdated: number | undefined;
  readonly tenant: string;
  /** The patients that the rendered resource names in its compartment. */
  readonly patients: readonly string[];
  readonly native: string;
  readonly text: string;
}

const NATIVE_TAG = 'CodeSystem/native-resource';

type Unit = (member: string) => string;
const units = new WeakMap<RegisteredResource, Unit>();

export function unitOf(resource: RegisteredResource): Unit {
  let unit = units.get(resource);
  if (!unit) units.set(resource, (unit = unitsOf(resource.type, resource.together)));
  return unit;
}

/** The columns that the engine itself needs, in this order before those of the view. */
export function engineColumns({ source }: RegisteredResource): string[] {
  const { id, version, updated, tenant, native, extra, narrative, profile } = source;
  const all = [id, version, updated, tenant === 'single' ? undefined : tenant, native, extra, narrative, profile];
  return all.filter((name) => name !== undefined);
}

/** The resource as its columns alone say it: without id, narrative and what the server owns of meta. */
export function renderColumns(resource: RegisteredResource, row: RowLike, context: Context): Record<string, unknown> {
  const rendered = resource.toFhir(row, context);
  const profile = resource.source.profile === undefined ? undefined : row[resource.source.profile];
  return typeof profile === 'string' ? { meta: { profile: profile.split(' ') }, ...rendered } : rendered;
}

/** The whole resource of a row. */
export function render(resource: RegisteredResource, row: RowLike, tenant: string, context: Context): Entry {
  const { source, type } = resource;
  const id = fhirId(resource, row[source.id] as string | number);
  const lastUpdated = source.updated === undefined ? undefined : Number(row[source.updated]);
  const native = source.native === undefined ? 'none' : (row[source.native] as string);
  const columns = renderColumns(resource, row, context);
  const version = source.version === undefined ? lastUpdated : (row[source.version] as number);
  const extra = parse<Extra>(row, source.extra);
  const body = extra ? merge(type, columns, extra, version ?? 0, unitOf(resource)) : columns;
  const narrative = parse<KeptNarrative>(row, source.narrative);
  const text = narrative && narrativeOf(narrative, columns, version ?? 0);
  const { meta, ...rest } = body;
  const whole = {
    resourceType: type,
    id,
    meta: serverMeta(meta as Meta | undefined, version, lastUpdated, native, context),
    ...(text !== undefined && { text }),
    ...rest,
  };
  const written = writeJson(whole, extra?.literals);
  return {
    type,
    id,
    // A source that knows neither version nor time: what it says is its version.
    versionId: version === undefined ? createHash('sha1').update(written).digest('hex').slice(0, 16) : String(version),
    lastUpdated,
    tenant: source.tenant === 'single' ? tenant : (row[source.tenant] as string),
    patients: patientsOf(resource, whole, id, context.base),
    native,
    text: written,
  };
}

export function fhirId({ source }: RegisteredResource, stored: string | number): string {
  return source.idCodec ? source.idCodec.toFhir(stored) : String(stored);
}

interface Meta {
  tag?: { system?: string; code?: string }[];
}

function serverMeta(
  meta: Meta | undefined,
  version: number | undefined,
  lastUpdated: number | undefined,
  native: string,
  { base }: Context,
): object {
  const tag = [...(meta?.tag ?? []), ...(native === 'none' ? [] : [{ system: `${base}/${NATIVE_TAG}`, code: native }])];
  return {
    ...(version !== undefined && { versionId: String(version) }),
    ...(lastUpdated !== undefined && { lastUpdated: new Date(lastUpdated).toISOString() }),
    ...meta,
    ...(tag.length > 0 && { tag }),
  };
}

/** What a client says in meta, without what is the server's to say. */
export function clientMeta(meta: unknown, { base }: Context): Record<string, unknown> | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined;
  const { versionId: _version, lastUpdated: _updated, tag, ...rest } = meta as Record<string, unknown>;
  const tags = Array.isArray(tag)
    ? (tag as { system?: string }[]).filter((each) => each.system !== `${base}/${NATIVE_TAG}`)
    : [];
  const left = { ...rest, ...(tags.length > 0 && { tag: tags }) };
  return Object.keys(left).length > 0 ? left : undefined;
}

function parse<T>(row: RowLike, column: string | undefined): T | undefined {
  const text = column === undefined ? undefined : row[column];
  return typeof text === 'string' ? (JSON.parse(text) as T) : undefined;
}
