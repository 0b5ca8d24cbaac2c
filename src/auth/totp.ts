import { deriveKey, seal, unseal } from '../store/seal.js';

/** Seconds that a clock may be wrong, either way: one step. */
const TOLERANCE = 30;

/** A secret for an authenticator app: 160 random bits in base32. */
export async function newTotp(issuer: string, label: string): Promise<{ secret: string; uri: string }> {
  const { generateSecret, generateURI } = await import('otplib');
  const secret = generateSecret();
  return { secret, uri: generateURI({ issuer, label, secret }) };
}

export const sealTotp = (portico: string, user: string, secret: string): string =>
  seal(deriveKey(portico, 'totp'), secret, user);

/**
 * The time step of a code; undefined when it is wrong, or of a step that was used already
 * (https://www.rfc-editor.org/rfc/rfc6238#section-5.2).
 */
export async function totpStep(
  portico: string,
  { user, sealed, lastStep }: { user: string; sealed: string; lastStep: number | undefined },
  code: string,
  now: number,
): Promise<number | undefined> {
  const secret = unseal(deriveKey(portico, 'totp'), sealed, user);
  if (secret === undefined) throw new Error('a second factor was sealed with another PORTICO_SECRET');
  if (!/^\d{6}$/.test(code)) return undefined;
  const epoch = Math.floor(now / 1000);
  // otplib throws for a last step that lies ahead, as it does where a clock went back.
  if (lastStep !== undefined && lastStep > Math.floor((epoch + TOLERANCE) / 30)) return undefined;
  const { verify } = await import('otplib');
  const after = lastStep === undefined ? {} : { afterTimeStep: lastStep };
  const found = await verify({ secret, token: code, epoch, epochTolerance: TOLERANCE, ...after });
  return found.valid && 'timeStep' in found ? found.timeStep : undefined;
}
