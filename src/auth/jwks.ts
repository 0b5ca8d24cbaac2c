import type { JWK } from 'jose';

/** The public keys of a client, and what is wrong with those that cannot be used. */
export interface ReadKeys {
  readonly keys: readonly JWK[];
  readonly faults: readonly string[];
}

const MAX_KEYS = 10;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const curves: readonly unknown[] = ['P-256', 'P-384'];

/**
 * Reads a JWK Set (RFC 7517). What a client chose is used before it has proved anything, so that keys are held to sizes
 * whose verification is cheap: a modulus of 16384 bits takes a hundred times as long as one of 2048.
 */
export function readJwks(text: string): ReadKeys {
  const set = parsed(text);
  const keys = isObject(set) && Array.isArray(set['keys']) ? (set['keys'] as unknown[]) : undefined;
  if (!keys) return { keys: [], faults: ['it is not a JWK Set: {"keys": [...]}'] };
  if (keys.length > MAX_KEYS) return { keys: [], faults: [`it has more than ${String(MAX_KEYS)} keys`] };
  const found = keys.map((key, index) => ({ key: key as JWK, fault: faultOf(key), index }));
  const usable = found.filter(({ fault }) => fault === undefined).map(({ key }) => key);
  const faults = found.flatMap(({ fault, index }) =>
    fault === undefined ? [] : [`key ${String(index + 1)} ${fault}`],
  );
  const ids = usable.map(({ kid, kty }) => `${String(kty)} ${String(kid)}`);
  if (new Set(ids).size < ids.length) faults.push('two keys have the same kid');
  if (keys.length === 0) faults.push('it has no keys');
  return { keys: usable, faults };
}

/** Why a key cannot be used; undefined for one that can. */
function faultOf(key: unknown): string | undefined {
  if (!isObject(key)) return 'is not an object';
  if (privateMembers.some((name) => Object.hasOwn(key, name))) return 'is not public';
  const { kid, use, key_ops: operations } = key;
  if (typeof kid !== 'string' || kid === '' || kid.length > 256) return 'has no kid of at most 256 characters';
  if (use !== undefined && use !== 'sig') return 'is not for signatures';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'is not for verifying';
  if (key['kty'] === 'RSA') return rsaFault(key);
  if (key['kty'] === 'EC') return curves.includes(key['crv']) ? undefined : 'is on another curve than P-256 and P-384';
  return 'is neither RSA nor EC';
}

function rsaFault({ n, e }: Record<string, unknown>): string | undefined {
  if (e !== 'AQAB') return 'has another exponent than 65537';
  const bits = typeof n === 'string' && n.length <= 700 ? bitsOf(Buffer.from(n, 'base64url')) : 0;
  return bits >= 2048 && bits <= 4096 ? undefined : 'has a modulus of fewer than 2048 or more than 4096 bits';
}

function bitsOf(bytes: Buffer): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] as number) + 24;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
