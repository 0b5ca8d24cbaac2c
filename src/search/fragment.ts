import type { Value } from '../define/request.js';

/**
 * A piece of SQL in knex's notation: `??` for identifiers and `?` for values, so that no text of a request is ever
 * part of a statement. A value is a constant of a declaration, or a slot that is filled when the statement runs.
 */
export interface Fragment {
  readonly text: string;
  readonly bindings: readonly Binding[];
}

/** The n-th value of a request: a statement is compiled once for a shape, and bound to values again and again. */
export class Slot {
  constructor(readonly index: number) {}
}

export type Binding = Value | Slot;

const isFragment = (part: unknown): part is Fragment => typeof part === 'object' && part !== null && 'text' in part;

/** @example sql`${sql.column('o', 'status')} = ${slot}` */
export function sql(strings: TemplateStringsArray, ...parts: readonly (Fragment | Slot)[]): Fragment {
  let text = strings[0] as string;
  const bindings: Binding[] = [];
  parts.forEach((part, index) => {
    if (isFragment(part)) {
      text += part.text;
      bindings.push(...part.bindings);
    } else {
      text += '?';
      bindings.push(part);
    }
    text += strings[index + 1] as string;
  });
  return { text, bindings };
}

/** A column of an alias. */
sql.column = (alias: string, name: string): Fragment => ({ text: '??', bindings: [`${alias}.${name}`] });

/** A table or column name. */
sql.identifier = (name: string): Fragment => ({ text: '??', bindings: [name] });

/** A constant of a declaration. */
sql.literal = (value: Value): Fragment => ({ text: '?', bindings: [value] });

/** A word of SQL, chosen by code and never taken from input. */
sql.keyword = (word: 'asc' | 'desc' | ' nulls first' | ' nulls last' | '<' | '>'): Fragment => ({
  text: word,
  bindings: [],
});

sql.join = (parts: readonly Fragment[], separator = ', '): Fragment => ({
  text: parts.map((part) => part.text).join(separator),
  bindings: parts.flatMap((part) => part.bindings),
});

export const TRUE: Fragment = { text: '1 = 1', bindings: [] };
export const FALSE: Fragment = { text: '1 = 0', bindings: [] };

export function all(parts: readonly Fragment[]): Fragment {
  if (parts.length === 0) return TRUE;
  return parts.length === 1 ? (parts[0] as Fragment) : sql`(${sql.join(parts, ' and ')})`;
}

export function any(parts: readonly Fragment[]): Fragment {
  if (parts.every((part) => part === FALSE)) return FALSE;
  return parts.length === 1 ? (parts[0] as Fragment) : sql`(${sql.join(parts, ' or ')})`;
}

/** What is not so, or not known: `not` alone would lose the rows whose column is NULL. */
export const not = (part: Fragment): Fragment => sql`(${part}) is not true`;
