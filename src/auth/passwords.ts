/** argon2id with OWASP's least parameters: 19 MiB, two passes. */
const options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const LEAST_PASSWORD = 12;
/** Longer ones only make the hash expensive. */
export const MOST_PASSWORD = 128;

/** The hash of a password, in PHC string format. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await import('@node-rs/argon2');
  return hash(password, options);
}
