import { createHash } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import { handledOf } from '../http/request-log.js';
import { brands } from './brands.js';
import { authMethods, tokenAuthMethods } from './client-auth.js';
import type { AuthOptions } from './issue.js';
import {
  AUTHORIZE_PATH,
  BRANDS_PATH,
  INTROSPECT_PATH,
  JWKS_PATH,
  MANAGE_PATH,
  REVOKE_PATH,
  SMART_STYLE_PATH,
  TOKEN_PATHS,
} from './paths.js';
import { assertionAlgorithms } from './private-key-jwt.js';
import { ID_TOKEN_ALG } from './signing-key.js';
import { smartStyle } from './smart-style.js';
import { grants } from './token.js';

export interface Served {
  readonly fhirPath: string;
  /** The letters of scopes that are good for something. */
  readonly letters: string;
}

/**
 * The documents by which clients find their way, public and for every web page. All of it follows from what is there:
 * nothing is advertised that is not served.
 */
export function discovery(options: AuthOptions, { fhirPath, letters }: Served): Middleware {
  const common = metadata(options, letters);
  const openId = { ...common, ...openIdConfiguration };
  const documents = new Map<string, () => unknown>([
    [`${fhirPath}/.well-known/smart-configuration`, () => smartConfiguration(common, options)],
    ['/.well-known/oauth-authorization-server', () => openId],
    ['/.well-known/openid-configuration', () => openId],
    [JWKS_PATH, async () => ({ keys: await options.keys.published() })],
    [SMART_STYLE_PATH, () => smartStyle],
    [BRANDS_PATH, () => brands(options)],
  ]);
  return async (ctx, next) => {
    const document = documents.get(ctx.path);
    if (!document) return next() as Promise<void>;
    ctx.set({
      ...{ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag, X-Request-Id' },
      ...{ 'X-Request-Id': handledOf(ctx).requestId, 'X-Content-Type-Options': 'nosniff' },
    });
    if (refusedMethod(ctx)) return undefined;
    const text = JSON.stringify(await document());
    ctx.set({
      'Cache-Control': 'public, max-age=300',
      ETag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`,
    });
    ctx.type = ctx.path === BRANDS_PATH ? 'application/fhir+json' : 'application/json';
    ctx.body = text;
    if (ctx.fresh) ctx.status = 304;
    return undefined;
  };
}

function refusedMethod(ctx: Context): boolean {
  if (ctx.method === 'GET' || ctx.method === 'HEAD') return false;
  ctx.set('Allow', 'GET, HEAD, OPTIONS');
  if (ctx.method === 'OPTIONS') {
    ctx.set({ 'Access-Control-Allow-Methods': 'GET, HEAD', 'Access-Control-Allow-Headers': 'accept, if-none-match' });
    ctx.status = 204;
  } else {
    ctx.status = 405;
    ctx.body = { error: 'invalid_request', error_description: 'this document is read with GET' };
  }
  return true;
}

/** https://www.rfc-editor.org/rfc/rfc8414#section-2 */
function metadata({ issuer, scopes }: AuthOptions, letters: string) {
  return {
    issuer,
    jwks_uri: `${issuer}${JWKS_PATH}`,
    authorization_endpoint: `${issuer}${AUTHORIZE_PATH}`,
    token_endpoint: `${issuer}${TOKEN_PATHS[0]}`,
    introspection_endpoint: `${issuer}${INTROSPECT_PATH}`,
    revocation_endpoint: `${issuer}${REVOKE_PATH}`,
    grant_types_supported: [...grants.keys()],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    ...supportedAuth('token', tokenAuthMethods),
    ...supportedAuth('introspection', authMethods),
    ...supportedAuth('revocation', tokenAuthMethods),
    scopes_supported: scopes.supported(letters),
  };
}

const supportedAuth = (endpoint: string, methods: readonly string[]) => ({
  [`${endpoint}_endpoint_auth_methods_supported`]: methods,
  [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: assertionAlgorithms,
});

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata, and RFC 9207 for `iss`. */
const openIdConfiguration = {
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [ID_TOKEN_ALG],
  claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'fhirUser'],
  response_modes_supported: ['query'],
  prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
  authorization_response_iss_parameter_supported: true,
  request_parameter_supported: false,
  request_uri_parameter_supported: false,
};

/** https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html */
const smartConfiguration = (common: ReturnType<typeof metadata>, { issuer }: AuthOptions) => ({
  ...common,
  management_endpoint: `${issuer}${MANAGE_PATH}`,
  user_access_brand_bundle: `${issuer}${BRANDS_PATH}`,
  capabilities: capabilities.filter(([, isServed]) => isServed()).map(([name]) => name),
});

const hasMethod = (method: (typeof tokenAuthMethods)[number]) => () => tokenAuthMethods.includes(method);
const hasUsers = (): boolean => grants.has('authorization_code');

/** Each with the part of the server that makes it true. */
const capabilities: readonly (readonly [name: string, isServed: () => boolean])[] = [
  ['launch-ehr', hasUsers],
  ['launch-standalone', hasUsers],
  ['authorize-post', hasUsers],
  ['client-public', hasMethod('none')],
  ['client-confidential-symmetric', hasMethod('client_secret_basic')],
  ['client-confidential-asymmetric', hasMethod('private_key_jwt')],
  ['sso-openid-connect', hasUsers],
  ['context-banner', hasUsers],
  ['context-style', hasUsers],
  ['context-ehr-patient', hasUsers],
  ['context-ehr-encounter', hasUsers],
  ['context-standalone-patient', hasUsers],
  ['permission-offline', () => grants.has('refresh_token')],
  ['permission-online', () => grants.has('refresh_token')],
  ['permission-patient', () => true],
  ['permission-user', hasUsers],
  ['permission-v1', () => true],
  ['permission-v2', () => true],
];
