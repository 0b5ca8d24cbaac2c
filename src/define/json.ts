import { isLosslessNumber, parse as parseLossless } from 'lossless-json';
import { OutcomeError } from '../outcome.js';

/** A number as it was written, where JSON.parse would forget how: `1.0`, `1e3`, more digits than a double has. */
export type Literal = readonly [path: string, text: string];

export interface Parsed {
  readonly value: unknown;
  readonly literals: readonly Literal[];
}

/** Deeper JSON than this overflows recursive code; no FHIR resource comes near it. */
const MAX_DEPTH = 64;

/**
 * Numbers that are not written as JavaScript writes them: a trailing zero, an exponent, 16 digits or more, -0.
 * It also fires inside strings, which costs the slow path and nothing else.
 */
const oddNumber = /[[:,\s]-?(?:\d+\.\d*0(?!\d)|\d+(?:\.\d+)?[eE]|\d[\d.]{15,}|0\.0{6}|0(?![\d.]))/;

/** Parses JSON and keeps how its decimals were written. Errors: 400 `invalid-json`. */
export function parseJson(text: string): Parsed {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new OutcomeError(400, 'invalid-json', `The body is not JSON${position(cause)}`, { cause });
  }
  if (membersOf(value) !== memberNames(body))
    throw new OutcomeError(400, 'invalid-json', 'The body has an object with the same member twice');
  return { value, literals: oddNumber.test(body) ? literalsOf(body) : [] };
}

/** Where the parser stopped, without the text that it quotes. */
function position(cause: unknown): string {
  const at = cause instanceof Error ? /at position (\d+)/.exec(cause.message)?.[1] : undefined;
  return at === undefined ? '' : `: it cannot be read from character ${at} on`;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** How many members all objects in it have. Errors: 400 `invalid-json` for what other code must not be handed. */
function membersOf(value: unknown): number {
  let members = 0;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw new OutcomeError(400, 'invalid-json', `The body is nested more than ${String(MAX_DEPTH)} levels deep`);
    level = level.flatMap((each) => {
      if (!isObject(each)) return [];
      if (Object.hasOwn(each, '__proto__'))
        throw new OutcomeError(400, 'invalid-json', 'The body has a member that no FHIR resource has: __proto__');
      const inner = Object.values(each);
      if (!Array.isArray(each)) members += inner.length;
      return inner.filter(isObject);
    });
  }
  return members;
}

/**
 * How many member names JSON text has. JSON.parse keeps the last of two that are the same and drops the other without
 * a word: then the text has more names than the value has members.
 */
function memberNames(text: string): number {
  let names = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    at = afterString(text, at);
    while (WHITESPACE.has(text.charCodeAt(at))) at++;
    if (text[at] === ':') names++;
  }
  return names;
}

const WHITESPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** The index after the quote that closes the string. */
function afterString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  for (;;) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
    at = text.indexOf('"', at + 1);
  }
}

function literalsOf(body: string): Literal[] {
  const literals: Literal[] = [];
  const visit = (value: unknown, path: string): void => {
    if (isLosslessNumber(value)) {
      if (JSON.stringify(Number(value.value)) !== value.value) literals.push([path, value.value]);
    } else if (typeof value === 'object' && value !== null) {
      for (const [member, inner] of Object.entries(value)) visit(inner, path === '' ? member : `${path}.${member}`);
    }
  };
  visit(parseLossless(body), '');
  return literals;
}

/** Serialises a resource, with its decimals as they were written where they still have that value. */
export function writeJson(value: unknown, literals: readonly Literal[] = []): string {
  if (literals.length === 0) return JSON.stringify(value);
  const texts: string[] = [];
  const marked = literals.reduce((resource, [path, text]) => {
    const replaced = replaceAt(resource, path.split('.'), (found) => {
      if (found !== Number(text)) return found;
      texts.push(text);
      return `\u0000${String(texts.length - 1)}\u0000`;
    });
    return replaced;
  }, value);
  return JSON.stringify(marked).replace(/"\\u0000(\d+)\\u0000"/g, (_, index: string) => texts[Number(index)] as string);
}

/** A copy of the value with one place replaced. */
function replaceAt(
  value: unknown,
  [member, ...path]: readonly string[],
  replace: (found: unknown) => unknown,
): unknown {
  if (member === undefined) return replace(value);
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, member)) return value;
  const inner = replaceAt((value as Record<string, unknown>)[member], path, replace);
  if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === member ? inner : item));
  return { ...value, [member]: inner };
}
