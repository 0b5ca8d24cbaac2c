import { OutcomeError } from '../outcome.js';

/** A version as an ETag: https://hl7.org/fhir/R4/http.html#versioning */
export const etag = (versionId: string): string => `W/"${versionId}"`;

/** Milliseconds since 1970 UTC as an HTTP date; it knows whole seconds only. */
export const httpDate = (milliseconds: number): string => new Date(milliseconds).toUTCString();

interface Conditions {
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
}

/** Whether the client has this version already. If-None-Match wins over If-Modified-Since (RFC 9110 section 13.2.2). */
export function isNotModified(conditions: Conditions, versionId: string, lastUpdated: number | undefined): boolean {
  const { ifNoneMatch, ifModifiedSince } = conditions;
  if (ifNoneMatch !== undefined) return isNoneMatch(ifNoneMatch, versionId);
  if (ifModifiedSince === undefined || lastUpdated === undefined) return false;
  const since = Date.parse(ifModifiedSince);
  return !Number.isNaN(since) && Math.floor(lastUpdated / 1000) * 1000 <= since;
}

/** Whether If-None-Match names the current version; `*` names any that there is. */
export const isNoneMatch = (ifNoneMatch: string, versionId: string | undefined): boolean =>
  versionId !== undefined && ifNoneMatch.split(',').some((each) => each.trim() === '*' || opaque(each) === versionId);

const etags = /^\s*(?:\*|(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*)\s*$/;

/**
 * Whether the current version is one that If-Match names; FHIR compares weakly
 * (https://hl7.org/fhir/R4/http.html#concurrency). What is not there matches nothing. Errors: 400 `invalid-header`.
 */
export function isMatch(ifMatch: string, versionId: string | undefined): boolean {
  if (ifMatch.length > 1000 || !etags.test(ifMatch))
    throw new OutcomeError(400, 'invalid-header', 'If-Match takes ETags, for example W/"3", or *');
  if (versionId === undefined) return false;
  return ifMatch.trim() === '*' || ifMatch.split(',').some((each) => opaque(each) === versionId);
}

/** Weak comparison: `W/"1"`, `"1"` and what some clients send, `1`. */
const opaque = (tag: string): string => tag.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
