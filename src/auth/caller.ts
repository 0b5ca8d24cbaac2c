import type { Access } from '../access/narrow.js';
import type { ApiCredentials } from '../http/credentials.js';
import { OutcomeError } from '../outcome.js';
import { tokenOf, type Bearer } from './bearer.js';
import type { AuthOptions } from './issue.js';
import { openOrgToken } from './org-token.js';

/**
 * Who calls the native API: an access token, or the token of an organization as it is. Cookies mean nothing. Errors: 401;
 * 400 `invalid-header` where there are two, because then there would be two callers.
 */
export const caller =
  (options: AuthOptions & { readonly bearer: Bearer }) =>
  async ({ authorization, apiKey, onBehalfOf, ip }: ApiCredentials): Promise<Access> => {
    if (apiKey !== undefined && authorization !== undefined)
      throw new OutcomeError(400, 'invalid-header', 'Authorization and x-api-key are both given');
    const token = apiKey ?? tokenOf(authorization);
    if (apiKey !== undefined || token.startsWith('pto_')) return openOrgToken(token, ip, options);
    return options.bearer.authenticate({ authorization, onBehalfOf });
  };
