import { narrow, type Access } from '../access/narrow.js';
import type { Position, SearchRequest } from '../define/request.js';
import type { FhirRequest, Interaction } from '../http/fhir-request.js';
import { operationOutcome } from '../http/operation-outcome.js';
import type { Issue } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Pairs } from '../search/options.js';
import { parse } from '../search/parse.js';
import type { Page } from '../store/rows.js';
import { matchEntry, searchSet } from './bundle.js';
import { CURSOR, LAST, readCursor, writeCursor, type Cursor } from './cursor.js';
import { accessOf, resourceOf, type Facade } from './facade.js';
import { included, type Included } from './includes.js';
import { shaped } from './subset.js';

/** https://hl7.org/fhir/R4/http.html#search, by GET and by POST. */
export const searchType =
  (facade: Facade): Interaction =>
  async (request) => {
    const resource = resourceOf(facade, request.type);
    const access = accessOf(request);
    const narrowing = narrow(access, resource, 's');
    const cursor = cursorOf(facade, request, access);
    const search = parse(resource, cursor?.params ?? request.params, {
      registry: facade.registry,
      base: facade.base,
      handling: handling(facade, request),
      now: facade.now(),
      reach: (other) => narrow(access, other, 's'),
    });
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
    const body = bundle(facade, access, resource, search, page, more, cursor, total);
    return { status: 200, body, shown: [...page.entries, ...more.entries] };
  };

/** `Prefer: handling=` decides; without it, the configuration. */
function handling({ searchHandling }: Facade, { headers }: FhirRequest): 'strict' | 'lenient' {
  const preferred = /(?:^|[,;\s])handling\s*=\s*"?(strict|lenient)/i.exec(headers.prefer ?? '')?.[1];
  return (preferred?.toLowerCase() as 'strict' | 'lenient' | undefined) ?? searchHandling;
}

function cursorOf({ cursorKey }: Facade, { params, type }: FhirRequest, access: Access): Cursor | undefined {
  const text = params.find(([name]) => name === CURSOR)?.[1];
  if (text === undefined) return undefined;
  if (text === LAST) return { params: params.filter(([name]) => name !== CURSOR), position: { direction: 'before' } };
  return readCursor(cursorKey, access, type, text);
}

function bundle(
  facade: Facade,
  access: Access,
  resource: RegisteredResource,
  search: SearchRequest,
  page: Page,
  more: Included,
  cursor: Cursor | undefined,
  total: number | undefined,
): string {
  const { base } = facade;
  const text = (entry: { type: string; text: string }): string => shaped(entry.type, entry.text, search);
  const issues = notes(search, more);
  return searchSet({
    links: links(facade, access, resource, search, page, cursor, total),
    ...(total !== undefined && { total }),
    entries: [
      ...page.entries.map((entry) => matchEntry(base, entry, 'match', text(entry))),
      ...more.entries.map((entry) => matchEntry(base, entry, 'include')),
      ...(issues.length > 0
        ? [{ text: JSON.stringify(operationOutcome(issues, base)), mode: 'outcome' as const }]
        : []),
    ],
  });
}

/** What a client should know of an answer that is not all that it asked for. */
function notes(search: SearchRequest, more: Included): Issue[] {
  const issues: Issue[] = [];
  if (search.ignored.length > 0) {
    const names = [...new Set(search.ignored)].filter((name) => /^[\w.:-]{1,64}$/.test(name));
    const text = `These search parameters are not supported and were ignored: ${names.join(', ')}`;
    issues.push({ severity: 'warning', code: 'not-supported', text, error: 'unsupported-parameter' });
  }
  if (more.truncated)
    issues.push({
      severity: 'warning',
      code: 'incomplete',
      text: 'More resources would be included than one page can hold; ask for fewer matches with _count',
      error: 'too-costly',
    });
  return issues;
}

function links(
  { base, cursorKey }: Facade,
  access: Access,
  { type }: RegisteredResource,
  search: SearchRequest,
  page: Page,
  cursor: Cursor | undefined,
  total: number | undefined,
): [relation: string, url: string][] {
  const url = (params: Pairs): string => {
    const query = new URLSearchParams(params as [string, string][]).toString();
    return query === '' ? `${base}/${type}` : `${base}/${type}?${query}`;
  };
  const self = url(search.used);
  const at = (position: Position): string =>
    url([
      [
        CURSOR,
        writeCursor(cursorKey, access, type, { params: search.used, position, ...(total !== undefined && { total }) }),
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
