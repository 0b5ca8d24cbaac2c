import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Grant, Operation } from './scopes.js';

/** Who asks, as a checked token says it. */
export interface Access {
  /** The organization of the credential. */
  readonly tenant: string;
  readonly credential: string;
  readonly kind: string;
  /** The only patient whose data it opens. */
  readonly patient?: string;
  readonly grants: readonly Grant[];
}

/**
 * What a credential may see of a resource type when it does one thing with it. This is the only file that makes a
 * narrowing: what is not decided here cannot be read. Errors: 403 `insufficient-scope`.
 */
export function narrow(access: Access, type: string, operation: Operation): Narrowing {
  const narrowing = tryNarrow(access, type, [operation]);
  if (narrowing) return narrowing;
  const needed = `${access.patient === undefined ? 'system' : 'patient'}/${type}.${operation}`;
  throw new OutcomeError(403, 'insufficient-scope', `The token's scopes do not allow this; it would take ${needed}`, {
    headers: { 'WWW-Authenticate': `Bearer realm="portico", error="insufficient_scope", scope="${needed}"` },
  });
}

/** The same for one of several operations; undefined where no scope allows any: what `_include` leaves out. */
export function tryNarrow(access: Access, type: string, operations: readonly Operation[]): Narrowing | undefined {
  const allowed = access.grants.some(
    (grant) =>
      (grant.type === '*' || grant.type === type) &&
      // A patient scope means nothing without a patient.
      (grant.level !== 'patient' || access.patient !== undefined) &&
      operations.some((each) => grant.operations.has(each)),
  );
  return allowed ? make(access.tenant, access.patient) : undefined;
}

/** Everything of one tenant, for work that no client asked for. `purpose` makes the call sites greppable. */
export function asSystem(tenant: string, _purpose: 'import' | 'export' | 'check' | 'bench'): Narrowing {
  return make(tenant, undefined);
}

function make(tenant: string, patient: string | undefined): Narrowing {
  // `made` exists for the type checker alone.
  return { tenant, where: [], ...(patient !== undefined && { patient }) } as unknown as Narrowing;
}
