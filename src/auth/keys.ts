import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { ConfigurationError } from '../outcome.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { deriveKey, seal, unseal } from '../store/seal.js';

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('signing_key').insert({
    kid: $('kid'),
    alg: $('alg'),
    status: $('status'),
    public_jwk: $('publicJwk'),
    private_wrapped: $('wrapped'),
    created_at: $('now'),
  }),
);

const usable = statement<{ now: number }>((knex, $) =>
  knex('signing_key')
    .where((where) => void where.whereNull('retire_at').orWhere('retire_at', '>', $('now')))
    .orderBy('created_at')
    .select('*'),
);

/** How often an unknown key id may make us look for new keys. */
const RELOAD_MILLISECONDS = 5000;

/** The keys that sign access tokens (ES256), kept in the database, wrapped. */
export class Keys {
  #active: SigningKey | undefined;
  #public = new Map<string, CryptoKey>();
  #loadedAt = -Infinity;

  constructor(
    private readonly db: Database,
    private readonly secret: string,
    private readonly now: () => number,
  ) {}

  /** Loads the keys, and makes the first one. */
  async load(): Promise<void> {
    let rows = await usable.all(this.db, { now: this.now() });
    if (rows.length === 0) {
      await this.#create();
      rows = await usable.all(this.db, { now: this.now() });
    }
    const wrapping = deriveKey(this.secret, 'signing keys');
    for (const row of rows) {
      const kid = row['kid'] as string;
      this.#public.set(kid, (await importJWK(JSON.parse(row['public_jwk'] as string) as JWK, 'ES256')) as CryptoKey);
      if (row['status'] !== 'active') continue;
      const jwk = unseal(wrapping, row['private_wrapped'] as string, kid);
      if (jwk === undefined)
        throw new ConfigurationError('The signing keys cannot be opened', [
          'PORTICO_SECRET is not the one with which this database was first started',
        ]);
      this.#active = { kid, privateKey: (await importJWK(JSON.parse(jwk) as JWK, 'ES256')) as CryptoKey };
    }
    this.#loadedAt = this.now();
  }

  /** An access token (RFC 9068). */
  async sign(claims: JWTPayload): Promise<string> {
    if (!this.#active) throw new Error('no signing key is loaded');
    const { kid, privateKey } = this.#active;
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(privateKey);
  }

  /** The public key of an id; undefined for one that is not ours. */
  async publicKey(kid: string): Promise<CryptoKey | undefined> {
    const known = this.#public.get(kid);
    if (known || this.now() - this.#loadedAt < RELOAD_MILLISECONDS) return known;
    await this.load();
    return this.#public.get(kid);
  }

  async #create(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = randomBytes(12).toString('base64url');
    const publicJwk = JSON.stringify({ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' });
    const wrapped = seal(deriveKey(this.secret, 'signing keys'), JSON.stringify(await exportJWK(privateKey)), kid);
    const row = { kid, alg: 'ES256', status: 'active', publicJwk, wrapped, now: this.now() };
    await this.db.commit({ statements: [await insert.plan(this.db, row, 1)] });
  }
}
