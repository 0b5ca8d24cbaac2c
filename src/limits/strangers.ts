import { networkOf, wideNetworkOf } from './network.js';
import { strangerRules, type FailureRule } from './rules.js';

/** What becomes of the record of a request that proved nobody: it is kept; the first one too many says so; the rest is not. */
export type Verdict = 'kept' | 'last' | 'dropped';

/**
 * Refused requests are recorded like all others, but whoever is refused decides how many there are: each network, each
 * credential whose dead token is shown, and all strangers together, have so many in a quarter of an hour. Counted in
 * memory, by each process: a count in the database would be the flood that this prevents.
 */
export class Strangers {
  readonly #counts = new Map<string, number>();
  #endsAt = -Infinity;

  constructor(private readonly now: () => number) {}

  /** `credential`: whose a token was that opens nothing any more; undefined for somebody unknown. */
  judge(ip: string, credential?: string): Verdict {
    const now = this.now();
    if (now >= this.#endsAt) {
      this.#counts.clear();
      this.#endsAt = now + strangerRules.network.seconds * 1000;
    }
    if (credential !== undefined) return this.#count(`credential ${credential}`, strangerRules.credential);
    // A network that is over its limit takes nothing from the others.
    const everybody = this.#counts.get('everybody') ?? 0;
    if (everybody > strangerRules.everybody.failures) return 'dropped';
    for (const [key, rule] of [
      [`network ${networkOf(ip)}`, strangerRules.network],
      [`wide ${wideNetworkOf(ip)}`, strangerRules.wideNetwork],
      ['everybody', strangerRules.everybody],
    ] as const) {
      const verdict = this.#count(key, rule);
      if (verdict !== 'kept') return verdict;
    }
    return 'kept';
  }

  #count(key: string, { failures: most }: FailureRule): Verdict {
    const count = (this.#counts.get(key) ?? 0) + 1;
    // One above the limit is enough to remember.
    if (count <= most + 1) this.#counts.set(key, count);
    return count <= most ? 'kept' : count === most + 1 ? 'last' : 'dropped';
  }
}
