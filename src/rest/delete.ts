import { authorOf } from '../access/author.js';
import { narrow } from '../access/narrow.js';
import type { FhirRequest } from '../http/fhir-request.js';
import { invalidParameter } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { refuseHidden, writes, type Change, type Write } from './change.js';
import { find } from './condition.js';
import { accessOf, checkId, resourceOf, writerOf, type Facade } from './facade.js';
import { checkPreconditions } from './preconditions.js';

/** https://hl7.org/fhir/R4/http.html#delete: what is not there any more, or never was, is deleted. */
export const remove = (facade: Facade): Write => writes(facade, planDelete);

async function planDelete(facade: Facade, request: FhirRequest): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  checkId(request.id);
  if (request.params.length > 0) throw invalidParameter('A delete takes the parameters _format and _pretty');
  return planRemove(facade, request, resource, request.id);
}

/** https://hl7.org/fhir/R4/http.html#3.1.0.7.1: only one at a time; several matches are none that is meant. */
export const conditionalDelete = (facade: Facade): Write => writes(facade, planConditionalDelete);

async function planConditionalDelete(facade: Facade, request: FhirRequest): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  narrow(accessOf(request), resource, 'd');
  const { match, turn } = await find(facade, request, resource, request.params);
  if (match) return { ...(await planRemove(facade, request, resource, match.id)), turn };
  const planned = { outcome: 'unchanged', plan: { statements: [] } } as const;
  return { type: resource.type, resource, id: '', status: 204, planned, before: [] };
}

async function planRemove(
  facade: Facade,
  request: FhirRequest,
  resource: RegisteredResource,
  id: string,
): Promise<Change> {
  const access = accessOf(request);
  const narrowing = narrow(access, resource, 'd');
  const writer = writerOf(facade);
  const current = await writer.current(resource, id, narrowing);
  refuseHidden(resource, current, narrowing);
  checkPreconditions(request.headers, current.entry);
  const planned = await writer.planDelete(resource, id, narrowing, authorOf(access), current);
  return { type: resource.type, resource, id, status: 204, planned, before: current.entry?.patients ?? [] };
}
