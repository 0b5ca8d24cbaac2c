import type { Context, Middleware } from 'koa';
import { handledOf } from '../http/request-log.js';
import { authMethods } from './client-auth.js';
import type { AuthOptions } from './issue.js';
import { INTROSPECT_PATH, JWKS_PATH, REVOKE_PATH, TOKEN_PATHS } from './paths.js';
import { assertionAlgorithms } from './private-key-jwt.js';
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
  const documents = new Map<string, () => unknown>([
    [`${fhirPath}/.well-known/smart-configuration`, () => smartConfiguration(common)],
    [
      '/.well-known/oauth-authorization-server',
      () => ({ issuer: options.issuer, ...common, response_types_supported: [] }),
    ],
    [JWKS_PATH, async () => ({ keys: await options.keys.published() })],
  ]);
  return async (ctx, next) => {
    const document = documents.get(ctx.path);
    if (!document) return next() as Promise<void>;
    ctx.set({ 'Access-Control-Allow-Origin': '*', 'X-Request-Id': handledOf(ctx).requestId });
    if (refusedMethod(ctx)) return undefined;
    const body = await document();
    ctx.set('Cache-Control', 'public, max-age=300');
    ctx.body = body;
    return undefined;
  };
}

function refusedMethod(ctx: Context): boolean {
  if (ctx.method === 'GET' || ctx.method === 'HEAD') return false;
  ctx.set('Allow', 'GET, HEAD, OPTIONS');
  if (ctx.method === 'OPTIONS') {
    ctx.set({ 'Access-Control-Allow-Methods': 'GET, HEAD', 'Access-Control-Allow-Headers': 'accept' });
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
    jwks_uri: `${issuer}${JWKS_PATH}`,
    token_endpoint: `${issuer}${TOKEN_PATHS[0]}`,
    introspection_endpoint: `${issuer}${INTROSPECT_PATH}`,
    revocation_endpoint: `${issuer}${REVOKE_PATH}`,
    grant_types_supported: [...grants.keys()],
    ...supportedAuth('token'),
    ...supportedAuth('introspection'),
    ...supportedAuth('revocation'),
    scopes_supported: scopes.supported(letters),
  };
}

const supportedAuth = (endpoint: string) => ({
  [`${endpoint}_endpoint_auth_methods_supported`]: authMethods,
  [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: assertionAlgorithms,
});

/**
 * https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html. `issuer` stands there only with OpenID Connect, and
 * what belongs to launches only with them.
 */
const smartConfiguration = (common: ReturnType<typeof metadata>) => ({
  ...common,
  capabilities: [
    'client-confidential-symmetric',
    'client-confidential-asymmetric',
    'permission-patient',
    'permission-v1',
    'permission-v2',
  ],
});
