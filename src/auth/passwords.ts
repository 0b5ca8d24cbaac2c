import { availableParallelism } from 'node:os';
import { OutcomeError } from '../outcome.js';

/** argon2id with OWASP's least parameters: 19 MiB, two passes. */
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const CURRENT = '$argon2id$v=19$m=19456,t=2,p=1$';

export const LEAST_PASSWORD = 12;
/** Longer ones only make the hash expensive. */
export const MOST_PASSWORD = 128;

// Hashing and the verification of tokens share four threads of libuv: one is always left for tokens.
const AT_ONCE = Math.max(1, Math.min(availableParallelism(), 3));
const QUEUE = 50;

let working = 0;
const waiting: (() => void)[] = [];

/** One of a few hashes at a time. Errors: 503, when too many wait already. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (working >= AT_ONCE) {
    if (waiting.length >= QUEUE)
      throw new OutcomeError(503, 'unavailable', 'Too many log in at once; please try again', {
        headers: { 'Retry-After': '2' },
      });
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else working++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // Whoever comes next takes over the place.
    if (next) next();
    else working--;
  }
}

/** The hash of a password, in PHC string format. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(async () => (await import('@node-rs/argon2')).hash(password, options));
}

let dummy: Promise<string> | undefined;

/** Without a hash it takes as long and is false: whether somebody exists cannot be told by the time. */
export async function passwordMatches(password: string, hash: string | undefined): Promise<boolean> {
  const stored = await (dummy ??= hashPassword('nobody has this password'));
  return inTurn(async () => {
    const { verify } = await import('@node-rs/argon2');
    return (await verify(hash ?? stored, password)) && hash !== undefined;
  });
}

/** Whether a hash was made with other parameters than today's. */
export const isOutdated = (hash: string): boolean => !hash.startsWith(CURRENT);
