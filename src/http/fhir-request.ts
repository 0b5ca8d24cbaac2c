import type { Access } from '../access/narrow.js';

/** A FHIR interaction as plain data: what HTTP asks, and later batches, exports and workers ask the same way. */
export interface FhirRequest {
  readonly method: 'GET' | 'POST';
  readonly type: string;
  readonly id: string;
  readonly versionId: string;
  /** The parameters of the URL and of a form, without those that choose the format. */
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly headers: Headers;
  /** Only a public interaction has none. */
  readonly access: Access | undefined;
}

/** The request headers that interactions read. */
export interface Headers {
  readonly accept: string | undefined;
  readonly prefer: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
}

export interface FhirResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The resources whose data it shows: what the audit trail records. */
  readonly shown?: readonly Shown[];
  /** JSON of a FHIR resource as text, or bytes of another type. */
  readonly body?: string | { readonly contentType: string; readonly bytes: Buffer };
}

/** A resource that an answer shows, and the patients whose it is. */
export interface Shown {
  readonly type: string;
  readonly id: string;
  readonly patients: readonly string[];
}

export type Interaction = (request: FhirRequest) => Promise<FhirResponse>;

/** One line of the table of interactions. */
export interface Route {
  /** The FHIR name: https://hl7.org/fhir/R4/valueset-restful-interaction.html */
  readonly interaction: 'read' | 'vread' | 'search-type' | 'capabilities';
  readonly method: 'GET' | 'POST';
  /** Segments below the base; `[type]`, `[id]` and `[vid]` stand for any. */
  readonly path: string;
  /** Needs no token. */
  readonly public?: true;
  readonly handle: Interaction;
}
