import { OAuthError } from '../outcome.js';
import { grantedScope } from './granted-scope.js';
import { issueAccessToken, type AuthOptions } from './issue.js';
import { secretMatches } from './secrets.js';
import { liveCredential, noteUse, type Credential, type CredentialKind } from './store.js';

/** Seconds that an access token lives; it dies with its credential whatever they are (SMART section 2). */
export const lifetimes: Readonly<Record<CredentialKind, number>> = {
  portal: 3600,
  org: 36_000,
  client: 36_000,
  backend: 300,
  app: 900,
};

export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
  readonly patient?: string;
}

/**
 * The token endpoint: client_credentials with a secret, by Basic or in the body
 * (https://www.rfc-editor.org/rfc/rfc6749#section-4.4). Errors: OAuthError, with constant descriptions.
 */
export async function issueToken(
  fields: readonly (readonly [string, string])[],
  authorization: string | undefined,
  options: AuthOptions,
): Promise<TokenResponse> {
  const field = single(fields);
  const grantType = field('grant_type');
  if (grantType === undefined) throw new OAuthError(400, 'invalid_request', 'grant_type is missing');
  if (grantType !== 'client_credentials')
    throw new OAuthError(400, 'unsupported_grant_type', 'only client_credentials is supported');
  const credential = await authenticate(clientOf(field, authorization), options);
  const scope = grantedScope(options.scopes, credential, field('scope'));
  await noteUse(options.own, credential.id, options.now());
  return respond(credential, scope, options);
}

/** Fields once each: a repeated one would leave open which counts (RFC 6749 section 3.2). */
function single(fields: readonly (readonly [string, string])[]): (name: string) => string | undefined {
  const known = new Map<string, string>();
  for (const [name, value] of fields) {
    if (known.has(name)) throw new OAuthError(400, 'invalid_request', 'a parameter is given more than once');
    known.set(name, value);
  }
  return (name) => known.get(name) || undefined;
}

interface Client {
  readonly id: string;
  readonly secret: string;
  readonly basic: boolean;
}

function clientOf(field: (name: string) => string | undefined, authorization: string | undefined): Client {
  const inBody = field('client_secret') !== undefined;
  if (authorization !== undefined) {
    if (inBody) throw new OAuthError(400, 'invalid_request', 'the client authenticates in two ways at once');
    const client = basic(authorization);
    if (!client) throw unknownClient(true);
    if (field('client_id') !== undefined && field('client_id') !== client.id) throw unknownClient(true);
    return client;
  }
  const id = field('client_id');
  const secret = field('client_secret');
  if (id === undefined || secret === undefined) throw unknownClient(false);
  return { id, secret, basic: false };
}

/** Id and secret are form-encoded before they are joined (RFC 6749 section 2.3.1); ours have nothing to encode. */
function basic(authorization: string): Client | undefined {
  const match = /^Basic +([A-Za-z0-9+/=]{1,1000})$/i.exec(authorization);
  if (!match) return undefined;
  const text = Buffer.from(match[1] as string, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    const decode = (part: string): string => decodeURIComponent(part.replace(/\+/g, ' '));
    return { id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)), basic: true };
  } catch {
    return undefined;
  }
}

/** Unknown, wrong and deleted are the same answer after the same work. */
async function authenticate({ id, secret, basic }: Client, { own, now }: AuthOptions): Promise<Credential> {
  const credential = /^[\w-]{1,64}$/.test(id) ? await liveCredential(own, id, now()) : undefined;
  if (!secretMatches(secret.slice(0, 256), credential?.secretHash) || !credential) throw unknownClient(basic);
  return credential;
}

const unknownClient = (basic: boolean): OAuthError =>
  new OAuthError(
    401,
    'invalid_client',
    'the client is unknown or its secret is wrong',
    basic ? { 'WWW-Authenticate': 'Basic realm="portico"' } : {},
  );

async function respond(credential: Credential, scope: string, options: AuthOptions): Promise<TokenResponse> {
  const { id, tenant, kind, patient, expiresAt } = credential;
  const holder = { tenant, kind, clientId: id, credential, ...(patient !== undefined && { patient }) };
  const { token, expiresInSeconds } = await issueAccessToken(options, holder, scope, lifetimes[kind], expiresAt);
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    scope,
    ...(patient !== undefined && { patient }),
  };
}
