import { hash } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Access } from '../access/narrow.js';
import { parseScopes } from '../access/scopes.js';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import type { Keys } from './keys.js';
import { liveness } from './store.js';

/** The claims of an access token of ours (SMART section 2). */
interface Claims extends JWTPayload {
  readonly org: string;
  readonly cid: string;
  readonly cep: number;
  readonly knd: string;
  readonly scope: string;
  readonly patient?: string;
}

interface Verified {
  readonly claims: Claims;
  readonly access: Access;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

const MAX_TOKEN = 8192;
const MAX_CACHED = 20_000;
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export interface BearerOptions {
  readonly own: Database;
  readonly keys: Keys;
  readonly issuer: string;
  /** The FHIR base URL. */
  readonly audience: string;
  readonly now: () => number;
}

/**
 * Checks access tokens. A token is verified once and remembered by the hash of its bytes; whether it has expired and
 * whether its credential still lives is asked on every request, never cached.
 */
export class Bearer {
  readonly #verified = new LRUCache<string, Verified>({ max: MAX_CACHED });

  constructor(private readonly options: BearerOptions) {}

  /** Who asks. Errors: 401 `login` without a token, 401 `expired` with one that does not open anything. */
  async authenticate(authorization: string | undefined): Promise<Access> {
    const match = authorization === undefined ? null : /^Bearer +(\S+)$/i.exec(authorization);
    if (!match)
      throw new OutcomeError(401, 'login', 'An access token is needed: Authorization: Bearer [token]', {
        headers: { 'WWW-Authenticate': 'Bearer realm="portico"' },
      });
    const token = match[1] as string;
    const key = hash('sha256', token, 'base64');
    let verified = this.#verified.get(key);
    if (!verified) {
      verified = await this.#verify(token);
      this.#verified.set(key, verified);
    }
    const now = this.options.now();
    if (verified.expiresAt * 1000 <= now) throw refused('The access token has expired');
    await this.#alive(verified.claims, now);
    return verified.access;
  }

  async #verify(token: string): Promise<Verified> {
    if (token.length > MAX_TOKEN || !compact.test(token)) throw refused();
    const { keys, issuer, audience, now } = this.options;
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
          requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id', 'cid', 'cep', 'org', 'knd', 'scope'],
          currentDate: new Date(now()),
        },
      );
      if (typeof payload.aud !== 'string') throw refused();
      return { claims: payload, access: accessOf(payload), expiresAt: payload.exp as number };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw refused('The access token has expired');
      if (error instanceof errors.JOSEError) throw refused(undefined, error);
      throw error;
    }
  }

  async #alive(claims: Claims, now: number): Promise<void> {
    const row = await liveness.first(this.options.own, { credential: claims.cid, tenant: claims.org });
    const alive =
      row !== undefined &&
      Boolean(row['active']) &&
      row['epoch'] === claims.cep &&
      (row['expires_at'] === null || Number(row['expires_at']) > now) &&
      (row['patient'] === null || row['patient'] === claims.patient);
    if (!alive) throw refused('The credential of this access token was deleted or disabled');
  }
}

function accessOf({ org, cid, knd, scope, patient }: Claims): Access {
  const grants = [...(parseScopes(scope)?.values() ?? [])];
  return { tenant: org, credential: cid, kind: knd, grants, ...(patient !== undefined && { patient }) };
}

function refused(text = 'The access token is not valid', cause?: unknown): OutcomeError {
  return new OutcomeError(401, 'expired', text, {
    headers: { 'WWW-Authenticate': 'Bearer realm="portico", error="invalid_token"' },
    cause,
  });
}
