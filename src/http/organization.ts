import { OutcomeError } from '../outcome.js';

/**
 * `X-Organization-ID` never selects a tenant: it can only agree with the token's. Given twice, it arrives joined by a
 * comma, which is no id. Errors: 400 `invalid-header`; 403 `wrong-organization`, whether there is such a one or not.
 */
export function checkOrganization(header: string | string[] | undefined, tenant: string): void {
  if (header === undefined || header === tenant) return;
  if (typeof header !== 'string' || !/^[A-Za-z0-9_-]{1,40}$/.test(header))
    throw new OutcomeError(400, 'invalid-header', 'X-Organization-ID is not one id of an organization');
  throw new OutcomeError(403, 'wrong-organization', 'X-Organization-ID is not the organization of the access token');
}

/** On routes of which it is required. Errors: 400 `ORG_CONTEXT_MISSING` as well. */
export function requireOrganization(header: string | string[] | undefined, tenant: string): void {
  if (header === undefined || header === '')
    throw new OutcomeError(400, 'ORG_CONTEXT_MISSING', 'The header X-Organization-ID is missing');
  checkOrganization(header, tenant);
}
