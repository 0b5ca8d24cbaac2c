import { covers, levelFits, type Covering } from './covers.js';
import { parseScope, type QueryPair, type Spelling } from './grammar.js';

/**
 * What two scopes both open, as one scope: in the words of the first where that is all of it. Undefined where they have
 * nothing in common. Whatever it opens, each of the two would.
 */
export function meet(asked: Spelling, limit: Spelling, covering: Covering): Spelling | undefined {
  if (covers(limit, asked, covering)) return asked;
  if (asked.kind !== 'smart' || limit.kind !== 'smart' || !levelFits(limit.level, asked.level, covering.pinned))
    return undefined;
  const type = asked.type === '*' ? limit.type : asked.type;
  const wide = [asked.type, limit.type].filter((each) => each !== type);
  // A wildcard opens no type that has to be named.
  if (wide.some((each) => each !== '*' || covering.named.has(type))) return undefined;
  const letters = [...asked.operations].filter((each) => limit.operations.has(each)).join('');
  // Pairs are joined by AND, so that all of both narrow as either does.
  const pairs = new Set([...asked.query, ...limit.query].map(written));
  const question = pairs.size === 0 ? '' : `?${[...pairs].join('&')}`;
  if (letters === '') return undefined;
  // Who asks in the words of version 1 is answered in them, where they have one.
  const permission = question === '' && /\.(read|write|\*)$/.test(asked.text) ? (v1[letters] ?? letters) : letters;
  return parseScope(`${asked.level}/${type}.${permission}${question}`);
}

const v1: Readonly<Record<string, string>> = { rs: 'read', cud: 'write' };

const written = ([param, values]: QueryPair): string => `${param}=${values.map(escaped).join(',')}`;

/** What has a meaning in a scope, or no place in one, is percent-encoded. */
const escaped = (value: string): string => value.replace(/[%&="\\]|[^\x21-\x7e]/gu, encodeURIComponent);
