import { narrow, tryNarrow, type Access } from '../access/narrow.js';
import type { Narrowing, Position, SearchRequest } from '../define/request.js';
import type { FhirRequest, Interaction } from '../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { inCompartment } from '../search/compartment.js';
import type { Pairs, ParseOptions } from '../search/options.js';
import { parse } from '../search/parse.js';
import { tooLong } from '../search/too-costly.js';
import type { Entry } from '../store/render.js';
import { storedId } from '../store/stored.js';
import { CURSOR, readCursor, writeCursor, type Cursor } from './cursor.js';
import { accessOf, type Facade } from './facade.js';
import { compartmentOf, handling, lengthOf, searchBundle, searchUrl } from './search-bundle.js';

/** One of the types that are searched together. */
interface Part {
  readonly resource: RegisteredResource;
  readonly narrowing: Narrowing;
  readonly search: SearchRequest;
}

/**
 * https://hl7.org/fhir/R4/http.html#search over several types, and over all that belongs to a patient. A parameter is
 * one that each of the types has; the order is that of the last change, which is the only one that they share.
 */
export const searchSystem =
  (facade: Facade): Interaction =>
  async (request) => {
    const access = accessOf(request);
    const patient = compartmentOf(request);
    const path = patient === undefined ? '' : `Patient/${patient}/*`;
    const text = request.params.find(([name]) => name === CURSOR)?.[1];
    const cursor = text === undefined ? undefined : readCursor(facade.cursorKey, access, path, text);
    const params = cursor?.params ?? request.params;
    const resources = typesOf(facade, access, params, patient);
    const parts = partsOf(facade, request, access, resources, params, patient);
    const [{ search }] = parts as [Part];
    const found = search.count === 0 ? [] : await pagesOf(facade, parts, cursor);
    const descending = search.sort[0]?.descending === true;
    const merged = found
      .flatMap(({ part, entries }) => entries.map((entry) => ({ part, entry })))
      .sort((a, b) => order(a.entry, b.entry) * (descending ? -1 : 1));
    const page = merged.slice(0, search.count);
    const more = merged.length > page.length || found.some((each) => each.more);
    const total = await totalOf(facade, parts, cursor, merged.length, more);
    const used: Pairs = [...typePairs(params, resources), ...search.used];
    const self = searchUrl(facade.base, path, used);
    const links: [string, string][] = [['self', self]];
    if (more || cursor) links.push(['first', self]);
    if (more && search.count > 0) {
      const each = positions(page, cursor);
      const next = { params: used, each, ...(total !== undefined && { total }) };
      links.push(['next', searchUrl(facade.base, path, [[CURSOR, writeCursor(facade.cursorKey, access, path, next)]])]);
    }
    const entries = page.map(({ entry }) => entry);
    const none = { entries: [], truncated: false };
    const body = searchBundle(facade, { search, links, total, entries, more: none });
    return { status: 200, body, shown: entries };
  };

/** The types that are asked for; without `_type`, all that the token may search and that need not be named. */
function typesOf(
  { registry }: Facade,
  access: Access,
  params: Pairs,
  patient: string | undefined,
): readonly RegisteredResource[] {
  const named = params.filter(([name]) => name === '_type');
  if (named.length > 1) throw invalidParameter('_type is given more than once');
  const types = [...new Set((named[0]?.[1] ?? '').split(',').filter(Boolean))];
  const belongs = (each: RegisteredResource): boolean => patient === undefined || Array.isArray(each.patient);
  if (types.length > 0)
    return types.map((type) => {
      const resource = registry.get(type);
      if (!resource || !belongs(resource)) throw invalidParameter('_type names a type that cannot be searched here');
      return resource;
    });
  const all = registry.all().filter((each) => belongs(each) && !each.named && !isUndated(each));
  const open = all.filter((each) => tryNarrow(access, each, ['s']));
  // Refused, where nothing is open, as a search of the first would be.
  return open.length > 0 ? open : all.slice(0, 1);
}

const isUndated = ({ sort }: RegisteredResource): boolean =>
  !sort.some((key) => key === LAST_UPDATED || key === `-${LAST_UPDATED}`);

const LAST_UPDATED = '_lastUpdated';

function partsOf(
  facade: Facade,
  request: FhirRequest,
  access: Access,
  resources: readonly RegisteredResource[],
  params: Pairs,
  patient: string | undefined,
): Part[] {
  const { registry, base } = facade;
  const reach = (other: RegisteredResource): Narrowing => narrow(access, other, 's');
  const options: ParseOptions = { registry, base, reach, now: facade.now(), handling: handling(facade, request) };
  const pairs = params.filter(([name]) => name !== '_type' && name !== CURSOR);
  const sort = pairs.find(([name]) => name === '_sort')?.[1] ?? `-${LAST_UPDATED}`;
  if (sort !== LAST_UPDATED && sort !== `-${LAST_UPDATED}`)
    throw new OutcomeError(400, 'unsupported-sort', `A search over several types can be sorted by ${LAST_UPDATED}`);
  if (pairs.some(([name]) => /^_(rev)?include\b/.test(name)))
    throw new OutcomeError(400, 'unsupported-include', 'A search over several types includes nothing beside them');
  const asked: Pairs = [...pairs.filter(([name]) => name !== '_sort'), ['_sort', sort]];
  const read = (handled: Pairs, each: ParseOptions): Part[] =>
    resources.map((resource) => {
      const narrowing = narrow(access, resource, 's');
      const search = parse(resource, handled, each);
      const belongs = patient === undefined ? undefined : inCompartment(resource, patient, options);
      const criteria = belongs ? [belongs, ...search.criteria] : search.criteria;
      return { resource, narrowing, search: { ...search, criteria } };
    });
  const parts = read(asked, options);
  const ignored = new Set(parts.flatMap(({ search }) => search.ignored));
  if (ignored.size === 0) return parts;
  // What one type does not have, the others are not asked for either.
  const left = asked.filter(([name]) => !ignored.has(name));
  const again = read(left, { ...options, handling: 'strict' });
  return again.map((part) => ({ ...part, search: { ...part.search, ignored: [...ignored] } }));
}

interface Found {
  readonly part: Part;
  readonly entries: readonly Entry[];
  readonly more: boolean;
}

/** As many of each type as the page may hold: which of them it holds is then known. */
async function pagesOf({ rows }: Facade, parts: readonly Part[], cursor: Cursor | undefined): Promise<Found[]> {
  const found: Found[] = [];
  let characters = 0;
  for (const part of parts) {
    const { resource, search, narrowing } = part;
    const { entries, more } = await rows.find(resource, search, narrowing, cursor?.each?.[resource.type]);
    characters += lengthOf(entries);
    if (characters > rows.mostCharacters) throw tooLong();
    found.push({ part, entries, more });
  }
  return found;
}

/** By the last change, then by type and id: every page has the same order. */
function order(a: Entry, b: Entry): number {
  const [first, second] = [a.lastUpdated as number, b.lastUpdated as number];
  if (first !== second) return first < second ? -1 : 1;
  if (a.type !== b.type) return a.type < b.type ? -1 : 1;
  return 0;
}

/** Where each type goes on: after its last row on this page or on a former one. */
function positions(
  page: readonly { readonly part: Part; readonly entry: Entry }[],
  cursor: Cursor | undefined,
): Record<string, Position> {
  const found: Record<string, Position> = { ...cursor?.each };
  for (const { part, entry } of page) {
    const id = storedId(part.resource, entry.id) as string | number;
    found[entry.type] = { direction: 'after', row: { keys: [entry.lastUpdated as number], id } };
  }
  return found;
}

async function totalOf(
  { rows }: Facade,
  parts: readonly Part[],
  cursor: Cursor | undefined,
  found: number,
  more: boolean,
): Promise<number | undefined> {
  const [{ search }] = parts as [Part];
  if (cursor) return cursor.total;
  if (search.count > 0 && !more) return found;
  if (search.count > 0 && search.total !== 'accurate') return undefined;
  let total = 0;
  for (const { resource, search: each, narrowing } of parts) total += await rows.count(resource, each, narrowing);
  return total;
}

/** `_type` as it was used; a page goes on with the types of the first. */
const typePairs = (params: Pairs, resources: readonly RegisteredResource[]): Pairs =>
  params.some(([name]) => name === '_type') ? [['_type', resources.map(({ type }) => type).join(',')]] : [];
