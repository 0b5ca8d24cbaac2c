import type { Literal } from '../define/json.js';

type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;

/**
 * How decimals were written, remembered with the object that holds them and not with their path: a patch moves objects
 * about, and `1.50` must not become `1.5` by that.
 */
export class LiteralMemory {
  readonly #texts = new WeakMap<object, Map<string, string>>();

  remember(root: unknown, literals: readonly Literal[]): void {
    for (const [path, text] of literals) {
      const members = path.split('.');
      const last = members.pop() as string;
      const holder = members.reduce<unknown>((value, member) => (isObject(value) ? value[member] : undefined), root);
      if (isObject(holder)) this.#set(holder, last, text);
    }
  }

  /** The value of a member was put into another object. */
  carry(from: object, member: string, to: object, as: string): void {
    const text = this.#texts.get(from)?.get(member);
    if (text !== undefined) this.#set(to, as, text);
  }

  /** A copy that shares nothing. */
  copy(value: unknown): unknown {
    if (!isObject(value)) return value;
    const made = (Array.isArray(value) ? [] : {}) as Members;
    for (const [member, inner] of Object.entries(value)) {
      made[member] = this.copy(inner);
      this.carry(value, member, made, member);
    }
    return made;
  }

  /** What is remembered of a value, by path. Text that no longer fits its number is forgotten. */
  recall(root: unknown): Literal[] {
    const literals: Literal[] = [];
    const visit = (value: unknown, path: string): void => {
      if (!isObject(value)) return;
      const texts = this.#texts.get(value);
      for (const [member, inner] of Object.entries(value)) {
        const at = path === '' ? member : `${path}.${member}`;
        const text = texts?.get(member);
        if (text !== undefined && inner === Number(text)) literals.push([at, text]);
        visit(inner, at);
      }
    };
    visit(root, '');
    return literals;
  }

  #set(holder: object, member: string, text: string): void {
    const texts = this.#texts.get(holder) ?? new Map<string, string>();
    this.#texts.set(holder, texts.set(member, text));
  }
}
