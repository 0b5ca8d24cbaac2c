import { parseJson, type Literal, type Parsed } from '../define/json.js';
import { dispatcher, type Match } from '../http/dispatch.js';
import type { FhirRequest, Headers, Route } from '../http/fhir-request.js';
import { OutcomeError } from '../outcome.js';
import { decodeBase64 } from '../store/blobs.js';
import type { Facade } from './facade.js';
import { offers } from './offers.js';
import { JSON_PATCH } from './patch.js';
import { checkNodes, MAX_ENTRIES, parsedBundle } from './sent.js';

/** Every reference of an entry is compared with it. */
const MAX_URL = 2048;
/** As for a request by itself: what Node takes of headers and a line together. */
const MAX_LINE = 16_384;

type Members = Readonly<Record<string, unknown>>;

/** One entry, as the request that it stands for. */
export interface BundleEntry {
  readonly index: number;
  readonly fullUrl: string | undefined;
  /** GET, HEAD, POST, PUT, PATCH or DELETE. */
  readonly method: string;
  readonly route: Route;
  readonly request: FhirRequest;
}

export interface BundleRequest {
  readonly type: 'batch' | 'transaction';
  readonly entries: readonly UnreadEntry[];
}

export interface UnreadEntry {
  readonly index: number;
  readonly read: () => BundleEntry;
  /** Its answer may be as long as a whole page: it is a search, a history or an operation. */
  readonly isLong: boolean;
}

/** Reads a batch or a transaction; an entry is read when it is asked for, so that a batch can refuse one alone. */
export function bundleIn(facade: Facade, routes: readonly Route[], request: FhirRequest): BundleRequest {
  const { value, literals } = parsedBundle(request.body);
  const bundle = value as Members | null;
  if (typeof bundle !== 'object' || bundle?.['resourceType'] !== 'Bundle') throw invalid('The body is not a Bundle');
  const { type, entry = [] } = bundle;
  if (type !== 'batch' && type !== 'transaction')
    throw invalid('A Bundle that is posted is a batch or a transaction', 'Bundle.type');
  if (!Array.isArray(entry)) throw invalid('It is not a list', 'Bundle.entry');
  if (entry.length > MAX_ENTRIES)
    throw new OutcomeError(400, 'too-costly', `A Bundle has ${String(MAX_ENTRIES)} entries at the most`);
  const dispatch = dispatcher(routes, (name, need) => {
    const resource = facade.registry.get(name);
    return resource !== undefined && (need === undefined || offers(resource, need));
  });
  return {
    type,
    entries: entry.map((each: unknown, index) => ({
      index,
      read: () => entryOf(each, index, request, literals, dispatch, facade.base),
      isLong: isLong(each, facade.base),
    })),
  };
}

const invalid = (text: string, expression?: string): OutcomeError =>
  new OutcomeError(400, 'invalid-resource', text, expression === undefined ? {} : { expression: [expression] });

const methods: ReadonlySet<unknown> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** Whatever is not one resource, or one version of it, or a write. */
function isLong(entry: unknown, base: string): boolean {
  const { method, url } = ((entry as Members | null)?.['request'] ?? {}) as Members;
  if (typeof url !== 'string') return false;
  const [path = ''] = below(url, base).split('?');
  if (method === 'GET') return !/^\w+\/[^/$_]+(\/_history\/[^/]+)?$/.test(path);
  return method === 'POST' && /[$_]/.test(path);
}

function entryOf(
  value: unknown,
  index: number,
  outer: FhirRequest,
  literals: readonly Literal[],
  dispatch: (method: string, path: string) => Match,
  base: string,
): BundleEntry {
  const at = `Bundle.entry[${String(index)}]`;
  if (typeof value !== 'object' || value === null) throw invalid('It is not an object', at);
  const { fullUrl, resource, request } = value as Members;
  if (fullUrl !== undefined && (typeof fullUrl !== 'string' || fullUrl.length > MAX_URL))
    throw invalid('It is not a URL', `${at}.fullUrl`);
  const { method, url: sent, ...conditions } = (request ?? {}) as Members;
  if (!methods.has(method)) throw invalid('It has no method that a Bundle takes', `${at}.request.method`);
  const url = typeof sent === 'string' && sent.length <= MAX_LINE ? below(sent, base) : undefined;
  // Nothing leads out of here, nor back into a Bundle.
  if (url === undefined || !isRelative(url, method as string))
    throw invalid('It is not a URL below the FHIR base', `${at}.request.url`);
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const { route, type, id, versionId } = dispatch(method as string, path);
  const body =
    method === 'POST' || method === 'PUT' || method === 'PATCH' ? bodyOf(resource, index, literals) : undefined;
  if (!body && resource !== undefined) throw invalid('This method takes no resource', `${at}.resource`);
  checkNodes(resource);
  const params = [...new URLSearchParams(query)];
  return {
    ...{ index, fullUrl, method: method as string, route },
    request: {
      ...{ method: route.method, interaction: route.interaction, type, id, versionId, params, body },
      headers: headersOf(conditions, outer.headers, at),
      access: outer.access,
      requestId: outer.requestId,
    },
  };
}

/**
 * It is relative to the base (https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request.url). Our own base
 * before it, or a slash, can mean nothing else, and clients write both.
 */
function below(url: string, base: string): string {
  const rest = url.startsWith(base) && /^[/?]/.test(url.slice(base.length)) ? url.slice(base.length) : url;
  return rest.replace(/^\/(?!\/)/, '');
}

/** A search over several types has no path; nothing else at the base is an entry. */
function isRelative(url: string, method: string): boolean {
  if (url.includes('..')) return false;
  return (method === 'GET' && url.startsWith('?')) || /^[A-Za-z_$][^:?]*(\?|$)/.test(url);
}

function headersOf(conditions: Members, { prefer }: Headers, at: string): Headers {
  const text = (name: string): string | undefined => {
    const value = conditions[name];
    if (value === undefined || (typeof value === 'string' && value.length <= MAX_LINE)) return value;
    throw invalid('It is not a text of a header', `${at}.request.${name}`);
  };
  return {
    accept: 'application/fhir+json',
    prefer,
    ifMatch: text('ifMatch'),
    ifNoneMatch: text('ifNoneMatch'),
    ifModifiedSince: text('ifModifiedSince'),
    ifNoneExist: text('ifNoneExist'),
  };
}

function bodyOf(resource: unknown, index: number, literals: readonly Literal[]): Parsed {
  const prefix = `entry.${String(index)}.resource.`;
  const own = literals.filter(([path]) => path.startsWith(prefix));
  const { resourceType, contentType, data } = (resource ?? {}) as Members;
  // A JSON Patch is no resource: in a Bundle it is the content of one.
  if (resourceType === 'Binary' && contentType === JSON_PATCH && typeof data === 'string')
    return parseJson(decodeBase64(data, `Bundle.entry[${String(index)}].resource.data`).toString('utf8'));
  return { value: resource, literals: own.map(([path, text]) => [path.slice(prefix.length), text]) };
}
