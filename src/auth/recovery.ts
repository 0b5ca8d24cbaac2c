import { createHash, randomBytes } from 'node:crypto';

/** Codes on paper, for somebody whose second factor is lost; each works once. */
const COUNT = 10;
/** Crockford's letters: none is taken for another. */
const letters = '0123456789abcdefghjkmnpqrstvwxyz';

export interface RecoveryCodes {
  /** Shown once. */
  readonly codes: readonly string[];
  readonly hashes: readonly string[];
}

export function newRecoveryCodes(): RecoveryCodes {
  const codes = Array.from({ length: COUNT }, newCode);
  return { codes, hashes: codes.map((code) => hashRecovery(code)) };
}

/** 80 random bits in four groups. */
function newCode(): string {
  const text = [...randomBytes(16)].map((byte) => letters[byte % 32]).join('');
  return (text.match(/.{4}/g) as string[]).join('-');
}

/** However it was typed. 80 random bits have no dictionary, so that a plain hash will do. */
export const hashRecovery = (code: string): string =>
  createHash('sha256').update(code.toLowerCase().replace(/[\s-]/g, '')).digest('hex');
