import { LRUCache } from 'lru-cache';
import type { JWK } from 'jose';
import { safeFetch, type Fetched, type OutboundOptions } from '../outbound/safe-fetch.js';
import { readJwks } from './jwks.js';

/** How long keys are kept where their answer does not say, and at the most. */
const MAX_AGE = 600_000;
/** How long an unknown key id, or a host that does not answer, is not asked about again. */
const COOLDOWN = 30_000;
const MAX_URLS = 1000;

interface Kept {
  readonly keys: readonly JWK[];
  readonly fetchedAt: number;
  readonly freshUntil: number;
}

/** The keys behind the JWKS URLs of clients: https://www.rfc-editor.org/rfc/rfc7517#section-5. */
export class ClientKeys {
  readonly #kept = new LRUCache<string, Kept>({ max: MAX_URLS });
  readonly #fetching = new Map<string, Promise<Kept>>();

  constructor(
    private readonly outbound: OutboundOptions,
    private readonly now: () => number,
  ) {}

  /** The keys at a URL. They are fetched again for a key id that is not among them, but not for every one. */
  async at(url: string, kid: string): Promise<readonly JWK[]> {
    const kept = this.#kept.get(url);
    const now = this.now();
    const known = kept?.keys.some((key) => key.kid === kid) ?? false;
    if (kept && (known ? now < kept.freshUntil : now - kept.fetchedAt < COOLDOWN)) return kept.keys;
    let fetching = this.#fetching.get(url);
    if (!fetching) {
      fetching = this.#fetch(url).finally(() => this.#fetching.delete(url));
      this.#fetching.set(url, fetching);
    }
    return (await fetching).keys;
  }

  async #fetch(url: string): Promise<Kept> {
    const fetched = await safeFetch(url, this.outbound).catch(() => undefined);
    const now = this.now();
    const read = fetched?.status === 200 ? readJwks(fetched.body.toString('utf8')) : undefined;
    const before = this.#kept.get(url);
    // Anybody can make us ask by naming a key id: when its host fails just then, the client loses nothing.
    if (!read && before && now < before.freshUntil) {
      const still = { ...before, fetchedAt: now };
      this.#kept.set(url, still);
      return still;
    }
    // What failed is remembered too: attempts with a dead URL do not hammer its host.
    const lifetime = read && fetched ? maxAge(fetched) : COOLDOWN;
    const kept = { keys: read?.keys ?? [], fetchedAt: now, freshUntil: now + lifetime };
    this.#kept.set(url, kept);
    return kept;
  }
}

/** SMART: keys are not kept longer than Cache-Control says. */
function maxAge({ headers }: Fetched): number {
  const control = headers['cache-control'] ?? '';
  if (/\bno-(store|cache)\b/i.test(control)) return 0;
  const seconds = /\bmax-age=(\d{1,9})\b/i.exec(control)?.[1];
  return seconds === undefined ? MAX_AGE : Math.min(Number(seconds) * 1000, MAX_AGE);
}
