import { authorOf } from '../access/author.js';
import { insufficient, tryNarrow, type Access } from '../access/narrow.js';
import { etag, httpDate, isNotModified } from '../http/etag.js';
import type { FhirResponse, Interaction, Shown } from '../http/fhir-request.js';
import { wantsResource } from '../http/negotiate.js';
import { invalidParameter } from '../outcome.js';
import { posterOf, readBlob, type StoredBlob } from '../store/blobs.js';
import { soleOf } from '../store/compartment.js';
import type { Entry } from '../store/render.js';
import { accessOf, checkId, notFound, type Facade } from './facade.js';

/**
 * https://hl7.org/fhir/R4/binary.html. Bytes belong to the resource that attaches them: whoever may read it may read
 * them, as they are or as a Binary resource.
 */
export const readBinary =
  (facade: Facade): Interaction =>
  async (request) => {
    checkId(request.id);
    if (request.params.length > 0) throw invalidParameter('A Binary is read with the parameters _format and _pretty');
    const found = await visibleBlob(facade, accessOf(request), request.id, 'r');
    if (!found) throw notFound();
    const { blob, owner } = found;
    const headers = { ETag: etag('1'), 'Last-Modified': httpDate(blob.createdAt) };
    if (isNotModified(request.headers, '1', blob.createdAt)) return { status: 304, headers };
    const answer = wantsResource(request.headers.accept) ? resourceOf(blob, owner) : bytesOf(blob, owner);
    return { ...answer, status: 200, headers: { ...headers, ...answer.headers }, shown: [shownOf(blob, owner)] };
  };

export interface VisibleBlob {
  readonly blob: StoredBlob;
  /** The resource through which it is seen; undefined for what its sender sees before anything attaches it. */
  readonly owner: Entry | undefined;
}

/** Bytes that the token opens through a resource, or that its credential sent itself. Errors: 403 without any scope. */
export async function visibleBlob(
  { registry, rows, own }: Facade,
  access: Access,
  id: string,
  operation: 'r' | 'c',
): Promise<VisibleBlob | undefined> {
  const owners = registry.all().filter((resource) => resource.attachments);
  if (!owners.some((owner) => tryNarrow(access, owner, [operation]))) throw insufficient(access, owners, operation);
  const attaching: Entry[] = [];
  for (const owner of owners) {
    const narrowing = tryNarrow(access, owner, [operation]);
    if (narrowing) attaching.push(...(await rows.attaching(owner, id, narrowing)));
  }
  const blob = own && (await readBlob(own, access.tenant, id));
  if (!blob) return undefined;
  const poster = posterOf(authorOf(access));
  if (!blob.claimed) return poster !== undefined && blob.poster === poster ? { blob, owner: undefined } : undefined;
  // A document cannot borrow the bytes of another patient's, nor hide them from theirs.
  const owner = attaching.find((each) => blob.patient === soleOf(each.patients));
  return owner && { blob, owner };
}

const shownOf = ({ id }: StoredBlob, owner: Entry | undefined): Shown => owner ?? { type: 'Binary', id, patients: [] };

type Content = Pick<FhirResponse, 'headers' | 'body'>;

function resourceOf(blob: StoredBlob, owner: Entry | undefined): Content {
  const resource = {
    resourceType: 'Binary',
    id: blob.id,
    meta: { versionId: '1', lastUpdated: new Date(blob.createdAt).toISOString() },
    contentType: blob.contentType,
    ...(owner && { securityContext: { reference: `${owner.type}/${owner.id}` } }),
    // An empty string is not valid JSON in FHIR.
    ...(blob.size > 0 && { data: blob.bytes.toString('base64') }),
  };
  return { body: JSON.stringify(resource) };
}

/** Never rendered in place: the bytes are somebody's, and may be HTML. */
function bytesOf(blob: StoredBlob, owner: Entry | undefined): Content {
  return {
    headers: {
      'Content-Disposition': `attachment; filename="${blob.id}"`,
      'Content-Security-Policy': "default-src 'none'; sandbox",
      ...(owner && { 'X-Security-Context': `${owner.type}/${owner.id}` }),
    },
    body: { contentType: safeType(blob.contentType), bytes: blob.bytes },
  };
}

/** The content type came with the bytes; what is no media type is bytes. */
const safeType = (type: string): string =>
  /^[\w.+-]+\/[\w.+-]+(\s*;\s*[\w-]+=("[\w ./+-]*"|[\w./+-]+))*$/.test(type) ? type : 'application/octet-stream';
