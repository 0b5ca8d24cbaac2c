import type { CryptoKey, JWK, JWTPayload } from 'jose';
import { SignJWT } from 'jose/jwt/sign';
import { importJWK } from 'jose/key/import';
import { ConfigurationError } from '../outcome.js';
import type { Database } from '../store/database.js';
import {
  ACCESS_TOKEN_ALG,
  ID_TOKEN_ALG,
  activeKey,
  planSigningKey,
  privateJwk,
  readSigningKeys,
  type SigningAlg,
  type SigningKey,
} from './signing-key.js';

/** How old what a process knows of the keys may be: a key is published longer than that before it signs. */
const POLL_MILLISECONDS = 60_000;
/** The same for who signs: a key that was retired at once signs no longer than this. */
const SIGNER_MILLISECONDS = 5000;
/** How often an unknown key id may make us look for new keys. */
const UNKNOWN_MILLISECONDS = 5000;

/**
 * The keys that sign access tokens (ES256) and identity tokens (RS256), kept in the database, wrapped; all processes on it
 * share them.
 */
export class Keys {
  #keys: readonly SigningKey[] = [];
  #public = new Map<string, CryptoKey>();
  readonly #private = new Map<string, CryptoKey>();
  #loadedAt = -Infinity;
  #unknownAt = -Infinity;
  #loading: Promise<void> | undefined;
  #making: Promise<void> | undefined;

  constructor(
    private readonly db: Database,
    private readonly secret: string,
    private readonly now: () => number,
  ) {}

  /** Loads the keys, and makes the first one of access tokens. */
  async load(): Promise<void> {
    const now = this.now();
    let keys = await readSigningKeys(this.db, now);
    if (!activeKey(keys, ACCESS_TOKEN_ALG, now)) {
      await this.#make(ACCESS_TOKEN_ALG);
      keys = await readSigningKeys(this.db, now);
    }
    const imported = keys.map(
      async ({ kid, alg, publicJwk }) =>
        [kid, this.#public.get(kid) ?? ((await importJWK(publicJwk, alg)) as CryptoKey)] as const,
    );
    this.#public = new Map(await Promise.all(imported));
    this.#keys = keys;
    this.#loadedAt = now;
    await this.#signer(ACCESS_TOKEN_ALG);
  }

  async #make(alg: SigningAlg): Promise<void> {
    const now = this.now();
    await this.db.commit(await planSigningKey(this.db, this.secret, { alg, activeFrom: now, now }));
  }

  /** The first key of identity tokens takes longer to make than a server to start: it waits until one is asked for. */
  async #withIdKey(): Promise<void> {
    await this.#upToDate(SIGNER_MILLISECONDS);
    if (activeKey(this.#keys, ID_TOKEN_ALG, this.now())) return;
    await (this.#making ??= this.#make(ID_TOKEN_ALG)
      .then(() => this.load())
      .finally(() => (this.#making = undefined)));
  }

  /** An access token (RFC 9068). */
  async sign(claims: JWTPayload): Promise<string> {
    await this.#upToDate(SIGNER_MILLISECONDS);
    const { kid, key } = await this.#signer(ACCESS_TOKEN_ALG);
    return new SignJWT(claims).setProtectedHeader({ alg: ACCESS_TOKEN_ALG, typ: 'at+jwt', kid }).sign(key);
  }

  /** An identity token (OpenID Connect Core section 2): its key signs no access token, and is known for none. */
  async signId(claims: JWTPayload): Promise<string> {
    await this.#withIdKey();
    const { kid, key } = await this.#signer(ID_TOKEN_ALG);
    return new SignJWT(claims).setProtectedHeader({ alg: ID_TOKEN_ALG, typ: 'JWT', kid }).sign(key);
  }

  /** The public key of an id; undefined for one that is not ours. */
  async publicKey(kid: string): Promise<CryptoKey | undefined> {
    await this.#upToDate(POLL_MILLISECONDS);
    if (!this.#public.has(kid) && this.now() - this.#unknownAt >= UNKNOWN_MILLISECONDS) {
      this.#unknownAt = this.now();
      await this.#upToDate(0);
    }
    const known = this.#keys.find((key) => key.kid === kid);
    return known?.alg === ACCESS_TOKEN_ALG && !this.#hasRetired(known) ? this.#public.get(kid) : undefined;
  }

  /** What `/oauth/jwks` shows. */
  async published(): Promise<readonly JWK[]> {
    await this.#withIdKey();
    return this.#keys.filter((key) => !this.#hasRetired(key)).map(({ publicJwk }) => publicJwk);
  }

  #hasRetired({ retireAt }: SigningKey): boolean {
    return retireAt !== undefined && retireAt <= this.now();
  }

  async #upToDate(milliseconds: number): Promise<void> {
    if (this.now() - this.#loadedAt < milliseconds) return;
    await (this.#loading ??= this.load().finally(() => (this.#loading = undefined)));
  }

  async #signer(alg: SigningAlg): Promise<{ kid: string; key: CryptoKey }> {
    const active = activeKey(this.#keys, alg, this.now());
    if (!active) throw new Error('no signing key is active');
    const { kid } = active;
    let key = this.#private.get(kid);
    if (!key) {
      const jwk = privateJwk(active, this.secret);
      if (!jwk)
        throw new ConfigurationError('The signing keys cannot be opened', [
          'PORTICO_SECRET is not the one with which this database was first started',
        ]);
      this.#private.set(kid, (key = (await importJWK(jwk, active.alg)) as CryptoKey));
    }
    return { kid, key };
  }
}
