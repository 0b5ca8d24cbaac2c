import type { Access } from '../access/narrow.js';
import type { Trail } from '../audit/trail.js';
import type { FhirRequest } from '../http/fhir-request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource, Registry } from '../registry.js';
import type { Database } from '../store/database.js';
import type { Sent } from '../store/draft.js';
import type { PlannedStatement } from '../store/plan.js';
import type { Entry } from '../store/render.js';
import type { Rows } from '../store/rows.js';
import type { Writer } from '../store/write.js';
import type { Profiles } from '../validate/structure.js';

/** What the interactions work with. */
export interface Facade {
  readonly registry: Registry;
  readonly rows: Rows;
  /** The database of history and bytes; undefined when the clinical tables are somebody else's. */
  readonly own: Database | undefined;
  /** The one write path; undefined when the clinical tables are somebody else's. */
  readonly writer: Writer | undefined;
  readonly trail: Trail;
  /** Profiles that are enforced where a resource claims them. */
  readonly profiles: Profiles;
  /** The FHIR base URL. */
  readonly base: string;
  readonly tokenUrl: string;
  /** The endpoints that the CapabilityStatement names, by the names of SMART's extension. */
  readonly oauthUris: Readonly<Record<string, string>>;
  readonly searchHandling: 'strict' | 'lenient';
  readonly cursorKey: Buffer;
  /** Of this release: what the CapabilityStatement says. */
  readonly version: string;
  readonly released: string;
  readonly now: () => number;
  /** Of types that say more than their rows do. */
  readonly rules: ReadonlyMap<string, WriteRule>;
}

/** Checks what a client writes of one type, and adds to what is written. */
export type WriteRule = (
  access: Access,
  sent: Sent,
  id: string,
  existing: Entry | undefined,
) => Promise<{ readonly sent: Sent; readonly statements: readonly PlannedStatement[] }>;

export function accessOf({ access }: FhirRequest): Access {
  if (!access) throw new OutcomeError(401, 'login', 'An access token is needed');
  return access;
}

export function resourceOf({ registry }: Facade, type: string): RegisteredResource {
  const resource = registry.get(type);
  if (!resource) throw new OutcomeError(404, 'unknown-type', 'This resource type is not served here');
  return resource;
}

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const isId = (id: string): boolean => /^[A-Za-z0-9\-.]{1,64}$/.test(id);

/** What is no FHIR id cannot exist. */
export function checkId(id: string): void {
  if (!isId(id)) throw new OutcomeError(404, 'unknown-id', 'There is no such resource, or the token does not open it');
}

/** One text for what is not there and for what the token does not open: neither can be told from the other. */
export const notFound = (): OutcomeError =>
  new OutcomeError(404, 'unknown-id', 'There is no such resource, or the token does not open it');

export function writerOf({ writer }: Facade): Writer {
  if (!writer) throw new OutcomeError(405, 'read-only', "The clinical tables are somebody else's: they are only read");
  return writer;
}
