import { OAuthError } from '../../outcome.js';
import { findCode, useCode, verifies, type FoundCode } from '../code.js';
import type { AuthOptions } from '../issue.js';
import { issueRefresh, revokeFamily } from '../refresh.js';
import type { Credential } from '../store.js';
import { liveGrant, saysWho, tokenOfGrant, type UserGrant } from '../user-grant.js';
import type { Grant } from './grant.js';

const ID_TOKEN_SECONDS = 300;

/**
 * Tokens for what a user allowed (https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3, RFC 7636). Whoever sends a code a
 * second time has a copy of it, and nobody can tell whose is the honest one: what the first got is dead then (THREAT 23).
 */
export const authorizationCode: Grant = async (client, { field }, options) => {
  if (client.kind !== 'app')
    throw new OAuthError(400, 'unauthorized_client', 'this kind of client has no users: it uses client_credentials');
  const { own, now } = options;
  const [text, redirectUri] = [field('code'), field('redirect_uri')];
  if (text === undefined || redirectUri === undefined)
    throw new OAuthError(400, 'invalid_request', 'code or redirect_uri is missing');
  const code = await findCode(own, text.slice(0, 256), now());
  if (code?.client !== client.id) throw invalidGrant();
  if (code.used) await punish(code, options);
  // All of it is checked before the code is spent: who guesses must not take it from whoever it was made for.
  if (code.used || code.expired || code.redirectUri !== redirectUri) throw invalidGrant();
  if (!verifies(field('code_verifier'), code.challenge)) throw invalidGrant();
  const grant = await liveGrant(own, code.grant, client.id, now());
  if (!grant) throw invalidGrant();
  if (!(await useCode(own, text, now()))) {
    await punish(code, options);
    throw invalidGrant();
  }
  const response = await tokenOfGrant(options, client, grant, grant.scope);
  return { ...response, ...(await refreshToken(grant, options)), ...(await idToken(client, grant, code, options)) };
};

const punish = ({ grant }: FoundCode, { own, now }: AuthOptions): Promise<void> => revokeFamily(own, { grant }, now());

async function refreshToken({ id: grant, scope, expiresAt }: UserGrant, { own, now }: AuthOptions) {
  const scopes = scope.split(' ');
  if (!scopes.includes('offline_access') && !scopes.includes('online_access')) return {};
  return { refresh_token: await issueRefresh(own, { grant, expiresAt }, now()) };
}

/** https://openid.net/specs/openid-connect-core-1_0.html#IDToken, with SMART's fhirUser. */
async function idToken(
  { id: aud }: Credential,
  { user, scope }: UserGrant,
  { nonce, authTime }: FoundCode,
  { keys, issuer: iss, audience, now }: AuthOptions,
) {
  if (!scope.split(' ').includes('openid')) return {};
  const iat = Math.floor(now() / 1000);
  const claims = {
    ...{ iss, sub: user.id, aud, iat, exp: iat + ID_TOKEN_SECONDS, auth_time: authTime },
    ...(nonce !== undefined && { nonce }),
    ...(user.fhirUser !== undefined && saysWho(scope) && { fhirUser: `${audience}/${user.fhirUser}` }),
  };
  return { id_token: await keys.signId(claims) };
}

/** One text for unknown, used, too old, somebody else's, of another address and without its verifier. */
const invalidGrant = (): OAuthError => new OAuthError(400, 'invalid_grant', 'the code cannot be used');
