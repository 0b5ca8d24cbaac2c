import type { Access } from '../access/narrow.js';
import type { Action } from '../audit/event.js';
import type { Trail } from '../audit/trail.js';
import type { JsonBody } from '../http/json-body.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource, Registry } from '../registry.js';
import type { Database } from '../store/database.js';
import type { Entry } from '../store/render.js';
import type { Rows } from '../store/rows.js';
import type { Writer } from '../store/write.js';
import type { Profiles } from '../validate/structure.js';

/** What the native API works with. */
export interface Served {
  readonly registry: Registry;
  readonly rows: Rows;
  readonly own: Database | undefined;
  readonly writer: Writer | undefined;
  readonly trail: Trail;
  readonly profiles: Profiles;
  readonly base: string;
  readonly cursorKey: Buffer;
  readonly now: () => number;
}

/** A request of the native API whose caller is known. */
export interface Ask {
  readonly facade: Served;
  readonly access: Access;
  /** Of the path; empty where it names none. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** What the audit trail calls it. */
  readonly interaction: string;
  readonly action: Action;
  readonly type: string;
  readonly requestId: string;
  readonly body: () => Promise<JsonBody>;
}

export interface Answer {
  readonly status: number;
  /** Undefined for 304. */
  readonly body: object | { readonly type: string; readonly bytes: Buffer } | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** What an answer shows, for the audit trail. */
  readonly shown: readonly Entry[];
  /** The audit trail has it already, in the transaction of the write. */
  readonly audited?: true;
}

export type Handle = (ask: Ask) => Promise<Answer>;

export function served({ facade: { registry } }: Ask, type: string): RegisteredResource {
  const resource = registry.get(type);
  if (!resource) throw new OutcomeError(404, 'unknown-type', 'Channels are not served here');
  return resource;
}

export const isId = (id: string): boolean => /^[A-Za-z0-9\-.]{1,64}$/.test(id);

/** One text for what is not there and for what the token does not open (PULSARA 3). */
export const noChannel = (): OutcomeError =>
  new OutcomeError(404, 'unknown-id', 'There is no such channel, or the token does not open it');
