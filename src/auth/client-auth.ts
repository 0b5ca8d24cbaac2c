import { LimitedError } from '../limits/failures.js';
import { secretLimits, type Limit } from '../limits/rules.js';
import { OAuthError } from '../outcome.js';
import type { AuthOptions } from './issue.js';
import type { OAuthRequest } from './oauth-request.js';
import { assertedClient, verifyAssertion } from './private-key-jwt.js';
import { credentialAsked, isPublic, knownCredential, liveCredential, ownsSecret, type Credential } from './store.js';

/** How a client proves who it is, as discovery names it. */
export const authMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

/** With none: an app that cannot keep a secret only says its id, and proves by PKCE that a code is its own. */
export const tokenAuthMethods = [...authMethods, 'none'] as const;

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** What a request says of its client; nothing of it is believed yet. */
type Claimed =
  | { readonly method: 'secret'; readonly id: string; readonly secret: string }
  | { readonly method: 'assertion'; readonly id: string; readonly assertion: string }
  | { readonly method: 'none'; readonly id: string };

/**
 * The client of a request (RFC 6749 section 2.3, RFC 7523, SMART asymmetric and symmetric). Unknown, wrong and deleted are
 * the same answer after the same work. Errors: 400 `invalid_request` for two methods at once, 401 `invalid_client`,
 * 429 `slow_down`.
 */
export async function authenticateClient(request: OAuthRequest, options: AuthOptions): Promise<Credential> {
  const refused = unknownClient(request.authorization !== undefined);
  const claimed = claimedBy(request);
  if (!claimed) throw refused;
  const limits = secretLimits(claimed.id, request.ip);
  await check(options, limits);
  const credential = await proved(claimed, options);
  if (credential) return (request.client = credential);
  await options.failures.count(...limits);
  // Whose log it goes into is asked for an unknown one too: it takes as long.
  const known = await knownCredential(options.own, idOf(claimed));
  if (known) request.refused = credentialAsked(known);
  throw refused;
}

function claimedBy({ field, authorization }: OAuthRequest): Claimed | undefined {
  const [id, secret, assertion] = [field('client_id'), field('client_secret'), field('client_assertion')];
  const ways = [authorization, secret, assertion ?? field('client_assertion_type')];
  if (ways.filter((each) => each !== undefined).length > 1)
    throw new OAuthError(400, 'invalid_request', 'the client authenticates in two ways at once');
  if (authorization !== undefined) {
    const client = basic(authorization);
    return id === undefined || id === client?.id ? client : undefined;
  }
  if (secret !== undefined) return id === undefined ? undefined : { method: 'secret', id, secret };
  if (assertion === undefined) return id === undefined ? undefined : { method: 'none', id };
  if (field('client_assertion_type') !== JWT_BEARER)
    throw new OAuthError(400, 'invalid_request', 'client_assertion_type must be that of a JWT');
  const asserted = assertedClient(assertion);
  if (asserted === undefined || (id !== undefined && id !== asserted)) return undefined;
  return { method: 'assertion', id: asserted, assertion };
}

/** Id and secret are form-encoded before they are joined (RFC 6749 section 2.3.1); ours have nothing to encode. */
function basic(authorization: string): Claimed | undefined {
  const match = /^Basic +([A-Za-z0-9+/=]{1,1000})$/i.exec(authorization);
  if (!match) return undefined;
  const text = Buffer.from(match[1] as string, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  try {
    const decode = (part: string): string => decodeURIComponent(part.replace(/\+/g, ' '));
    return { method: 'secret', id: decode(text.slice(0, colon)), secret: decode(text.slice(colon + 1)) };
  } catch {
    return undefined;
  }
}

async function proved(claimed: Claimed, options: AuthOptions): Promise<Credential | undefined> {
  const now = options.now();
  const credential = await liveCredential(options.own, idOf(claimed), now);
  if (claimed.method === 'none') return credential && isPublic(credential) ? credential : undefined;
  if (claimed.method === 'assertion')
    return credential && (await verifyAssertion(claimed.assertion, credential, options)) ? credential : undefined;
  return ownsSecret(credential, claimed.secret.slice(0, 256), now) ? credential : undefined;
}

/** PostgreSQL takes no NUL, and no id of ours has one. */
const idOf = ({ id }: Claimed): string => (/^[\w-]{1,64}$/.test(id) ? id : '');

async function check({ failures }: AuthOptions, limits: readonly Limit[]): Promise<void> {
  try {
    await failures.checkAll(limits);
  } catch (error) {
    if (!(error instanceof LimitedError)) throw error;
    throw new OAuthError(429, 'slow_down', 'too many requests', error.headers);
  }
}

const unknownClient = (challenge: boolean): OAuthError =>
  new OAuthError(
    401,
    'invalid_client',
    'the client is unknown or its proof is wrong',
    challenge ? { 'WWW-Authenticate': 'Basic realm="portico"' } : {},
  );
