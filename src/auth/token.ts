import { OAuthError } from '../outcome.js';
import { authenticateClient } from './client-auth.js';
import { authorizationCode } from './grants/authorization-code.js';
import { clientCredentials } from './grants/client-credentials.js';
import type { Grant, TokenResponse } from './grants/grant.js';
import { clientOfRefresh, refreshToken } from './grants/refresh-token.js';
import type { AuthOptions } from './issue.js';
import { required, type OAuthRequest } from './oauth-request.js';
import { isPublic, noteUse, type Credential } from './store.js';

/** Every grant type; a Map, because `constructor` is a name in every object. */
export const grants: ReadonlyMap<string, Grant> = new Map([
  ['authorization_code', authorizationCode],
  ['client_credentials', clientCredentials],
  ['refresh_token', refreshToken],
]);

const names = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];

/**
 * An app without a proof need not name itself when it refreshes (RFC 6749 section 6): its token says whose it is, and
 * libraries leave it at that. Errors: 400 `invalid_grant` for a token of nobody.
 */
async function unnamedClient(request: OAuthRequest, options: AuthOptions): Promise<Credential | undefined> {
  const { field, authorization } = request;
  if (field('grant_type') !== 'refresh_token' || authorization !== undefined) return undefined;
  if (names.some((name) => field(name) !== undefined)) return undefined;
  const token = field('refresh_token');
  const client = token === undefined ? undefined : await clientOfRefresh(token, options);
  return client && isPublic(client) ? (request.client = client) : undefined;
}

/** The token endpoint (RFC 6749 section 3.2). Errors: OAuthError, with constant descriptions. */
export async function issueToken(request: OAuthRequest, options: AuthOptions): Promise<TokenResponse> {
  const grant = grants.get(required(request, 'grant_type'));
  if (!grant) throw new OAuthError(400, 'unsupported_grant_type', 'this grant_type is not supported');
  const client = (await unnamedClient(request, options)) ?? (await authenticateClient(request, options));
  const response = await grant(client, request, options);
  await noteUse(options.own, client, options.now());
  return response;
}
