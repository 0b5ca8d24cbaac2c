import { narrow } from '../access/narrow.js';
import type { FhirRequest } from '../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { controlNames } from '../search/controls.js';
import { parse } from '../search/parse.js';
import type { Entry } from '../store/render.js';
import { seeTurn, type Turn } from '../store/turns.js';
import { accessOf, type Facade } from './facade.js';

/** What a conditional write found, and the turn to take so that nobody else finds the same at the same time. */
export interface Condition {
  readonly match: Entry | undefined;
  readonly turn: Turn;
  /** The same for the same criteria. */
  readonly key: string;
}

/**
 * The one resource that the criteria of a conditional write find, as far as the token may search. Nothing is left out of
 * them, whatever the client prefers: it would hit the wrong resource. Errors: 412 `ambiguous-match` for several.
 */
export async function find(
  facade: Facade,
  request: FhirRequest,
  resource: RegisteredResource,
  criteria: FhirRequest['params'],
): Promise<Condition> {
  const { registry, base, rows, now, own } = facade;
  const narrowing = narrow(accessOf(request), resource, 's');
  const control = criteria.find(([name]) => controlNames.has(name));
  if (control) throw invalidParameter(`${control[0]} is for searches and not for the criteria of a write`);
  const pairs = [...criteria, ['_count', '2'] as const];
  const search = parse(resource, pairs, { registry, base, handling: 'strict', now: now() });
  if (search.criteria.length === 0) throw invalidParameter('A conditional write needs criteria');
  if (!own) throw new Error('conditional writes need a database of our own');
  const used = search.used.filter(([name]) => !controlNames.has(name)).map((pair) => pair.join('='));
  const key = JSON.stringify([narrowing.tenant, resource.type, used.sort()]);
  const turn = await seeTurn(own, key);
  const { entries } = await rows.find(resource, search, narrowing);
  if (entries.length > 1)
    throw new OutcomeError(412, 'ambiguous-match', `The criteria match more than one ${resource.type}`);
  return { match: entries[0], turn, key };
}

/** `If-None-Exist: identifier=system|value`, also with the type and a question mark before it. */
export function criteriaOf(text: string): [name: string, value: string][] {
  return [...new URLSearchParams(text.replace(/^(?:[A-Za-z]{1,64})?\?/, ''))];
}
