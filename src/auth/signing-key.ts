import { randomBytes } from 'node:crypto';
import type { JWK } from 'jose';
import { exportJWK } from 'jose/key/export';
import { generateKeyPair } from 'jose/key/generate/keypair';
import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import type { Plan } from '../store/plan.js';
import { deriveKey, seal, unseal } from '../store/seal.js';

/** The algorithm of access tokens. */
export const ACCESS_TOKEN_ALG = 'ES256';
/** The algorithm of identity tokens, which every client knows (OpenID Connect Core section 15.1). */
export const ID_TOKEN_ALG = 'RS256';

export const signingAlgs = [ACCESS_TOKEN_ALG, ID_TOKEN_ALG] as const;
export type SigningAlg = (typeof signingAlgs)[number];

/**
 * A key that signs tokens. What it is follows from the clock alone, so that all processes turn from one key to the next
 * at the same moment, without a word between them: of those whose time has come the last one is active.
 */
export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly publicJwk: JWK;
  readonly wrapped: string;
  /** Milliseconds since 1970 UTC. */
  readonly activeFrom: number;
  /** When nothing that it signed is valid any more; undefined while no other follows it. */
  readonly retireAt: number | undefined;
}

export type KeyStatus = 'next' | 'active' | 'retired';

/** What each key is now, of those that are published. */
export function statusOf(key: SigningKey, keys: readonly SigningKey[], now: number): KeyStatus {
  if (key.activeFrom > now) return 'next';
  return activeKey(keys, key.alg, now) === key ? 'active' : 'retired';
}

export function activeKey(keys: readonly SigningKey[], alg: string, now: number): SigningKey | undefined {
  return keys.filter((key) => key.alg === alg && key.activeFrom <= now).at(-1);
}

/**
 * The keys that are to be known, in the order of their times. They are few, and are read while the server starts: a
 * text of all of them does not load knex for it.
 */
export async function readSigningKeys(db: Database, now: number): Promise<SigningKey[]> {
  const rows = await db.objects('select * from signing_key order by active_from, kid', []);
  return rows.map(signingKeyOf).filter(({ retireAt }) => retireAt === undefined || retireAt > now);
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('signing_key').insert({
    kid: $('kid'),
    alg: $('alg'),
    public_jwk: $('publicJwk'),
    private_wrapped: $('wrapped'),
    created_at: $('now'),
    active_from: $('activeFrom'),
  }),
);

const retireOthers = statement<{ alg: string; kid: string; retireAt: number }>((knex, $) =>
  knex('signing_key')
    .where('alg', $('alg'))
    .whereNot('kid', $('kid'))
    .where((where) => void where.whereNull('retire_at').orWhere('retire_at', '>', $('retireAt')))
    .update({ retire_at: $('retireAt') }),
);

/** Plans a key whose time comes at `activeFrom`. With `retireAt`, the others of its algorithm end then. */
export async function planSigningKey(
  db: Database,
  secret: string,
  { alg, activeFrom, retireAt, now }: { alg: SigningAlg; activeFrom: number; retireAt?: number; now: number },
): Promise<Plan & { readonly kid: string }> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const kid = randomBytes(12).toString('base64url');
  const publicJwk = JSON.stringify({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
  const wrapped = seal(deriveKey(secret, 'signing keys'), JSON.stringify(await exportJWK(privateKey)), kid);
  const made = await insert.plan(db, { kid, alg, publicJwk, wrapped, now, activeFrom }, 1);
  const others = retireAt === undefined ? [] : [await retireOthers.plan(db, { alg, kid, retireAt })];
  return { kid, statements: [made, ...others] };
}

/** The private half; undefined when the secret is not the one that it was wrapped with. */
export function privateJwk({ kid, wrapped }: SigningKey, secret: string): JWK | undefined {
  const text = unseal(deriveKey(secret, 'signing keys'), wrapped, kid);
  return text === undefined ? undefined : (JSON.parse(text) as JWK);
}

function signingKeyOf(row: Row): SigningKey {
  return {
    kid: row['kid'] as string,
    alg: row['alg'] as string,
    publicJwk: JSON.parse(row['public_jwk'] as string) as JWK,
    wrapped: row['private_wrapped'] as string,
    activeFrom: Number(row['active_from']),
    retireAt: row['retire_at'] === null ? undefined : Number(row['retire_at']),
  };
}
