import { createHash } from 'node:crypto';
import { globalise, type Context, type Values } from '../define/elements/element.js';
import { writeJson } from '../define/json.js';
import { NATIVE_TAG, nativeOfAll, type RegisteredResource } from '../registry.js';
import { patientsOf } from './compartment.js';
import { merge, narrativeOf, unitsOf, type Extra, type KeptNarrative } from './extra.js';
import { layoutOf, type Layout } from './layout.js';

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

/** Turns rows of one resource type into resources. */
export interface Renderer {
  /** The whole resource of a row. */
  render(this: void, row: Values, tenant: string, context: Context): Entry;
  /** The resource as its columns alone say it: without id, narrative and what the server owns of meta. */
  columns(this: void, row: Values, context: Context): Record<string, unknown>;
  /** Which unit a member belongs to, for what is kept beside the columns. */
  readonly unitOf: (member: string) => string;
  readonly layout: Layout;
}

const renderers = new WeakMap<RegisteredResource, Renderer>();

export function rendererOf(resource: RegisteredResource): Renderer {
  let renderer = renderers.get(resource);
  if (!renderer) renderers.set(resource, (renderer = makeRenderer(resource)));
  return renderer;
}

function makeRenderer(resource: RegisteredResource): Renderer {
  const { source, type } = resource;
  const layout = layoutOf(resource);
  const unitOf = unitsOf(type, resource.together);
  const ofAll = nativeOfAll(resource);
  const at = {
    id: layout.place(source.id) as number,
    version: layout.place(source.version),
    updated: layout.place(source.updated),
    tenant: source.tenant === 'single' ? undefined : layout.place(source.tenant),
    native: layout.place(source.native),
    extra: layout.place(source.extra),
    narrative: layout.place(source.narrative),
    profile: layout.place(source.profile),
  };
  const value = (row: Values, place: number | undefined): unknown => (place === undefined ? null : row[place]);

  const columns = (row: Values, context: Context): Record<string, unknown> => {
    const rendered = layout.toFhir(row, context);
    const profile = value(row, at.profile);
    return typeof profile === 'string' ? { meta: { profile: [globalise(profile, context)] }, ...rendered } : rendered;
  };

  const render = (row: Values, tenant: string, context: Context): Entry => {
    const id = fhirId(resource, row[at.id] as string | number);
    const lastUpdated = at.updated === undefined ? undefined : Number(row[at.updated]);
    const native = (value(row, at.native) as string | null) ?? ofAll;
    const version = at.version === undefined ? lastUpdated : (row[at.version] as number);
    const rendered = columns(row, context);
    const extra = parse(value(row, at.extra)) as Extra | undefined;
    const { meta, ...members } = extra ? merge(type, rendered, extra, version ?? 0, unitOf) : rendered;
    const narrative = parse(value(row, at.narrative)) as KeptNarrative | undefined;
    const text = narrative && narrativeOf(narrative, rendered, version ?? 0);
    const body = text === undefined ? members : { text, ...members };
    const about = metaText(meta as Meta | undefined, version, lastUpdated, native, context);
    const head = `{"resourceType":"${type}","id":${JSON.stringify(id)}${about === '{}' ? '' : `,"meta":${about}`}`;
    const rest = writeJson(body, extra?.literals);
    const written = rest === '{}' ? `${head}}` : `${head},${rest.slice(1)}`;
    return {
      type,
      id,
      // A source that knows neither version nor time: what it says is its version.
      versionId:
        version === undefined ? createHash('sha1').update(written).digest('hex').slice(0, 16) : String(version),
      lastUpdated,
      tenant: at.tenant === undefined ? tenant : (row[at.tenant] as string),
      patients: patientsOf(resource, body, id, context.base),
      native,
      text: flat(written),
    };
  };
  return { render, columns, unitOf, layout };
}

/**
 * The same text in one piece. V8 keeps what was concatenated as a tree of its parts, which is walked by each answer that
 * has it and takes several times the memory; asking for a character is what makes it one.
 */
function flat(text: string): string {
  text.charCodeAt(text.length - 1);
  return text;
}

export function fhirId({ source }: RegisteredResource, stored: string | number): string {
  return source.idCodec ? source.idCodec.toFhir(stored) : String(stored);
}

interface Meta {
  readonly tag?: readonly { readonly system?: string; readonly code?: string }[];
}

/** `meta`: what the server says of version, time and origin, and what the client said beside it. */
function metaText(
  meta: Meta | undefined,
  version: number | undefined,
  lastUpdated: number | undefined,
  native: string,
  { base }: Context,
): string {
  let text = '{';
  if (version !== undefined) text += `"versionId":"${String(version)}"`;
  if (lastUpdated !== undefined)
    text += `${text === '{' ? '' : ','}"lastUpdated":"${new Date(lastUpdated).toISOString()}"`;
  let tags = '';
  if (meta) {
    const { tag = [], ...said } = meta;
    const members = JSON.stringify(said).slice(1, -1);
    if (members !== '') text += `${text === '{' ? '' : ','}${members}`;
    tags = tag.map((each) => JSON.stringify(each)).join(',');
  }
  if (native !== 'none') tags += `${tags === '' ? '' : ','}{"system":"${base}/${NATIVE_TAG}","code":"${native}"}`;
  if (tags !== '') text += `${text === '{' ? '' : ','}"tag":[${tags}]`;
  return `${text}}`;
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

const parse = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : undefined);
