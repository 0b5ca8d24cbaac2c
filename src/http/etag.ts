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
  if (ifNoneMatch !== undefined)
    return ifNoneMatch.split(',').some((each) => each.trim() === '*' || opaque(each) === versionId);
  if (ifModifiedSince === undefined || lastUpdated === undefined) return false;
  const since = Date.parse(ifModifiedSince);
  return !Number.isNaN(since) && Math.floor(lastUpdated / 1000) * 1000 <= since;
}

/** Weak comparison: `W/"1"`, `"1"` and what some clients send, `1`. */
const opaque = (tag: string): string => tag.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
