import type { JWK, JWTPayload } from 'jose';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import * as errors from 'jose/errors';
import { decodeJwt } from 'jose/jwt/decode';
import { jwtVerify } from 'jose/jwt/verify';
import { importJWK } from 'jose/key/import';
import type { Database } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import type { AuthOptions } from './issue.js';
import { readJwks } from './jwks.js';
import { tokenUrls } from './paths.js';
import type { Credential } from './store.js';

/**
 * Clients that sign: https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html. Each algorithm is
 * bound to its kind of key.
 */
const keyTypes = {
  RS384: { kty: 'RSA' },
  ES384: { kty: 'EC', crv: 'P-384' },
} as const satisfies Record<string, Partial<JWK>>;

export const assertionAlgorithms = Object.keys(keyTypes) as (keyof typeof keyTypes)[];

const MAX_ASSERTION = 8192;
const MAX_LIFE_SECONDS = 300;
/** Clocks differ a little. */
const TOLERANCE_SECONDS = 5;
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const types: readonly unknown[] = [undefined, 'JWT', 'client-authentication+jwt'];

/** Whom an assertion names, before anything of it is believed. */
export function assertedClient(assertion: string): string | undefined {
  if (assertion.length > MAX_ASSERTION || !compact.test(assertion)) return undefined;
  try {
    const { iss, sub } = decodeJwt(assertion);
    return typeof iss === 'string' && iss === sub ? iss : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an assertion is by this client, for us, of now, and has not been used before. */
export async function verifyAssertion(
  assertion: string,
  credential: Credential,
  options: AuthOptions,
): Promise<boolean> {
  const now = options.now();
  const payload = await verified(assertion, credential, options, now);
  if (!payload || !isForUs(payload, options.issuer) || !endsSoon(payload, now)) return false;
  // After the signature: nobody else can fill the table, or use up what a client will say.
  return isFirst(options.own, credential.id, payload);
}

async function verified(
  assertion: string,
  credential: Credential,
  options: AuthOptions,
  now: number,
): Promise<JWTPayload | undefined> {
  try {
    const key = await keyOf(assertion, credential, options);
    if (!key) return undefined;
    const { payload } = await jwtVerify(assertion, await importJWK(key.jwk, key.alg), {
      algorithms: [key.alg],
      issuer: credential.id,
      subject: credential.id,
      requiredClaims: ['exp', 'jti', 'aud'],
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(now),
    });
    return payload;
  } catch (error) {
    // What a client sends may be no JWS, and what it registered no point of the curve.
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException)
      return undefined;
    throw error;
  }
}

/** The one key that the header names. The header chooses among registered keys; it never brings one. */
async function keyOf(
  assertion: string,
  { jwks, jwksUrl }: Credential,
  { clientKeys }: AuthOptions,
): Promise<{ jwk: JWK; alg: keyof typeof keyTypes } | undefined> {
  const { alg, kid, typ, jku } = decodeProtectedHeader(assertion);
  const algorithm = assertionAlgorithms.find((each) => each === alg);
  if (!algorithm || !types.includes(typ)) return undefined;
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) return undefined;
  if (jku !== undefined && jku !== jwksUrl) return undefined;
  const keys = jwksUrl === undefined ? readJwks(jwks ?? '{}').keys : await clientKeys.at(jwksUrl, kid);
  const wanted = Object.entries(keyTypes[algorithm]);
  const [jwk, ...others] = keys.filter(
    (key) => key.kid === kid && wanted.every(([name, value]) => key[name as 'kty'] === value),
  );
  if (!jwk || others.length > 0 || (jwk.alg !== undefined && jwk.alg !== algorithm)) return undefined;
  return { jwk, alg: algorithm };
}

/** One audience alone: an assertion that is also for others could have been passed on by them. */
function isForUs({ aud }: JWTPayload, issuer: string): boolean {
  const [only, ...others] = [aud].flat();
  return others.length === 0 && only !== undefined && [issuer, ...tokenUrls(issuer)].includes(only);
}

const endsSoon = ({ exp = Infinity }: JWTPayload, now: number): boolean =>
  exp - now / 1000 <= MAX_LIFE_SECONDS + TOLERANCE_SECONDS;

const insert = statement<{ id: string; jti: string; expiresAt: number }>((knex, $) =>
  knex('jti_seen').insert({ credential_id: $('id'), jti: $('jti'), expires_at: $('expiresAt') }),
);

/** All processes share the table, so that an assertion is used once with all of them. */
async function isFirst(db: Database, id: string, { jti, exp = 0 }: JWTPayload): Promise<boolean> {
  if (typeof jti !== 'string' || !/^[\x20-\x7e]{1,256}$/.test(jti)) return false;
  const expiresAt = Math.ceil((exp + TOLERANCE_SECONDS) * 1000);
  return committed(db, [await insert.plan(db, { id, jti, expiresAt }, 1)]);
}
