import { narrow, type Access } from '../access/narrow.js';
import type { Narrowing, Position, SearchRequest } from '../define/request.js';
import type { FhirRequest, FhirResponse, Interaction } from '../http/fhir-request.js';
import type { RegisteredResource } from '../registry.js';
import { inCompartment } from '../search/compartment.js';
import type { Pairs, ParseOptions } from '../search/options.js';
import { parse } from '../search/parse.js';
import type { Page } from '../store/rows.js';
import { CURSOR, LAST, readCursor, writeCursor, type Cursor } from './cursor.js';
import { accessOf, resourceOf, type Facade } from './facade.js';
import { included } from './includes.js';
import { compartmentOf, handling, notInCompartment, searchBundle, searchUrl } from './search-bundle.js';

/** What is searched, and how its parameters are read. */
export interface Searched {
  readonly resource: RegisteredResource;
  readonly narrowing: Narrowing;
  /** Below the base: where its pages are. */
  readonly path: string;
  readonly read: (params: Pairs, options: ParseOptions) => SearchRequest;
}

/** https://hl7.org/fhir/R4/http.html#search, by GET and by POST: of a type, or of what of it belongs to a patient. */
export const searchType =
  (facade: Facade): Interaction =>
  async (request) => {
    const resource = resourceOf(facade, request.type);
    const narrowing = narrow(accessOf(request), resource, 's');
    const patient = compartmentOf(request);
    if (patient === undefined)
      return pageOf(facade, request, {
        ...{ resource, narrowing, path: resource.type },
        read: (params, options) => parse(resource, params, options),
      });
    return pageOf(facade, request, {
      ...{ resource, narrowing, path: `Patient/${patient}/${resource.type}` },
      read: (params, options) => within(resource, patient, parse(resource, params, options), options),
    });
  };

/** A page of what a search finds, with its links. */
export async function pageOf(facade: Facade, request: FhirRequest, searched: Searched): Promise<FhirResponse> {
  const { resource, narrowing, path } = searched;
  const access = accessOf(request);
  const cursor = cursorOf(facade, request, access, path);
  const options: ParseOptions = {
    registry: facade.registry,
    base: facade.base,
    handling: handling(facade, request),
    now: facade.now(),
    reach: (other) => narrow(access, other, 's'),
  };
  const search = searched.read(cursor?.params ?? request.params, options);
  const page: Page =
    search.count === 0
      ? { entries: [], more: false }
      : await facade.rows.find(resource, search, narrowing, cursor?.position);
  const whole = cursor?.position === undefined && !page.more;
  const total =
    search.count === 0 || (search.total === 'accurate' && cursor?.total === undefined && !whole)
      ? await facade.rows.count(resource, search, narrowing)
      : whole
        ? page.entries.length
        : cursor?.total;
  const more = await included(facade, access, resource, search, page.entries);
  const { entries } = page;
  const linked = links(facade, access, path, search, page, cursor, total);
  const body = searchBundle(facade, { search, links: linked, total, entries, more });
  return { status: 200, body, shown: [...entries, ...more.entries] };
}

/** What of a search belongs to a patient. */
function within(
  resource: RegisteredResource,
  patient: string,
  search: SearchRequest,
  options: ParseOptions,
): SearchRequest {
  const belongs = inCompartment(resource, patient, options);
  if (!belongs) throw notInCompartment(resource.type);
  return { ...search, criteria: [belongs, ...search.criteria] };
}

function cursorOf({ cursorKey }: Facade, { params }: FhirRequest, access: Access, path: string): Cursor | undefined {
  const text = params.find(([name]) => name === CURSOR)?.[1];
  if (text === undefined) return undefined;
  if (text === LAST) return { params: params.filter(([name]) => name !== CURSOR), position: { direction: 'before' } };
  return readCursor(cursorKey, access, path, text);
}

function links(
  { base, cursorKey }: Facade,
  access: Access,
  path: string,
  search: SearchRequest,
  page: Page,
  cursor: Cursor | undefined,
  total: number | undefined,
): [relation: string, url: string][] {
  const url = (params: Pairs): string => searchUrl(base, path, params);
  const self = url(search.used);
  const at = (position: Position): string =>
    url([
      [
        CURSOR,
        writeCursor(cursorKey, access, path, { params: search.used, position, ...(total !== undefined && { total }) }),
      ],
    ]);
  const found: [string, string][] = [['self', self]];
  const back = cursor?.position?.direction === 'before';
  const hasNext = back ? cursor.position.row !== undefined : page.more;
  const hasPrevious = back ? page.more : cursor?.position !== undefined;
  if (hasNext || hasPrevious) found.push(['first', self]);
  if (hasPrevious && page.first) found.push(['previous', at(page.first)]);
  if (hasNext && page.last) found.push(['next', at(page.last)]);
  if (hasNext || hasPrevious) found.push(['last', url([...search.used, [CURSOR, LAST]])]);
  return found;
}
