import type { LeafParam } from '../../define/params.js';
import type { Operand } from '../../define/request.js';
import { invalidParameter, type OutcomeError } from '../../outcome.js';
import type { Dialect } from '../dialect.js';
import type { Fragment, Slot } from '../fragment.js';

/** What a value is read against. */
export interface ParseContext {
  /** The parameter's name, for error messages. */
  readonly name: string;
  /** The FHIR base URL. */
  readonly base: string;
  /** The types that a reference may name. */
  readonly targets: readonly string[];
  /** The stored form of an id of a type, for columns that hold ids only; undefined when it cannot be one. */
  readonly storedId: (type: string, id: string) => string | number | undefined;
  /** Milliseconds since 1970 UTC; `ap` is relative to it. */
  readonly now: number;
}

/** An operand whose bindings have places in the statement. */
export interface Slotted {
  readonly shape: string;
  readonly slots: readonly Slot[];
  readonly parts?: readonly [Slotted, Slotted];
}

/** One kind of search parameter: how its values are read, and what they are in SQL. */
export interface Kind<P extends LeafParam> {
  parse(param: P, text: string, modifier: string | undefined, context: ParseContext): Operand;
  match(param: P, alias: string, operand: Slotted, dialect: Dialect): Fragment;
  /** Whether the row has the element at all. */
  present(param: P, alias: string): Fragment;
}

/** An operand that nothing matches: a known system with no such code, an id that cannot exist. */
export const NEVER: Operand = { shape: 'never', bindings: [] };

/** Splits at a separator that no backslash escapes (https://hl7.org/fhir/R4/search.html#escaping). */
export function splitAt(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === separator) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

export const unescape = (text: string): string => (text.includes('\\') ? text.replace(/\\([\\,|$])/g, '$1') : text);

/** The text does not name the value: what a search is for may be patient data. */
export const unreadable = (name: string, expected: string): OutcomeError =>
  invalidParameter(`The value of search parameter "${name}" cannot be read: ${expected}`);
