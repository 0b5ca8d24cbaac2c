import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import type { Draft } from './draft.js';
import type { PlannedStatement } from './plan.js';
import type { Rows } from './rows.js';

/**
 * A writer's narrowing holds before a write and after it: nothing is taken out of it or put outside of it by being
 * written. What is there before is read with the narrowing; this is the other half.
 */
export function refuseOutside(resource: RegisteredResource, draft: Draft, narrowing: Narrowing): void {
  const { patient, where } = narrowing;
  refuseShared(resource, narrowing);
  const ofNative = where.length === 0 || where.some(({ native = draft.native }) => native === draft.native);
  if ((patient !== undefined && draft.patient !== patient) || !ofNative) throw outside();
}

/** What belongs to all patients is no single patient's to write. */
export function refuseShared(resource: RegisteredResource, { patient }: Narrowing): void {
  if (patient !== undefined && resource.patient === 'shared') throw outside();
}

/** A scope's own search is asked of the row as it was written, before the transaction ends. */
export async function staysInside(
  rows: Rows,
  resource: RegisteredResource,
  draft: Draft,
  narrowing: Narrowing,
  id: string,
): Promise<PlannedStatement[]> {
  const { where } = narrowing;
  const plain = where.some(({ native = draft.native, search }) => !search && native === draft.native);
  if (where.length === 0 || plain) return [];
  return [{ ...(await rows.planFind(resource, id, narrowing)), refusal: outside() }];
}

const outside = (): OutcomeError =>
  new OutcomeError(403, 'insufficient-scope', "What was sent would lie outside of what the token's scopes open", {
    headers: { 'WWW-Authenticate': 'Bearer realm="portico", error="insufficient_scope"' },
  });
