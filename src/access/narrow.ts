import type { Alternative, Criterion, Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { meeting } from '../search/by-value.js';
import { OF_TYPE } from '../search/kinds/reference.js';
import type { Operation } from './grammar.js';
import type { Grant } from './scopes.js';

/** Who asks, as a checked token says it. */
export interface Access {
  /** The organization of the credential. */
  readonly tenant: string;
  /** The public id of the credential; empty for a user's session, which has none. */
  readonly credential: string;
  /** portal, org, client, backend, app or session. */
  readonly kind: string;
  /** The only patient whose data it opens. */
  readonly patient?: string;
  readonly grants: readonly Grant[];
  /** The scopes that are left of the token's, where text says them: what works for it later is held to them. */
  readonly scopes?: string;
  /** The user who logged in. */
  readonly user?: string;
  /** The person that the user is, as `Type/id`. */
  readonly fhirUser?: string;
  /** The user for whom a service acts, as `Type/id` of the practitioner that they are. */
  readonly onBehalfOf?: string;
  /** The id of the token. */
  readonly jti?: string;
  /** The pages that may use it, for the token of an app. */
  readonly origins?: readonly string[];
}

const known = new WeakMap<Access, Map<string, Narrowing | undefined>>();

/**
 * What a credential may see of a resource type when it does one thing with it. This is the only file that makes a
 * narrowing: what is not decided here cannot be read. Errors: 403 `insufficient-scope`.
 */
export function narrow(access: Access, resource: RegisteredResource, operation: Operation): Narrowing {
  const narrowing = tryNarrow(access, resource, [operation]);
  if (narrowing) return narrowing;
  throw insufficient(access, [resource], operation);
}

/** The 403 of a request that a scope on any of these types would open. */
export function insufficient(
  { patient }: Access,
  resources: readonly RegisteredResource[],
  operation: Operation,
): OutcomeError {
  const level = patient === undefined ? 'system' : 'patient';
  const needed = resources.map(({ type }) => `${level}/${type}.${operation}`);
  const text = `The token's scopes do not allow this; it would take ${needed.join(' or ')}`;
  return new OutcomeError(403, 'insufficient-scope', text, {
    headers: { 'WWW-Authenticate': `Bearer realm="portico", error="insufficient_scope", scope="${needed.join(' ')}"` },
  });
}

/** The same for one of several operations; undefined where no scope allows any: what `_include` leaves out. */
export function tryNarrow(
  access: Access,
  resource: RegisteredResource,
  operations: readonly Operation[],
): Narrowing | undefined {
  let narrowings = known.get(access);
  if (!narrowings) known.set(access, (narrowings = new Map<string, Narrowing | undefined>()));
  const key = `${resource.type} ${operations.join('')}`;
  if (!narrowings.has(key)) narrowings.set(key, decide(access, resource, operations));
  return narrowings.get(key);
}

function decide(access: Access, resource: RegisteredResource, operations: readonly Operation[]): Narrowing | undefined {
  const { grants, patient, tenant } = access;
  const { type, named } = resource;
  const opening = grants.filter(
    (grant) =>
      (grant.type === type || (grant.type === '*' && !named)) &&
      // A patient scope means nothing without a patient.
      (grant.level !== 'patient' || patient !== undefined) &&
      operations.some((each) => grant.operations.has(each)),
  );
  if (opening.length === 0) return undefined;
  const opened = alternatives(opening);
  return make(tenant, patient, resource.about === undefined ? opened : ofVisible(access, resource, opened));
}

/** What says something of another row is seen where that row is: THREAT 50 for Provenance. */
function ofVisible(access: Access, resource: RegisteredResource, opened: readonly Alternative[]): Alternative[] {
  const via = resource.about as string;
  const seen = resource.subjects.map((subject) => ({ subject, there: tryNarrow(access, subject, ['r', 's']) }));
  const isWhole = ({ subject, there }: (typeof seen)[number]): boolean =>
    there?.where.length === 0 && (there.patient === undefined || subject.patient === 'shared');
  if (seen.every(isWhole)) return [...opened];
  const criteria = seen.flatMap((each): Criterion[] => {
    const { subject, there: narrowing } = each;
    if (isWhole(each)) return [{ param: via, any: [{ shape: OF_TYPE, bindings: [subject.type] }] }];
    const { type } = subject;
    return narrowing ? [{ holder: 'here', via, type, narrowing, criterion: ANY }] : [];
  });
  const visible = meeting(resource.type, { oneOf: criteria });
  if (opened.length === 0) return [{ search: visible }];
  return opened.map(({ native, search }) => ({
    ...(native !== undefined && { native }),
    search: search ? { ...search, criteria: [...search.criteria, ...visible.criteria] } : visible,
  }));
}

/** Any row that the narrowing shows. */
const ANY: Criterion = { param: '_id', modifier: 'missing', any: [{ shape: 'false', bindings: [] }] };

/** Any grant opens what it opens; one without a limit makes the others needless. */
function alternatives(grants: readonly Grant[]): Alternative[] {
  if (grants.some(({ where, native }) => where === undefined && native === undefined)) return [];
  return grants.map(({ where, native }) => ({
    ...(native !== undefined && { native }),
    ...(where && { search: where }),
  }));
}

/** All that is the patient's of a pinned credential, whatever its scopes: what its writer may refer to. */
export function ofPatient({ tenant }: Access, patient: string): Narrowing {
  return make(tenant, patient, []);
}

/**
 * What another entity of a patient channel has of it. What is added to a channel is added for all of its entities, a row
 * for each; nothing of theirs is shown to who adds it.
 */
export function ofEntity(entity: string): Narrowing {
  return make(entity, undefined, []);
}

/** Everything of one tenant, for work that no client asked for. `purpose` makes the call sites greppable. */
export function asSystem(
  tenant: string,
  _purpose: 'import' | 'export' | 'check' | 'bench' | 'pulsara ingestion' | 'webhooks' | 'subscriptions' | 'texts',
): Narrowing {
  return make(tenant, undefined, []);
}

function make(tenant: string, patient: string | undefined, where: readonly Alternative[]): Narrowing {
  // `made` exists for the type checker alone.
  return { tenant, where, ...(patient !== undefined && { patient }) } as unknown as Narrowing;
}
