import type { Entry } from '../store/render.js';
import { shorter } from '../store/shorter.js';

/** More resources than these beside the matches of one page are cut off, and the Bundle says so. */
const MAX_ADDED = 1000;
/** Resources that are read at a time: what is read after the page is full is read for nothing. */
const TOGETHER = 100;

export interface Included {
  readonly entries: readonly Entry[];
  readonly truncated: boolean;
}

/** What comes beside the matches of a page, each resource once, until the page is full. */
export class Gathering {
  readonly entries: Entry[] = [];
  readonly #known: Set<string>;
  #left: number;
  #truncated = false;

  constructor(matches: readonly Entry[], mostCharacters: number) {
    this.#known = new Set(matches.map(keyOf));
    this.#left = matches.reduce((left, { text }) => left - text.length, mostCharacters);
  }

  isCut(): boolean {
    return this.#truncated;
  }

  /** There is more than can be looked at or shown. */
  cut(): void {
    this.#truncated = true;
  }

  has(entry: Entry): boolean {
    return this.#known.has(keyOf(entry));
  }

  add(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.has(entry)) continue;
      this.#left -= entry.text.length;
      if (this.#left < 0 || this.entries.length === MAX_ADDED) this.cut();
      if (this.isCut()) return;
      this.#known.add(keyOf(entry));
      this.entries.push(entry);
    }
  }

  /** Adds the resources of these ids, as far as there is room. */
  async addAll(ids: Iterable<string>, read: (ids: readonly string[]) => Promise<readonly Entry[]>): Promise<void> {
    const wanted = [...ids];
    for (let start = 0; start < wanted.length && !this.isCut();) {
      const { count, found } = await shorter(TOGETHER, (some) => read(wanted.slice(start, start + some)));
      this.add(found);
      start += count;
    }
  }
}

const keyOf = ({ type, id }: Entry): string => `${type}/${id}`;
