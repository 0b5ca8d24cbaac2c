import { randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Audit } from '../audit/event.js';
import type { Scopes } from '../access/scopes.js';
import type { Failures } from '../limits/failures.js';
import type { Database } from '../store/database.js';
import type { ClientKeys } from './client-keys.js';
import type { Keys } from './keys.js';

/** What every part of the authorization service works with. */
export interface AuthOptions {
  readonly own: Database;
  readonly keys: Keys;
  readonly scopes: Scopes;
  /** The issuer's URL, which all other URLs begin with. */
  readonly issuer: string;
  /** The FHIR base URL, for which all access tokens are. */
  readonly audience: string;
  /** The secret that wraps what must be recoverable. */
  readonly secret: string;
  readonly now: () => number;
  readonly audit: Audit;
  /** The keys behind the JWKS URLs of clients. */
  readonly clientKeys: ClientKeys;
  readonly failures: Failures;
}

/** The claims of an access token of ours (SMART section 2). */
export interface Claims extends JWTPayload {
  readonly org: string;
  readonly knd: string;
  readonly client_id: string;
  readonly scope: string;
  /** The credential and its epoch; a user's session has none. */
  readonly cid?: string;
  readonly cep?: number;
  /** The user and their epoch. */
  readonly uid?: string;
  readonly uep?: number;
  readonly sid?: string;
  readonly gid?: string;
  readonly patient?: string;
  /** As `Type/id`: who the user is. */
  readonly fhirUser?: string;
  readonly encounter?: string;
  readonly intent?: string;
  readonly fhirContext?: unknown;
}

/** What a token says of its launch besides the patient: for resource servers that ask, and for nothing here. */
export type LaunchClaims = Pick<Claims, 'fhirUser' | 'encounter' | 'intent' | 'fhirContext'>;

/** Whom a token is for, and what its life depends on. */
export interface Holder {
  readonly tenant: string;
  readonly kind: string;
  readonly clientId: string;
  readonly credential?: { readonly id: string; readonly epoch: number };
  readonly user?: { readonly id: string; readonly epoch: number };
  readonly session?: string;
  readonly grant?: string;
  readonly patient?: string;
  readonly launch?: LaunchClaims;
}

export interface Issued {
  readonly token: string;
  readonly jti: string;
  readonly expiresInSeconds: number;
}

/** Signs an access token (RFC 9068). `endsAt`, milliseconds since 1970: it does not outlive what it depends on. */
export async function issueAccessToken(
  { keys, issuer, audience, now }: AuthOptions,
  { tenant, kind, clientId, credential, user, session, grant, patient, launch }: Holder,
  scope: string,
  lifeSeconds: number,
  endsAt = Infinity,
): Promise<Issued> {
  const issuedAt = Math.floor(now() / 1000);
  const expires = Math.min(issuedAt + lifeSeconds, Math.floor(endsAt / 1000));
  const jti = randomBytes(16).toString('base64url');
  const claims: Claims = {
    iss: issuer,
    aud: audience,
    sub: user?.id ?? clientId,
    client_id: clientId,
    iat: issuedAt,
    exp: expires,
    jti,
    scope,
    org: tenant,
    knd: kind,
    ...(credential && { cid: credential.id, cep: credential.epoch }),
    ...(user && { uid: user.id, uep: user.epoch }),
    ...(session !== undefined && { sid: session }),
    ...(grant !== undefined && { gid: grant }),
    ...(patient !== undefined && { patient }),
    ...launch,
  };
  return { token: await keys.sign(claims), jti, expiresInSeconds: expires - issuedAt };
}
