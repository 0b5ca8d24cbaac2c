import { narrow, tryNarrow, type Access } from '../access/narrow.js';
import { interval } from '../define/dates.js';
import type { Narrowing } from '../define/request.js';
import { etag } from '../http/etag.js';
import type { FhirRequest, Interaction, Shown } from '../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Entry } from '../store/render.js';
import {
  countVersions,
  findVersions,
  type FoundVersion,
  type VersionPlace,
  type VersionsWanted,
} from '../store/versions.js';
import { historySet, type HistoryEntry } from './bundle.js';
import { CURSOR, readCursor, writeCursor, type Cursor } from './cursor.js';
import { accessOf, checkId, notFound, resourceOf, type Facade } from './facade.js';
import { offers } from './offers.js';
import { visible } from './read.js';

const DEFAULT_COUNT = 20;
const MAX_COUNT = 500;
/** Versions that are looked at for one page, where a scope's search hides most of them. */
const MAX_SCANNED = 2000;
/** Versions that are read at a time, and resources as they are now: each may be megabytes. */
const TOGETHER = 50;
const CURRENT_TOGETHER = 10;

/** https://hl7.org/fhir/R4/http.html#history: what was written, newest first, of one resource, a type, or all types. */
export const history =
  (facade: Facade): Interaction =>
  async (request) => {
    const access = accessOf(request);
    const types = opened(facade, request, access);
    const bound = `history ${request.type}/${request.id}`;
    const text = request.params.find(([name]) => name === CURSOR)?.[1];
    const cursor = text === undefined ? undefined : readCursor(facade.cursorKey, access, bound, text);
    const { count, ...limits } = parse(cursor?.params ?? request.params);
    const wanted: VersionsWanted = { types, ...limits, ...(request.id !== '' && { id: request.id }) };
    const page = await pageOf(facade, wanted, placeOf(cursor), count);
    if (request.id !== '' && page.shown.length === 0) await checkThere(facade, types, request.id);
    const total = cursor?.total ?? (await totalOf(facade, wanted));
    const params = cursor?.params ?? request.params;
    const body = historySet({
      links: links(
        facade,
        request,
        access,
        bound,
        { params, ...(total !== undefined && { total }) },
        page.next,
        !cursor,
      ),
      ...(total !== undefined && { total }),
      entries: page.shown.map((each) => entryOf(facade, each)),
    });
    return { status: 200, body, shown: page.shown.map(({ version, entry }) => shownOf(version, entry)) };
  };

/** The types of a request, each with what its scopes open. Errors: 403 where they open none. */
function opened(facade: Facade, { type, id }: FhirRequest, access: Access): VersionsWanted['types'] {
  if (type !== '') {
    const resource = resourceOf(facade, type);
    if (id !== '') checkId(id);
    return [{ resource, narrowing: narrow(access, resource, id === '' ? 's' : 'r') }];
  }
  const kept = facade.registry.all().filter((resource) => offers(resource, 'history'));
  const types = kept.flatMap((resource) => {
    const narrowing = tryNarrow(access, resource, ['s']);
    return narrowing ? [{ resource, narrowing }] : [];
  });
  if (types.length === 0 && kept[0]) narrow(access, kept[0], 's');
  return types;
}

async function checkThere(facade: Facade, types: VersionsWanted['types'], id: string): Promise<void> {
  if ((await pageOf(facade, { types, id }, undefined, 1)).shown.length === 0) throw notFound();
}

interface Parsed extends Pick<VersionsWanted, 'since' | 'during'> {
  readonly count: number;
}

function parse(params: FhirRequest['params']): Parsed {
  const known = ['_count', '_since', '_at'];
  const values = new Map<string, string>();
  for (const [name, value] of params) {
    if (!known.includes(name)) throw invalidParameter(`A history takes the parameters ${known.join(', ')}`);
    if (values.has(name)) throw invalidParameter(`${name} is given more than once`);
    if (value !== '') values.set(name, value);
  }
  const [count, since, at] = known.map((name) => values.get(name));
  if (count !== undefined && !/^\d{1,9}$/.test(count)) throw invalidParameter('_count takes a whole number');
  const from = since === undefined ? undefined : moment('_since', since);
  const during = at === undefined ? undefined : moment('_at', at);
  return {
    count: Math.min(count === undefined ? DEFAULT_COUNT : Number(count), MAX_COUNT),
    ...(from && { since: from.start }),
    ...(during && { during }),
  };
}

/** An unencoded + of a URL arrives as a space. */
function moment(name: string, text: string): { start: number; end: number } {
  const found = interval(text.replace(' ', '+'));
  if (!found) throw invalidParameter(`${name} takes a date or an instant`);
  return found;
}

/** A version, and its resource as it is now, where it is still there. */
interface Visible {
  readonly version: FoundVersion;
  readonly entry: Entry | undefined;
  readonly text: string | undefined;
}

interface VersionPage {
  readonly shown: readonly Visible[];
  /** Where the next page begins, if there may be one. */
  readonly next?: VersionPlace;
}

async function pageOf(
  facade: Facade,
  wanted: VersionsWanted,
  start: VersionPlace | undefined,
  count: number,
): Promise<VersionPage> {
  const shown: Visible[] = [];
  let after = start;
  let left = facade.rows.mostCharacters;
  if (count === 0 || !facade.own) return { shown };
  for (let scanned = 0; scanned < MAX_SCANNED;) {
    const limit = Math.min(count - shown.length + 1, TOGETHER);
    const found = await findVersions(facade.own, wanted, after, limit);
    scanned += found.length;
    for (let from = 0; from < found.length; from += CURRENT_TOGETHER)
      for (const each of await visibleOf(facade, wanted, found.slice(from, from + CURRENT_TOGETHER))) {
        left -= each.text?.length ?? 0;
        const last = shown.at(-1);
        // A page ends where it is long enough: the rest is on the next one.
        if (last && (shown.length === count || left < 0)) return { shown, next: last.version };
        shown.push(each);
      }
    if (found.length < limit) return { shown };
    after = found.at(-1);
  }
  return { shown, ...(after && { next: after }) };
}

/** Those that the narrowings show: both the version and the resource as it is now. */
async function visibleOf(
  { rows }: Facade,
  { types }: VersionsWanted,
  found: readonly FoundVersion[],
): Promise<Visible[]> {
  const current = new Map<string, Entry>();
  for (const { resource, narrowing } of types) {
    const ids = new Set(
      found.filter(({ type, last }) => type === resource.type && last !== 'DELETE').map(({ id }) => id),
    );
    for (const entry of await rows.readAll(resource, [...ids], narrowing))
      current.set(`${entry.type}/${entry.id}`, entry);
  }
  const byType = new Map(types.map((each) => [each.resource.type, each]));
  return found.flatMap((version) => {
    const { resource, narrowing } = byType.get(version.type) as { resource: RegisteredResource; narrowing: Narrowing };
    const entry = current.get(`${version.type}/${version.id}`);
    const isCurrent = entry?.versionId === String(version.version);
    if (!(isCurrent || ((entry ?? version.last === 'DELETE') && visible(resource, version, narrowing)))) return [];
    const text = isCurrent ? entry.text : version.body;
    return [{ version, entry, text }];
  });
}

/** What a scope's search hides cannot be counted: then there is no total. */
async function totalOf({ own }: Facade, wanted: VersionsWanted): Promise<number | undefined> {
  if (!own || wanted.types.some(({ narrowing }) => narrowing.where.some(({ search }) => search))) return undefined;
  return countVersions(own, wanted);
}

function entryOf(
  { base }: Facade,
  { version: { type, id, method, version, at, before }, text }: Visible,
): HistoryEntry {
  // What was deleted is made again by an update, which is answered as such.
  const put = before === 'DELETE' ? '201 Created' : '200 OK';
  const status = { POST: '201 Created', PUT: put, DELETE: '204 No Content' }[method];
  return {
    fullUrl: `${base}/${type}/${id}`,
    ...(method !== 'DELETE' && text !== undefined && { text }),
    request: { method, url: method === 'POST' ? type : `${type}/${id}` },
    response: { status, etag: etag(String(version)), lastModified: new Date(at).toISOString() },
  };
}

const shownOf = ({ type, id, patient }: FoundVersion, entry: Entry | undefined): Shown => ({
  ...{ type, id },
  patients: patient === undefined ? (entry?.patients ?? []) : [patient],
});

function links(
  { base, cursorKey }: Facade,
  { type, id }: FhirRequest,
  access: Access,
  bound: string,
  cursor: Omit<Cursor, 'position'>,
  next: VersionPlace | undefined,
  isFirst: boolean,
): [relation: string, url: string][] {
  const path = [base, type, id, '_history'].filter((part) => part !== '').join('/');
  const url = (params: FhirRequest['params']): string => {
    const query = new URLSearchParams(params as [string, string][]).toString();
    return query === '' ? path : `${path}?${query}`;
  };
  const self = url(cursor.params);
  const found: [string, string][] = [['self', self]];
  if (!isFirst || next) found.push(['first', self]);
  if (!next) return found;
  const { at, type: ofType, id: ofId, version } = next;
  const position = { direction: 'after', row: { keys: [at, ofType, version], id: ofId } } as const;
  found.push(['next', url([[CURSOR, writeCursor(cursorKey, access, bound, { ...cursor, position })]])]);
  return found;
}

function placeOf(cursor: Cursor | undefined): VersionPlace | undefined {
  const row = cursor?.position?.row;
  if (!row) return undefined;
  const [at, type, version] = row.keys;
  if (typeof at !== 'number' || typeof type !== 'string' || typeof version !== 'number' || typeof row.id !== 'string')
    throw new OutcomeError(400, 'invalid-cursor', 'This page link is not one of a history');
  return { at, type, id: row.id, version };
}
