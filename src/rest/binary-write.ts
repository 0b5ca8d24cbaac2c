import { authorOf } from '../access/author.js';
import { randomUUID } from 'node:crypto';
import { tryNarrow, type Access } from '../access/narrow.js';
import type { FhirRequest } from '../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import type { Entry } from '../store/render.js';
import { visibleBlob } from './binary.js';
import { isOpen, writes, type Change, type Target, type Write } from './change.js';
import { accessOf, checkId, notFound, writerOf, type Facade } from './facade.js';
import { checkPreconditions } from './preconditions.js';
import { checkSameId, checkValid, resourceIn } from './sent.js';

type Members = Readonly<Record<string, unknown>>;

/**
 * https://hl7.org/fhir/R4/binary.html: bytes come as they are, or as a Binary resource. Whoever may create a resource
 * that attaches bytes may send them; until one does, they are for whoever sent them.
 */
export const createBinary = (facade: Facade): Write => writes(facade, planCreate);

async function planCreate(facade: Facade, request: FhirRequest, target?: Target): Promise<Change> {
  const access = accessOf(request);
  refuseParameters(request);
  if (request.headers.ifNoneExist !== undefined) throw invalidParameter('A Binary is found by its id alone');
  const id = target?.id ?? randomUUID();
  const { id: _id, ...sent } = binaryIn(facade, request, {});
  await visibleBlob(facade, access, id, 'c');
  return plan(facade, access, { ...sent, id }, undefined);
}

/** An id of the client's. Bytes are never replaced: what there is may be sent again, and nothing else. */
export const updateBinary = (facade: Facade): Write => writes(facade, planUpdate);

async function planUpdate(facade: Facade, request: FhirRequest): Promise<Change> {
  const access = accessOf(request);
  const { id } = request;
  checkId(id);
  refuseParameters(request);
  const found = await visibleBlob(facade, access, id, 'c');
  // Who does not see all of an organization would learn which ids are taken.
  if (!found && !narrowingsOf(facade, access).some(isOpen)) throw notFound();
  checkPreconditions(request.headers, found && entryOf(access, id, '', found.blob.createdAt));
  const { owner } = found ?? {};
  const sent = binaryIn(facade, request, owner ? { reference: `${owner.type}/${owner.id}` } : {});
  return plan(facade, access, { ...sent, id }, found?.blob.createdAt);
}

async function plan(
  facade: Facade,
  access: Access,
  binary: Members & { readonly id: string },
  createdAt: number | undefined,
): Promise<Change> {
  const [narrowing] = narrowingsOf(facade, access);
  if (!narrowing) throw notFound();
  const { id } = binary;
  const planned = await writerOf(facade).planBinary(binary, narrowing, authorOf(access));
  const entry = entryOf(access, id, '', createdAt ?? facade.now());
  const status = planned.outcome === 'created' ? 201 : 200;
  return { type: 'Binary', resource: undefined, id, status, planned: { ...planned, entry }, before: [] };
}

const narrowingsOf = ({ registry }: Facade, access: Access) =>
  registry
    .all()
    .filter((resource) => resource.attachments)
    .flatMap((resource) => tryNarrow(access, resource, ['c']) ?? []);

const entryOf = ({ tenant }: Access, id: string, text: string, lastUpdated: number): Entry => ({
  ...{ type: 'Binary', id, versionId: '1', lastUpdated, tenant, patients: [], native: 'none', text },
});

function refuseParameters({ params }: FhirRequest): void {
  if (params.length > 0) throw invalidParameter('A Binary is written with the parameters _format and _pretty');
}

/** The Binary of a body. `context` is the security context that it has, and may be said again. */
function binaryIn(facade: Facade, request: FhirRequest, context: { readonly reference?: string }): Members {
  const { body } = request;
  if (body && 'bytes' in body && body.contentType !== 'application/fhir+json') {
    const { sentType, bytes } = body;
    return {
      resourceType: 'Binary',
      contentType: sentType,
      ...(bytes.length > 0 && { data: bytes.toString('base64') }),
    };
  }
  const sent = resourceIn({ ...request, type: 'Binary' });
  if (request.id !== '') checkSameId(sent, request.id);
  checkValid(sent, { type: 'Binary' }, facade.profiles);
  const { securityContext, ...binary } = sent.resource;
  const said = (securityContext as { reference?: string } | undefined)?.reference;
  if (securityContext !== undefined && (said === undefined || said !== context.reference))
    throw new OutcomeError(422, 'not-kept', 'The security context of a Binary is the document that attaches it', {
      expression: ['Binary.securityContext'],
    });
  return binary;
}
