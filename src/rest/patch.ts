import { narrow } from '../access/narrow.js';
import { parseJson } from '../define/json.js';
import type { FhirRequest, Takes } from '../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Sent } from '../store/draft.js';
import type { Entry } from '../store/render.js';
import type { Current } from '../store/write.js';
import { loadDataTypes } from '../validate/definitions.js';
import { writes, type Change, type Target, type Write } from './change.js';
import { find } from './condition.js';
import { accessOf, checkId, notFound, resourceOf, writerOf, type Facade } from './facade.js';
import { applyFhirPathPatch, pathOperationsIn } from './fhirpath-patch.js';
import { applyJsonPatch, operationsIn } from './json-patch.js';
import { LiteralMemory } from './literal-memory.js';
import { checkPreconditions } from './preconditions.js';
import { gone, visible } from './read.js';
import { refuseForeign } from './referred.js';
import { planSaving } from './saving.js';
import { checkSize, checkValid, parsed, takesResourceOr } from './sent.js';

export const JSON_PATCH = 'application/json-patch+json';

/** What CapabilityStatement.patchFormat says. */
export const patchFormats = [JSON_PATCH, 'application/fhir+json', 'application/fhir+xml'];

export const takesPatch: Takes = takesResourceOr(JSON_PATCH);

/** https://hl7.org/fhir/R4/http.html#patch, in JSON Patch or in FHIRPath Patch. */
export const patch = (facade: Facade): Write => writes(facade, planPatch);

async function planPatch(facade: Facade, request: FhirRequest, target?: Target): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  checkId(request.id);
  if (request.params.length > 0) throw invalidParameter('A patch takes the parameters _format and _pretty');
  return planPatched(facade, request, resource, request.id, target?.beside);
}

/** The same of the one that the criteria find. */
export const conditionalPatch = (facade: Facade): Write => writes(facade, planConditionalPatch);

async function planConditionalPatch(facade: Facade, request: FhirRequest, target?: Target): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  narrow(accessOf(request), resource, 'u');
  const { match, turn } = await find(facade, request, resource, request.params);
  if (!match) throw notFound();
  return { ...(await planPatched(facade, request, resource, match.id, target?.beside)), turn };
}

async function planPatched(
  facade: Facade,
  request: FhirRequest,
  resource: RegisteredResource,
  id: string,
  beside: Target['beside'] | undefined,
): Promise<Change> {
  const access = accessOf(request);
  const narrowing = narrow(access, resource, 'u');
  const document = documentIn(request);
  // A test tells whether a value is there: it is a read.
  if (document.asks && !(await facade.rows.read(resource, id, narrow(access, resource, 'r')))) throw notFound();
  const writer = writerOf(facade);
  const current = await writer.current(resource, id, narrowing);
  const { entry } = current;
  if (!entry) throw missing(resource, current, narrowing);
  checkPreconditions(request.headers, entry);
  const sent = document.applyTo(entry);
  checkSize(resource, sent.resource);
  checkValid(sent, resource, facade.profiles);
  const planned = await planSaving(facade, access, resource, sent, narrowing, id, current);
  await refuseForeign(facade, access, sent, entry, beside);
  return { type: resource.type, resource, id, status: 200, planned, before: entry.patients };
}

function missing(resource: RegisteredResource, { last }: Current, narrowing: Parameters<typeof visible>[2]) {
  return last?.method === 'DELETE' && visible(resource, last, narrowing) ? gone(last) : notFound();
}

interface Document {
  /** Whether it looks at values, and not only at where they stand. */
  readonly asks: boolean;
  applyTo(entry: Entry): Sent;
}

/** Errors: 400 `invalid-patch`. */
function documentIn(request: FhirRequest): Document {
  const { body } = request;
  const { value, literals } = parsed(body);
  // In a Bundle, the resource alone says which it is.
  const isJsonPatch = body && 'contentType' in body ? body.contentType === JSON_PATCH : Array.isArray(value);
  const memory = new LiteralMemory();
  memory.remember(value, literals);
  if (isJsonPatch) {
    const operations = operationsIn(value);
    return {
      asks: operations.some(({ op }) => op === 'test'),
      applyTo: (entry) => patched(entry, memory, (resource) => applyJsonPatch(resource, operations, memory)),
    };
  }
  const parameters = value as Record<string, unknown> | null;
  if (typeof parameters !== 'object' || parameters?.['resourceType'] !== 'Parameters')
    throw new OutcomeError(400, 'invalid-patch', `A patch is ${JSON_PATCH}, or a Parameters resource`);
  const operations = pathOperationsIn(parameters);
  loadDataTypes();
  return {
    asks: operations.some(({ path }) => path.includes('(')),
    applyTo: (entry) => patched(entry, memory, (resource) => applyFhirPathPatch(resource, operations, memory)),
  };
}

function patched(
  { type, id, text }: Entry,
  memory: LiteralMemory,
  apply: (resource: Record<string, unknown>) => void,
): Sent {
  const { value, literals } = parseJson(text);
  const resource = value as Record<string, unknown>;
  memory.remember(resource, literals);
  apply(resource);
  if (resource['resourceType'] !== type || resource['id'] !== id)
    throw new OutcomeError(422, 'patch-failed', 'A patch cannot change the id or the type of a resource');
  return { resource, literals: memory.recall(resource) };
}
