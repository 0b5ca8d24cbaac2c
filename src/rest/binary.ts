import { narrow, tryNarrow } from '../access/narrow.js';
import { etag, httpDate, isNotModified } from '../http/etag.js';
import type { FhirResponse, Interaction } from '../http/fhir-request.js';
import { wantsResource } from '../http/negotiate.js';
import { invalidParameter } from '../outcome.js';
import { readBlob, type StoredBlob } from '../store/blobs.js';
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
    const access = accessOf(request);
    const attaching: Entry[] = [];
    const owners = facade.registry.all().filter((resource) => resource.attachments);
    // Refused when no scope opens any of them, as a read of the first would be.
    if (owners[0] && !owners.some((owner) => tryNarrow(access, owner, ['r']))) narrow(access, owners[0], 'r');
    for (const owner of owners) {
      const narrowing = tryNarrow(access, owner, ['r']);
      if (narrowing) attaching.push(...(await facade.rows.attaching(owner, request.id, narrowing)));
    }
    const blob = attaching.length > 0 && facade.own && (await readBlob(facade.own, access.tenant, request.id));
    if (!blob) throw notFound();
    // A document cannot borrow the bytes of another patient's, nor hide them from theirs.
    const owner = attaching.find((each) => blob.patient === soleOf(each.patients));
    if (!owner) throw notFound();
    const headers = { ETag: etag('1'), 'Last-Modified': httpDate(blob.createdAt) };
    if (isNotModified(request.headers, '1', blob.createdAt)) return { status: 304, headers };
    const answer = wantsResource(request.headers.accept) ? resourceOf(blob, owner) : bytesOf(blob, owner);
    return { ...answer, status: 200, headers: { ...headers, ...answer.headers }, shown: [owner] };
  };

type Content = Pick<FhirResponse, 'headers' | 'body'>;

function resourceOf(blob: StoredBlob, owner: Entry): Content {
  const resource = {
    resourceType: 'Binary',
    id: blob.id,
    meta: { versionId: '1', lastUpdated: new Date(blob.createdAt).toISOString() },
    contentType: blob.contentType,
    securityContext: { reference: `${owner.type}/${owner.id}` },
    // An empty string is not valid JSON in FHIR.
    ...(blob.size > 0 && { data: blob.bytes.toString('base64') }),
  };
  return { body: JSON.stringify(resource) };
}

/** Never rendered in place: the bytes are somebody's, and may be HTML. */
function bytesOf(blob: StoredBlob, owner: Entry): Content {
  return {
    headers: {
      'Content-Disposition': `attachment; filename="${blob.id}"`,
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Security-Context': `${owner.type}/${owner.id}`,
    },
    body: { contentType: safeType(blob.contentType), bytes: blob.bytes },
  };
}

/** The content type came with the bytes; what is no media type is bytes. */
const safeType = (type: string): string =>
  /^[\w.+-]+\/[\w.+-]+(\s*;\s*[\w-]+=("[\w ./+-]*"|[\w./+-]+))*$/.test(type) ? type : 'application/octet-stream';
