/** More of anything than a case has. */
const MOST_ITEMS = 2000;
const MOST_CHARACTERS = 10_000;

/** An item before it is known to have all that it must have. */
export type Lacking<T> = { readonly [K in keyof T]: T[K] | undefined };

/** A JSON object of somebody else's: whatever a member is not, it is absent. */
export class Members {
  private constructor(private readonly members: Readonly<Record<string, unknown>>) {}

  static of(value: unknown): Members | undefined {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? new Members(value as Readonly<Record<string, unknown>>)
      : undefined;
  }

  /** Undefined where it is no JSON object. */
  static parse(body: Buffer): Members | undefined {
    try {
      return Members.of(JSON.parse(body.toString('utf8')));
    } catch {
      return undefined;
    }
  }

  #member(name: string): unknown {
    return Object.hasOwn(this.members, name) ? this.members[name] : undefined;
  }

  object(name: string): Members | undefined {
    return Members.of(this.#member(name));
  }

  /** The first of these that is a text with something in it, or a number; without the characters that no text of FHIR may have. */
  text(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#member(name);
      const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '';
      const clean = text
        .toWellFormed()
        .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
        .trim();
      if (clean !== '' && clean.length <= MOST_CHARACTERS) return clean;
    }
    return undefined;
  }

  /** A number, also where it was sent as a text. */
  number(name: string): number | undefined {
    const value = this.#member(name);
    const number = typeof value === 'string' && /^-?\d{1,9}(\.\d{1,9})?$/.test(value.trim()) ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
  }

  flag(name: string): boolean {
    return this.#member(name) === true;
  }

  /** Items; those that lack what they must have are left out. */
  list<T extends object>(name: string, required: readonly (keyof T)[], read: (item: Members) => Lacking<T>): T[] {
    const value = this.#member(name);
    if (!Array.isArray(value)) return [];
    return value.slice(0, MOST_ITEMS).flatMap((item) => {
      const members = Members.of(item);
      const found = members && read(members);
      return found && required.every((each) => found[each] !== undefined) ? [found as T] : [];
    });
  }
}
