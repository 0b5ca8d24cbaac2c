import { createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto';

/**
 * How a webhook is signed. Pulsara publishes the header and not the algorithm, so it is chosen for each integration:
 * HMAC-SHA256 of the body in hex, with or without `sha256=`; the same over time and body, as `t=...,v1=...`; or Ed25519
 * of the body in base64.
 */
export const signatures = ['hmac-sha256', 'timestamped-hmac', 'ed25519'] as const;
export type Signature = (typeof signatures)[number];

/** What a signature is checked with. */
export type SigningKey =
  | { readonly signature: 'hmac-sha256' | 'timestamped-hmac'; readonly secret: string }
  | { readonly signature: 'ed25519'; readonly publicKey: string };

/** Either way: clocks differ, and what is older was sent before. */
const TOLERANCE_SECONDS = 300;
/** A secret may be changed while requests are under way: a sender then signs with both. */
const MOST_SIGNATURES = 5;

/** Whether the bytes were signed by whoever has the key. They are checked as they came, before anything reads them. */
export function isSigned(key: SigningKey, header: string | undefined, body: Buffer, now: number): boolean {
  if (header === undefined || header.length > 1000) return false;
  switch (key.signature) {
    case 'hmac-sha256':
      return isHmac(key.secret, [body], header.replace(/^sha256=/i, ''));
    case 'timestamped-hmac':
      return isTimestamped(key.secret, header, body, now);
    case 'ed25519':
      return isEd25519(key.publicKey, header, body);
  }
}

function isHmac(secret: string, parts: readonly (Buffer | string)[], hex: string): boolean {
  const hmac = createHmac('sha256', secret);
  for (const part of parts) hmac.update(part);
  const expected = hmac.digest();
  if (!/^[0-9a-f]{64}$/i.test(hex)) return false;
  return timingSafeEqual(expected, Buffer.from(hex, 'hex'));
}

function isTimestamped(secret: string, header: string, body: Buffer, now: number): boolean {
  const pairs = header.split(',').map((pair) => pair.trim().split('=', 2) as [string, string?]);
  const times = pairs.filter(([name]) => name === 't').map(([, value]) => value);
  const found = pairs.filter(([name]) => name === 'v1').map(([, value]) => value ?? '');
  const [time] = times;
  if (times.length !== 1 || time === undefined || !/^\d{1,11}$/.test(time)) return false;
  const isRight = found.slice(0, MOST_SIGNATURES).some((hex) => isHmac(secret, [`${time}.`, body], hex));
  return isRight && Math.abs(now / 1000 - Number(time)) <= TOLERANCE_SECONDS;
}

function isEd25519(publicKey: string, header: string, body: Buffer): boolean {
  const signature = Buffer.from(header, 'base64');
  return signature.length === 64 && verify(null, body, createPublicKey(publicKey), signature);
}

/** A public key as PEM; undefined where it is none of Ed25519. Read from PEM, or from 32 bytes in base64. */
export function readPublicKey(text: string): string | undefined {
  const key = keyOf(text.trim());
  return key?.asymmetricKeyType === 'ed25519' ? key.export({ type: 'spki', format: 'pem' }).toString() : undefined;
}

function keyOf(text: string): KeyObject | undefined {
  try {
    if (text.startsWith('-----BEGIN PUBLIC KEY-----')) return createPublicKey(text);
    const raw = Buffer.from(text, 'base64');
    if (raw.length !== 32) return undefined;
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
  } catch {
    return undefined;
  }
}
