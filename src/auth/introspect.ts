import { decodeJwt } from 'jose/jwt/decode';
import { printScopes } from '../access/grammar.js';
import { refusedBy } from '../audit/event.js';
import { OAuthError, OutcomeError } from '../outcome.js';
import type { Bearer } from './bearer.js';
import { authenticateClient } from './client-auth.js';
import type { AuthOptions, Claims } from './issue.js';
import { alive } from './liveness.js';
import { required, type OAuthRequest } from './oauth-request.js';
import { isPublic, liveCredential, type Credential } from './store.js';

type Introspection = { readonly active: false } | ({ readonly active: true } & Record<string, unknown>);

const inactive = { active: false } as const;

/**
 * What a token is worth now: https://www.rfc-editor.org/rfc/rfc7662, as SMART profiles it. A client may ask about its own
 * tokens, and with the permission about all of its organization. Whatever else it asks about is not active, and nothing
 * more is said. Errors: 401 `invalid_client` or `invalid_token`, 403 `insufficient_scope`.
 */
export async function introspect(request: OAuthRequest, options: AuthOptions, bearer: Bearer): Promise<Introspection> {
  const caller = /^Bearer /i.test(request.authorization ?? '')
    ? await bearingCaller(request, options, bearer)
    : await authenticateClient(request, options);
  // Whoever knows the id of an app without a secret is not it (RFC 7662 section 2.1).
  if (isPublic(caller)) throw new OAuthError(401, 'invalid_client', 'this client has no proof of who it is');
  const token = required(request, 'token');
  const claims = await claimsOf(token, bearer);
  if (claims?.org !== caller.tenant || (claims.cid !== caller.id && !caller.canIntrospect)) return inactive;
  const scope = await scopeNow(claims, options);
  return scope === undefined ? inactive : describe(claims, scope);
}

async function bearingCaller(request: OAuthRequest, { own, now }: AuthOptions, bearer: Bearer) {
  const { authorization } = request;
  const id = await asOAuth(request, () => bearer.authenticate({ authorization, onBehalfOf: undefined }));
  const caller = await liveCredential(own, id.credential, now());
  if (caller) request.client = caller;
  if (caller?.canIntrospect) return caller satisfies Credential;
  throw new OAuthError(403, 'insufficient_scope', 'this client may not introspect tokens', {
    'WWW-Authenticate': 'Bearer realm="portico", error="insufficient_scope"',
  });
}

async function asOAuth<T>(request: OAuthRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OutcomeError)) throw error;
    request.refused = refusedBy(error);
    throw new OAuthError(401, 'invalid_token', 'the access token is not valid', error.headers);
  }
}

/** The claims of an access token of ours that is alive; undefined for anything else. */
export async function claimsOf(token: string, bearer: Bearer): Promise<Claims | undefined> {
  if (!/^[\w.-]+$/.test(token)) return undefined;
  try {
    await bearer.authenticate({ authorization: `Bearer ${token}`, onBehalfOf: undefined });
    return decodeJwt<Claims>(token);
  } catch (error) {
    if (error instanceof OutcomeError) return undefined;
    throw error;
  }
}

/** The scopes that still work, as far as a text says them; undefined when it has just died. */
async function scopeNow(claims: Claims, { own, scopes, now }: AuthOptions): Promise<string | undefined> {
  const state = await alive(own, claims, now());
  if (!state) return undefined;
  return printScopes(scopes.effective(state, claims.knd === 'session' ? undefined : scopes.readCeiling(claims.scope)));
}

/** What a resource server may know: nothing of epochs and ids of our tables. */
function describe(claims: Claims, scope: string): Introspection {
  const { client_id, exp, iat, iss, sub, aud, jti, patient } = claims;
  const context = Object.fromEntries(
    ['encounter', 'fhirUser', 'intent', 'fhirContext'].flatMap((name) =>
      claims[name] === undefined ? [] : [[name, claims[name]]],
    ),
  );
  return {
    ...{ active: true, scope, client_id, exp, iat, iss, sub, aud, jti, token_type: 'Bearer' },
    ...(patient !== undefined && { patient }),
    ...context,
  };
}
