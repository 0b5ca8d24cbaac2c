import { hash } from 'node:crypto';
import * as errors from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import { LRUCache } from 'lru-cache';
import { printScopes, type Spelling } from '../access/grammar.js';
import type { Access } from '../access/narrow.js';
import { RefusedToken } from '../audit/event.js';
import type { Credentials } from '../http/credentials.js';
import { OutcomeError } from '../outcome.js';
import type { AuthOptions, Claims } from './issue.js';
import { alive, type Alive } from './liveness.js';
import { onBehalfOf } from './on-behalf-of.js';

interface Verified {
  readonly claims: Claims;
  readonly scopes: readonly Spelling[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** What it opens, for as long as its ceiling and its patient stay what they were. */
  opened?: Opened;
}

interface Opened {
  readonly under: Alive;
  readonly access: Access;
  /** The scopes that are left of the token's. */
  readonly scopes: readonly Spelling[];
}

/** The challenge to whoever shows a token that opens nothing. */
export const DEAD = 'Bearer realm="portico", error="invalid_token"';

const MAX_TOKEN = 8192;
const MAX_CACHED = 20_000;
// The last character of a signature of 64 bytes has two bits that say something: another one would be another text of it.
const compact = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;

/**
 * Checks access tokens. A token is verified once and remembered by the hash of its bytes; whether it has expired,
 * whether what it depends on still lives and what that allows now is asked on every request, never cached.
 */
export class Bearer {
  readonly #verified = new LRUCache<string, Verified>({ max: MAX_CACHED });

  constructor(private readonly options: AuthOptions) {}

  /** What a token of ours says that has not expired, whether or not what it depends on still lives. */
  async claims(authorization: string | undefined): Promise<Claims> {
    const { claims, expiresAt } = await this.#read(tokenOf(authorization));
    if (expiresAt * 1000 <= this.options.now()) throw dead(claims, 'The access token has expired');
    return claims;
  }

  /** Who asks. Errors: 401 `login` without a token, 401 `expired` with one that does not open anything. */
  async authenticate({ authorization, onBehalfOf: user }: Credentials): Promise<Access> {
    const verified = await this.#read(tokenOf(authorization));
    const now = this.options.now();
    if (verified.expiresAt * 1000 <= now) throw dead(verified.claims, 'The access token has expired');
    const state = await alive(this.options.own, verified.claims, now);
    if (!state) throw dead(verified.claims, 'The credential or the session of this access token has ended');
    const { access, scopes } = this.#opened(verified, state);
    return user === undefined ? access : onBehalfOf(this.options.own, access, scopes, user);
  }

  async #read(token: string): Promise<Verified> {
    const key = hash('sha256', token, 'base64');
    let verified = this.#verified.get(key);
    if (!verified) this.#verified.set(key, (verified = await this.#verify(token)));
    return verified;
  }

  async #verify(token: string): Promise<Verified> {
    if (token.length > MAX_TOKEN || !compact.test(token)) throw refused();
    const { keys, issuer, audience, scopes, now } = this.options;
    try {
      const { payload } = await jwtVerify<Claims>(
        token,
        async ({ kid }) => {
          const found = kid !== undefined && /^[\w-]{1,64}$/.test(kid) ? await keys.publicKey(kid) : undefined;
          if (!found) throw new errors.JWKSNoMatchingKey();
          return found;
        },
        {
          algorithms: ['ES256'],
          issuer,
          audience,
          typ: 'at+jwt',
          requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id', 'org', 'knd', 'scope'],
          currentDate: new Date(now()),
        },
      );
      if (typeof payload.aud !== 'string') throw refused();
      return { claims: payload, scopes: scopes.read(payload.scope) ?? [], expiresAt: payload.exp as number };
    } catch (error) {
      // Its signature has been checked before its time.
      if (error instanceof errors.JWTExpired) throw dead(error.payload as Claims, 'The access token has expired');
      if (error instanceof errors.JOSEError) throw refused(undefined, error);
      throw error;
    }
  }

  /** What was granted, as far as the credential's ceiling and the organization's policy allow it now. */
  #opened(verified: Verified, under: Alive): Opened {
    const { patient, fhirUser, origins } = under;
    if (verified.opened && isSame(verified.opened.under, under)) return verified.opened;
    const { scopes } = this.options;
    const { org, cid = '', knd, uid, jti } = verified.claims;
    // A session has the scopes of its user's roles, whatever they were when it began.
    const left = scopes.effective(under, knd === 'session' ? undefined : verified.scopes);
    const access: Access = {
      tenant: org,
      credential: cid,
      kind: knd,
      grants: scopes.grants(left),
      scopes: printScopes(left),
      ...(patient !== undefined && { patient }),
      ...(uid !== undefined && { user: uid }),
      ...(fhirUser !== undefined && { fhirUser }),
      ...(jti !== undefined && { jti }),
      ...(origins !== undefined && { origins: origins.split(' ') }),
    };
    return (verified.opened = { under, access, scopes: left });
  }
}

/** The token of a Bearer header. Errors: 401 `login`. */
export function tokenOf(authorization: string | undefined): string {
  const match = authorization === undefined ? null : /^Bearer +(\S+)$/i.exec(authorization);
  if (match) return match[1] as string;
  throw new OutcomeError(401, 'login', 'An access token is needed: Authorization: Bearer [token]', {
    headers: { 'WWW-Authenticate': 'Bearer realm="portico"' },
  });
}

/** A policy that allows nothing is another thing than none. */
const isSame = (one: Alive, other: Alive): boolean =>
  one.ceiling === other.ceiling &&
  one.policy === other.policy &&
  one.patient === other.patient &&
  one.fhirUser === other.fhirUser &&
  one.origins === other.origins;

const dead = ({ org, cid, knd, uid, jti }: Claims, text: string): RefusedToken =>
  new RefusedToken({ tenant: org, credential: cid, credentialKind: knd, user: uid, jti }, 'expired', text, DEAD);

function refused(text = 'The access token is not valid', cause?: unknown): OutcomeError {
  return new OutcomeError(401, 'expired', text, {
    headers: { 'WWW-Authenticate': DEAD },
    cause,
  });
}
