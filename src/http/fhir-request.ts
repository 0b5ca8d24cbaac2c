import type { Access } from '../access/narrow.js';
import type { Parsed } from '../define/json.js';

/** A FHIR interaction as plain data: what HTTP asks, and later batches, exports and workers ask the same way. */
export interface FhirRequest {
  readonly method: Method;
  readonly interaction: Route['interaction'];
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  /** The parameters of the URL and of a form, without those that choose the format. */
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly headers: Headers;
  /** Only a public interaction has none. */
  readonly access: Access | undefined;
  /** Of an interaction that takes one; an entry of a Bundle has been read already. */
  readonly body: Body | Parsed | undefined;
  /** What the audit trail, the log and the answer call the request. */
  readonly requestId: string;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A body as it was sent. */
export interface Body {
  /** The media type without parameters, in lower case. */
  readonly contentType: string;
  /** With its parameters, as it was sent. */
  readonly sentType: string;
  readonly bytes: Buffer;
}

/** The request headers that interactions read. */
export interface Headers {
  readonly accept: string | undefined;
  readonly prefer: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneExist: string | undefined;
}

export interface FhirResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** When the resource was changed, in milliseconds since 1970 UTC: Last-Modified knows whole seconds only. */
  readonly lastUpdated?: number | undefined;
  /** The resources whose data it shows: what the audit trail records. */
  readonly shown?: readonly Shown[];
  /** What it was, where the body decides. */
  readonly interaction?: Route['interaction'];
  /** The audit trail has it already, in the transaction of the write. */
  readonly audited?: true;
  /** A FHIR resource as text, or bytes of another type. */
  readonly body?: string | { readonly contentType: string; readonly bytes: Buffer };
}

/** A resource that an answer shows, and the patients whose it is. */
export interface Shown {
  readonly type: string;
  readonly id: string;
  readonly patients: readonly string[];
}

export type Interaction = (request: FhirRequest) => Promise<FhirResponse>;

/** What the declaration of a type must offer for an interaction to be there. */
export type Need = 'create' | 'update' | 'delete' | 'history';

/** The bodies that an interaction takes: media types in lower case, and the most bytes for a type. */
export interface Takes {
  /** Without them, any but FHIR that is neither JSON nor XML. */
  readonly types?: ReadonlySet<string>;
  /** There may be none. */
  readonly optional?: true;
  readonly limit: (type: string) => number;
  /** The most objects, lists and values. */
  readonly nodes: number;
}

/** One line of the table of interactions. */
export interface Route {
  /** The FHIR name: https://hl7.org/fhir/R4/valueset-restful-interaction.html */
  readonly interaction:
    | 'read'
    | 'vread'
    | 'search-type'
    | 'search-system'
    | 'create'
    | 'update'
    | 'patch'
    | 'delete'
    | 'history-instance'
    | 'history-type'
    | 'history-system'
    | 'batch'
    | 'transaction'
    | 'operation'
    | 'capabilities';
  readonly method: Method;
  /** Segments below the base; `[type]`, `[id]` and `[vid]` stand for any. */
  readonly path: string;
  /** What the CapabilityStatement says of an operation. */
  readonly operation?: { readonly name: string; readonly definition: string; readonly documentation: string };
  /** Needs no token. */
  readonly public?: true;
  readonly needs?: Need;
  /** `form`: its body has more search parameters. */
  readonly takes?: Takes | 'form';
  readonly handle: Interaction;
}
