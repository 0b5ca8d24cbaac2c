import { narrow } from '../access/narrow.js';
import type { FhirRequest, Interaction } from '../http/fhir-request.js';
import { invalidParameter } from '../outcome.js';
import { authorOf, perform, refuseHidden, type Change } from './change.js';
import { accessOf, checkId, resourceOf, writerOf, type Facade } from './facade.js';
import { checkPreconditions } from './preconditions.js';

/** https://hl7.org/fhir/R4/http.html#delete: what is not there any more, or never was, is deleted. */
export const remove =
  (facade: Facade): Interaction =>
  (request) =>
    perform(facade, request, () => planDelete(facade, request));

async function planDelete(facade: Facade, request: FhirRequest): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  const { id } = request;
  checkId(id);
  const access = accessOf(request);
  const narrowing = narrow(access, resource, 'd');
  if (request.params.length > 0) throw invalidParameter('A delete takes the parameters _format and _pretty');
  const writer = writerOf(facade);
  const current = await writer.current(resource, id, narrowing);
  refuseHidden(resource, current, narrowing);
  checkPreconditions(request.headers, current.entry);
  const planned = await writer.planDelete(resource, id, narrowing, authorOf(access), current);
  return { resource, id, status: 204, planned, before: current.entry?.patients ?? [] };
}
