import { randomUUID } from 'node:crypto';
import { narrow } from '../access/narrow.js';
import type { FhirRequest } from '../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Sent } from '../store/draft.js';
import type { Entry } from '../store/render.js';
import { NOTHING, type Current } from '../store/write.js';
import { refuseHidden, writes, type Change, type Target, type Write } from './change.js';
import { find } from './condition.js';
import { accessOf, isId, notFound, resourceOf, writerOf, type Facade } from './facade.js';
import { checkPreconditions } from './preconditions.js';
import { refuseForeign } from './referred.js';
import { planSaving } from './saving.js';
import { checkSameId, checkValid, resourceIn } from './sent.js';

/** https://hl7.org/fhir/R4/http.html#update, and https://hl7.org/fhir/R4/http.html#upsert for an id that is new. */
export const update = (facade: Facade): Write => writes(facade, planUpdate);

async function planUpdate(facade: Facade, request: FhirRequest, target?: Target): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  narrow(accessOf(request), resource, 'u');
  // To read it is 404 like any other that is not there; but nothing can be created as it.
  if (!isId(request.id))
    throw new OutcomeError(400, 'invalid-id', 'An id has letters, digits, - and ., 64 at the most');
  if (request.params.length > 0) throw invalidParameter('An update takes the parameters _format and _pretty');
  const sent = resourceIn(request);
  checkSameId(sent, request.id);
  checkValid(sent, resource, facade.profiles);
  return planReplace(facade, request, resource, sent, request.id, { beside: target?.beside });
}

/** https://hl7.org/fhir/R4/http.html#cond-update: the URL says by its parameters which one is meant. */
export const conditionalUpdate = (facade: Facade): Write => writes(facade, planConditionalUpdate);

async function planConditionalUpdate(facade: Facade, request: FhirRequest, target?: Target): Promise<Change> {
  const resource = resourceOf(facade, request.type);
  narrow(accessOf(request), resource, 'u');
  const sent = resourceIn(request);
  const { id: given } = sent.resource as { id?: string };
  const { match, turn } = target?.condition ?? (await find(facade, request, resource, request.params));
  if (match && given !== undefined) checkSameId(sent, match.id);
  const id = match?.id ?? given ?? target?.id ?? randomUUID();
  const whole = { ...sent, resource: { ...sent.resource, id } };
  checkValid(whole, resource, facade.profiles);
  const known = match || given !== undefined ? undefined : NOTHING;
  return { ...(await planReplace(facade, request, resource, whole, id, { known, beside: target?.beside })), turn };
}

async function planReplace(
  facade: Facade,
  request: FhirRequest,
  resource: RegisteredResource,
  body: Sent,
  id: string,
  { known, beside }: { readonly known?: Current | undefined; readonly beside: Target['beside'] | undefined },
): Promise<Change> {
  const access = accessOf(request);
  const narrowing = narrow(access, resource, 'u');
  const writer = writerOf(facade);
  const current = known ?? (await writer.current(resource, id, narrowing));
  if (!known) refuseHidden(resource, current, narrowing);
  if (!current.entry && !resource.write?.create) throw notFound();
  checkPreconditions(request.headers, current.entry);
  const sent = withLabels(body, current.entry);
  const planned = await planSaving(facade, access, resource, sent, narrowing, id, current);
  await refuseForeign(facade, access, sent, current.entry, beside);
  return {
    type: resource.type,
    resource,
    id,
    status: current.entry ? 200 : 201,
    planned,
    before: current.entry?.patients ?? [],
  };
}

interface Labelled {
  readonly system?: string;
  readonly code?: string;
}

/**
 * Tags and security labels stay unless they are taken away by a patch: https://hl7.org/fhir/R4/resource.html#Meta.
 * A client that does not know of them does not lose them.
 */
function withLabels({ resource, literals }: Sent, existing: Entry | undefined): Sent {
  if (!existing) return { resource, literals };
  const before = (JSON.parse(existing.text) as { meta?: Record<string, unknown> }).meta ?? {};
  const meta = { ...(resource['meta'] as Record<string, unknown> | undefined) };
  for (const name of ['security', 'tag']) {
    const sent = (meta[name] ?? []) as Labelled[];
    const kept = ((before[name] ?? []) as Labelled[]).filter(
      (each) => !sent.some(({ system, code }) => system === each.system && code === each.code),
    );
    if (kept.length > 0) meta[name] = [...sent, ...kept];
  }
  return Object.keys(meta).length > 0 ? { resource: { ...resource, meta }, literals } : { resource, literals };
}
