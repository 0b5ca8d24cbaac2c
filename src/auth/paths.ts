/** The token endpoint, and where clients of the native system look for it; a slash at the end makes no difference. */
export const TOKEN_PATHS = ['/oauth/token', '/api/2.0/oauth2/token'] as const;
export const AUTHORIZE_PATH = '/oauth/authorize';
export const MANAGE_PATH = '/oauth/manage';
export const LAUNCH_PATH = '/oauth/launch';
export const INTROSPECT_PATH = '/oauth/introspect';
export const REVOKE_PATH = '/oauth/revoke';
export const SMART_STYLE_PATH = '/oauth/smart-style.json';
export const BRANDS_PATH = '/oauth/brands.json';
export const JWKS_PATH = '/oauth/jwks';

/** What the CapabilityStatement says of them: http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris */
export const oauthUris = (issuer: string): Record<string, string> => ({
  authorize: `${issuer}${AUTHORIZE_PATH}`,
  token: `${issuer}${TOKEN_PATHS[0]}`,
  introspect: `${issuer}${INTROSPECT_PATH}`,
  revoke: `${issuer}${REVOKE_PATH}`,
  manage: `${issuer}${MANAGE_PATH}`,
});

/** The token endpoint by all its names. */
export const tokenUrls = (issuer: string): string[] =>
  TOKEN_PATHS.flatMap((path) => [`${issuer}${path}`, `${issuer}${path}/`]);
