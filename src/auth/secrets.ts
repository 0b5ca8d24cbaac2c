import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CredentialKind } from './store.js';

/**
 * Secrets of credentials: `<prefix>_<public id>_<secret><checksum>`. The secret has 256 random bits, so a plain
 * SHA-256 at rest is as safe as a slow hash and lets the token endpoint be fast. Prefix and checksum let scanners
 * find one that leaked.
 */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export type Prefix = 'ptk' | 'pto' | 'ptc' | 'ptr';

export const prefixes: Readonly<Record<CredentialKind, Prefix>> = {
  portal: 'ptk',
  org: 'pto',
  client: 'ptc',
  backend: 'ptc',
  app: 'ptc',
};

export interface NewSecret {
  /** The public id: what an OAuth client calls client_id. */
  readonly id: string;
  /** Shown once. */
  readonly secret: string;
  readonly hash: string;
}

/** A new secret, for a new public id or for one that has a secret already. */
export function makeSecret(prefix: Prefix, id = makeId()): NewSecret {
  const body = base62(randomBytes(32), 43);
  const secret = `${prefix}_${id}_${body}${checksum(body)}`;
  return { id, secret, hash: hashSecret(secret) };
}

export const makeId = (): string => base62(randomBytes(12), 16);

export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Compares in constant time; without a stored hash it takes as long and is false. */
export function secretMatches(secret: string, hash: string | undefined): boolean {
  const given = Buffer.from(hashSecret(secret), 'hex');
  const stored = hash === undefined ? Buffer.alloc(given.length) : Buffer.from(hash, 'hex');
  return timingSafeEqual(given, stored) && hash !== undefined;
}

const checksum = (body: string): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return base62(bytes, 6);
};

function base62(bytes: Buffer, length: number): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  while (value > 0n) {
    text = (alphabet[Number(value % 62n)] as string) + text;
    value /= 62n;
  }
  return text.padStart(length, '0').slice(-length);
}
