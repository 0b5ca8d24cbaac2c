import type { Codes } from '../codes.js';
import { fold } from '../fold.js';
import { column, globalise, localise, numberAt, searchColumn, textAt, type Element } from './element.js';

/** A string as it is. */
export function string<C extends string>(name: C): Element<string, C> {
  return {
    columns: [column(name)],
    reader: (at) => textAt(at, name),
    write: (value, into) => void (into[name] = value),
  };
}

/** A string that is searched: `<name>_fold` beside it holds its folded form. */
export interface FoldedElement<C extends string> extends Element<string, C | `${C}_fold`> {
  readonly text: { readonly exact: C; readonly folded: `${C}_fold` };
}

export function folded<C extends string>(name: C): FoldedElement<C> {
  const folded = `${name}_fold` as const;
  return {
    columns: [column(name), searchColumn(folded)],
    text: { exact: name, folded },
    reader: (at) => textAt(at, name),
    write: (value, into) => {
      into[name] = value;
      into[folded] = fold(value);
    },
  };
}

/** The columns by which a token is found. */
export interface TokenColumns<C extends string> {
  readonly code: C;
  readonly system?: C;
  /** Texts that `:text` searches. */
  readonly text?: readonly C[];
  /** The type of an identifier, for `:of-type`. */
  readonly type?: { readonly system: C; readonly code: C };
  readonly codes?: Codes;
}

export interface TokenElement<T, C extends string> extends Element<T, C> {
  readonly token: TokenColumns<C>;
}

/**
 * A code, stored as it is or translated by `codes`.
 * The FHIR type is left to the declaration: the validator knows the bindings.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a code fits every union of code literals
export function code<C extends string>(name: C, translate?: Codes): TokenElement<any, C> {
  return {
    columns: [column(name)],
    token: { code: name, ...(translate && { codes: translate }) },
    reader: (at) => {
      const index = at.column(name);
      return translate ? (row) => translate.toFhir(row[index]) : textAt(at, name);
    },
    write: (value: string, into) => void (into[name] = translate ? (translate.toStored(value)[0] ?? null) : value),
  };
}

export interface BooleanElement<C extends string> extends TokenElement<boolean, C> {
  readonly boolean: true;
}

/** A boolean; SQLite stores 0 and 1. */
export function boolean<C extends string>(name: C): BooleanElement<C> {
  return {
    boolean: true,
    columns: [column(name)],
    token: { code: name },
    reader: (at) => {
      const index = at.column(name);
      return (row) => {
        const value = row[index];
        return value === null || value === undefined ? undefined : value === true || value === 1;
      };
    },
    write: (value, into) => void (into[name] = value),
  };
}

/** An integer or a decimal. How a decimal was written (1.0) is kept by the engine. */
export function number<C extends string>(name: C): Element<number, C> {
  return {
    columns: [column(name)],
    reader: (at) => numberAt(at, name),
    write: (value, into) => void (into[name] = value),
  };
}

/** A uri, url or canonical; those below the server's own base are stored relative to it. */
export function uri<C extends string>(name: C): Element<string, C> & { readonly uri: C } {
  return {
    columns: [column(name)],
    uri: name,
    reader: (at) => {
      const text = textAt(at, name);
      return (row, context) => {
        const value = text(row, context);
        return value === undefined ? undefined : globalise(value, context);
      };
    },
    write: (value, into, context) => void (into[name] = localise(value, context)),
  };
}
