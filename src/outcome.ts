/**
 * Every error that a client can see. A code from the catalogue is on the wire (`issue.details.coding`), so that what a
 * user reports leads to the line that threw it.
 */
const catalogue = {
  'unsupported-media-type': 'not-supported',
  'not-acceptable': 'not-supported',
  'method-not-allowed': 'not-supported',
  'unknown-route': 'not-found',
  'unknown-type': 'not-supported',
  'unknown-operation': 'not-supported',
  'unknown-id': 'not-found',
  'invalid-id': 'value',
  deleted: 'deleted',
  'unsupported-parameter': 'not-supported',
  'unsupported-modifier': 'not-supported',
  'unsupported-include': 'not-supported',
  'unsupported-sort': 'not-supported',
  'invalid-parameter': 'value',
  'invalid-header': 'value',
  'invalid-cursor': 'value',
  'token-in-url': 'security',
  'too-costly': 'too-costly',
  'too-long': 'too-long',
  'invalid-json': 'structure',
  'invalid-xml': 'structure',
  'invalid-resource': 'invalid',
  'invalid-patch': 'invalid',
  'patch-failed': 'processing',
  'not-kept': 'not-supported',
  'ambiguous-reference': 'multiple-matches',
  'unknown-reference': 'not-found',
  'ambiguous-match': 'multiple-matches',
  'version-conflict': 'conflict',
  'already-exists': 'duplicate',
  'read-only': 'not-supported',
  login: 'login',
  expired: 'expired',
  'insufficient-scope': 'forbidden',
  'wrong-organization': 'forbidden',
  throttled: 'throttled',
  ORG_CONTEXT_MISSING: 'required',
  VALIDATION: 'invalid',
  INVALID_CREDENTIALS: 'login',
  INVALID_MFA: 'login',
  INVALID_REFRESH: 'login',
  'mfa-conflict': 'conflict',
  unavailable: 'transient',
  internal: 'exception',
} as const;

/** A code of Portico's own; each belongs to one FHIR issue type (https://hl7.org/fhir/R4/valueset-issue-type.html). */
export type ErrorCode = keyof typeof catalogue;

/** All of them; docs/operating.md has a row for each. */
export const errorCodes = Object.keys(catalogue) as readonly ErrorCode[];

export interface Issue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  readonly code: string;
  readonly text: string;
  /** A code of the catalogue; absent on an issue that the validator found. */
  readonly error?: ErrorCode;
  readonly expression?: readonly string[];
}

export function issueType(code: ErrorCode): string {
  return catalogue[code];
}

/** An error of the FHIR API: an HTTP status and the issues of its OperationOutcome. Its text never holds patient data. */
export class OutcomeError extends Error {
  override readonly name = 'OutcomeError';
  readonly issues: readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    readonly code: ErrorCode,
    text: string,
    more: {
      expression?: readonly string[];
      issues?: readonly Issue[];
      headers?: Record<string, string>;
      cause?: unknown;
    } = {},
  ) {
    super(text, more.cause === undefined ? undefined : { cause: more.cause });
    this.issues = more.issues ?? [
      {
        severity: 'error',
        code: issueType(code),
        text,
        error: code,
        ...(more.expression && { expression: more.expression }),
      },
    ];
    this.headers = more.headers ?? {};
  }
}

/** An error of the token endpoints, in the words of RFC 6749 section 5.2. Descriptions are constants: input is never echoed. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  constructor(
    readonly status: 400 | 401 | 403 | 405 | 413 | 415 | 429 | 500 | 503,
    readonly error:
      | 'invalid_request'
      | 'invalid_client'
      | 'invalid_grant'
      | 'invalid_scope'
      | 'unauthorized_client'
      | 'unsupported_grant_type'
      | 'invalid_token'
      | 'insufficient_scope'
      | 'slow_down'
      | 'server_error'
      | 'temporarily_unavailable',
    description: string,
    readonly headers: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(description, cause === undefined ? undefined : { cause });
  }
}

/** What somebody who runs Portico must mend before it starts: all faults at once, a line each. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(
    what: string,
    readonly faults: readonly string[],
  ) {
    super(`${what}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

export const invalidParameter = (text: string): OutcomeError => new OutcomeError(400, 'invalid-parameter', text);
