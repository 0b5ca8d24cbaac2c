import { importJWK, SignJWT, type JWK, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { deriveKey, unseal } from '../../src/store/seal.js';
import type { Server } from './server.js';

export interface SigningKey {
  readonly kid: string;
  readonly publicJwk: JWK;
  readonly privateJwk: JWK;
}

/** The server's own signing key, which only a test that plays the thief of it takes out of the database. */
export async function signingKey({ portico: { own, secret } }: Server): Promise<SigningKey> {
  const [row] = await own.objects(`select * from signing_key order by active_from desc`, []);
  const kid = row!['kid'] as string;
  const privateJwk = unseal(deriveKey(secret, 'signing keys'), row!['private_wrapped'] as string, kid);
  return { kid, publicJwk: JSON.parse(row!['public_jwk'] as string), privateJwk: JSON.parse(privateJwk!) };
}

/** A token signed with the server's own key, whatever it says. */
export async function forge(
  key: SigningKey,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const privateKey = await importJWK(key.privateJwk, 'ES256');
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid, ...header })
    .sign(privateKey);
}
