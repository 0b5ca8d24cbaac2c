import { narrow } from '../access/narrow.js';
import type { Narrowing } from '../define/request.js';
import { etag, httpDate, isNotModified } from '../http/etag.js';
import type { FhirRequest, FhirResponse, Interaction } from '../http/fhir-request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { latestVersion, type Version } from '../store/history.js';
import type { Entry } from '../store/render.js';
import { accessOf, checkId, notFound, resourceOf, type Facade } from './facade.js';
import { parseShape, shaped } from './subset.js';

/** https://hl7.org/fhir/R4/http.html#read */
export const read =
  (facade: Facade): Interaction =>
  async (request) => {
    const resource = resourceOf(facade, request.type);
    checkId(request.id);
    const narrowing = narrow(accessOf(request), resource, 'r');
    const shape = parseShape(resource, request.params);
    const entry = await facade.rows.read(resource, request.id, narrowing);
    if (!entry) throw await absent(facade, resource, request.id, narrowing);
    return respond(request, entry, shaped(resource.type, entry.text, shape));
  };

type Versioned = Pick<Entry, 'type' | 'id' | 'versionId' | 'lastUpdated' | 'patients'>;

export function respond(request: FhirRequest, entry: Versioned, body: string): FhirResponse {
  const { ifNoneMatch, ifModifiedSince } = request.headers;
  const headers = validators(entry);
  const { versionId, lastUpdated } = entry;
  if (ifNoneMatch !== undefined || ifModifiedSince !== undefined)
    if (isNotModified(request.headers, versionId, lastUpdated)) return { status: 304, headers, lastUpdated };
  return { status: 200, headers, lastUpdated, body, shown: [entry] };
}

const known = new WeakMap<Versioned, Record<string, string>>();

/** ETag and Last-Modified: the same for every answer that an entry of the cache gives. */
function validators(entry: Versioned): Record<string, string> {
  let headers = known.get(entry);
  if (!headers) {
    const { versionId, lastUpdated } = entry;
    headers = { ETag: etag(versionId), ...(lastUpdated !== undefined && { 'Last-Modified': httpDate(lastUpdated) }) };
    known.set(entry, headers);
  }
  return headers;
}

/** 410 for what was deleted and would be visible, 404 for everything else. */
async function absent(
  facade: Facade,
  resource: RegisteredResource,
  id: string,
  narrowing: Narrowing,
): Promise<OutcomeError> {
  const last = facade.own && (await latestVersion(facade.own, { tenant: narrowing.tenant, type: resource.type, id }));
  return last?.method === 'DELETE' && visible(resource, last, narrowing) ? gone(last) : notFound();
}

/** Whether a narrowing shows a version that is no longer a row: its patient was recorded with it. */
export function visible(resource: RegisteredResource, version: Version, narrowing: Narrowing): boolean {
  const { where } = narrowing;
  // Whether a scope's search would find it cannot be told any more.
  if (where.length > 0 && !where.some(({ native, search }) => !search && native === version.native)) return false;
  return narrowing.patient === undefined || resource.patient === 'shared' || version.patient === narrowing.patient;
}

export const gone = ({ version, at }: Version): OutcomeError =>
  new OutcomeError(410, 'deleted', 'The resource was deleted', {
    headers: { ETag: etag(String(version)), 'Last-Modified': httpDate(at) },
  });
