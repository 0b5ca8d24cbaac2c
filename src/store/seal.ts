import { createCipheriv, createDecipheriv, hkdfSync, randomFillSync } from 'node:crypto';

export type Purpose = 'signing keys' | 'cursors' | 'totp' | 'forms' | 'webhooks' | 'subscriptions' | 'integrations';

/** Keys derived from PORTICO_SECRET, one for each purpose (RFC 5869). */
export function deriveKey(secret: string, purpose: Purpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'portico', purpose, 32));
}

const NONCE = 12;
const pool = Buffer.alloc(NONCE * 256);
let used = pool.length;

/** Random bytes are asked of the system for many nonces at once; each is used once. */
function nextNonce(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += NONCE;
  return Buffer.from(pool.subarray(used - NONCE, used));
}

/** AES-256-GCM: nonce, tag and ciphertext in one base64url text. */
export function seal(key: Buffer, plain: string, context: string): string {
  const nonce = nextNonce();
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Undefined when the text was sealed with another key or for another context, or was changed. */
export function unseal(key: Buffer, text: string, context: string): string | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length < 28) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(context));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
