import { localise, type Context, type DraftRow } from '../define/elements/element.js';
import { relative } from '../define/elements/references.js';
import type { Literal } from '../define/json.js';
import { issueType, OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { IndexedValue } from '../search/values.js';
import { patientsOf, soleOf } from './compartment.js';
import { keepNarrative, split, type Extra } from './extra.js';
import { nativeName } from './native-name.js';
import { overflowOf } from './overflow-values.js';
import { rewriteReferences } from './references.js';
import { clientMeta, rendererOf } from './render.js';

export interface Sent {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly literals: readonly Literal[];
}

/** What a write makes of a resource before it is a row. */
export interface Draft {
  readonly columns: DraftRow;
  /** The one patient that it belongs to, if it is one. */
  readonly patient: string | undefined;
  readonly rendered: Record<string, unknown>;
  readonly kept: Extra['units'];
  readonly text: unknown;
  readonly literals: readonly Literal[];
  readonly overflow: ReadonlyMap<string, readonly IndexedValue[]>;
  readonly native: string;
}

/** Which version of which resource a row is. */
export interface Identity {
  readonly tenant: string;
  readonly id: string;
  readonly version: number;
  readonly at: number;
}

/** The row that says what was sent, and what the row cannot say. */
export function draftOf(
  resource: RegisteredResource,
  { resource: sent, literals }: Sent,
  id: string,
  context: Context,
): Draft {
  const { resourceType: _type, id: _id, meta, text, ...members } = sent;
  const own = clientMeta(meta, context);
  const columns = (resource.fromFhir as NonNullable<RegisteredResource['fromFhir']>)(members, context);
  const { source } = resource;
  const profiles = own?.['profile'] as string[] | undefined;
  // Several are kept like any other meta: a column of one is what an index serves.
  const [profile] = profiles?.length === 1 ? profiles : [];
  if (source.profile !== undefined) columns[source.profile] = profile === undefined ? null : localise(profile, context);
  const renderer = rendererOf(resource);
  const rendered = renderer.columns(renderer.layout.ofDraft(columns), context);
  const wanted = { ...(own && { meta: own }), ...members };
  const kept = split(wanted, rendered, renderer.unitOf);
  const units = Object.keys(kept);
  if (source.extra === undefined) refuseUnkept(resource.type, [...units, ...(text === undefined ? [] : ['text'])]);
  const whole = { resourceType: resource.type, id };
  // Elements that belong together are one unit, which has the name of one of them.
  const beside = Object.keys(wanted).filter((name) => units.includes(renderer.unitOf(name)));
  const overflow =
    units.length === 0
      ? new Map<string, IndexedValue[]>()
      : overflowOf(
          resource,
          localised({ ...whole, ...wanted }, context),
          { ...whole, ...rendered },
          [...units, ...beside],
          context.base,
        );
  const patients = patientsOf(resource, wanted, id, context.base);
  return {
    columns,
    patient: soleOf(patients),
    rendered,
    kept,
    text,
    literals,
    overflow,
    native: nativeName(resource, { ...whole, ...members }, context.base),
  };
}

/** Columns say `Patient/1` where a URL of this server was sent: what is compared with them must say the same. */
const localised = (sent: object, { base }: Context): object =>
  rewriteReferences(sent, (reference) => relative(reference, base)) as object;

/** The row with what the engine keeps on it. */
export function rowOf(resource: RegisteredResource, draft: Draft, { tenant, id, version, at }: Identity): DraftRow {
  const { source } = resource;
  const row: DraftRow = { ...draft.columns, [source.id]: id };
  const set = (column: string | undefined, value: string | number | null): void => {
    if (column !== undefined) row[column] = value;
  };
  if (source.tenant !== 'single') row[source.tenant] = tenant;
  set(source.parts, partsOf(resource, row));
  set(source.version, version);
  set(source.updated, at);
  set(source.native, draft.native);
  const extra: Extra = {
    at: version,
    units: draft.kept,
    ...(draft.literals.length > 0 && { literals: draft.literals }),
  };
  const empty = Object.keys(draft.kept).length === 0 && draft.literals.length === 0;
  set(source.extra, empty ? null : JSON.stringify(extra));
  set(
    source.narrative,
    draft.text === undefined ? null : JSON.stringify(keepNarrative(draft.text, draft.rendered, version)),
  );
  if (source.patient !== source.id) set(source.patient, draft.patient ?? null);
  return row;
}

/** The children that have rows, as `,names,telecoms,`. */
function partsOf({ children }: RegisteredResource, row: DraftRow): string {
  const present = Object.keys(children).filter((name) => (row[name] as DraftRow[] | undefined)?.length);
  return `,${present.join(',')},`;
}

/** A source without `extra` takes nothing that its columns cannot hold. */
export function refuseUnkept(type: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  throw new OutcomeError(422, 'not-kept', 'The source of this type cannot hold these elements', {
    issues: paths.map((path) => ({
      severity: 'error',
      code: issueType('not-kept'),
      text: `The source of ${type} has no column for all of ${path}`,
      error: 'not-kept',
      expression: [`${type}.${path}`],
    })),
  });
}
