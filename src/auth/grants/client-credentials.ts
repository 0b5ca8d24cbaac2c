import { OAuthError } from '../../outcome.js';
import { grantedScope } from '../granted-scope.js';
import { issueAccessToken } from '../issue.js';
import { lifetimes } from '../lifetimes.js';
import type { Grant } from './grant.js';

/**
 * A service, or an app that a patient gave a key to, asks in its own name; there is no refresh token, since the client
 * can always ask again (https://www.rfc-editor.org/rfc/rfc6749#section-4.4).
 */
export const clientCredentials: Grant = async (client, { field }, options) => {
  const { id, tenant, kind, patient, expiresAt } = client;
  if (kind === 'app')
    throw new OAuthError(400, 'unauthorized_client', 'an app needs a user: it takes part in authorization_code');
  const scope = grantedScope(options.scopes, client, field('scope'));
  const holder = { tenant, kind, clientId: id, credential: client, ...(patient !== undefined && { patient }) };
  const { token, expiresInSeconds } = await issueAccessToken(options, holder, scope, lifetimes[kind], expiresAt);
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    scope,
    ...(patient !== undefined && { patient }),
  };
};
