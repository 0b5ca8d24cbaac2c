import { isMatch, isNoneMatch } from '../http/etag.js';
import type { Headers } from '../http/fhir-request.js';
import { OutcomeError } from '../outcome.js';
import type { Entry } from '../store/render.js';

/** Errors: 412 `version-conflict` where the resource is not as the client says; 400 for what is no ETag. */
export function checkPreconditions({ ifMatch, ifNoneMatch }: Headers, current: Entry | undefined): void {
  if (ifMatch !== undefined && !isMatch(ifMatch, current?.versionId))
    throw failed('The resource has another version than If-Match names');
  // RFC 9110 section 13.1.2: a write with `*` wants to be the first.
  if (ifNoneMatch !== undefined && isNoneMatch(ifNoneMatch, current?.versionId))
    throw failed('The resource has the version that If-None-Match rules out');
}

const failed = (text: string): OutcomeError => new OutcomeError(412, 'version-conflict', text);
