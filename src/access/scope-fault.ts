import type { Scopes } from './scopes.js';

/** Texts that are repeated, and letters of each: a list may be long. */
const MOST_NAMED = 3;
const MOST_LETTERS = 60;
/** As many letters may be wrong of a scope that was meant, and a quarter of them. */
const NEAR = 4;

/** What is wrong with a list of scopes that a person typed, with what they may have meant; undefined for nothing. */
export function scopeFault(scopes: Scopes, text: string): string | undefined {
  const ceiling = scopes.readCeiling(text);
  if (ceiling && ceiling.length > 0) return undefined;
  const wrong = [...new Set(text.split(' ').filter((each) => each !== '' && !scopes.readCeiling(each)))];
  if (wrong.length === 0) return `${text.trim() === '' ? 'an empty text' : 'what was given'} is not a list of scopes`;
  const named = wrong.slice(0, MOST_NAMED).map((each) => `${cut(each)}${meant(scopes, each)}`);
  const more = wrong.length > MOST_NAMED ? `, and ${String(wrong.length - MOST_NAMED)} more` : '';
  return `no scope of this server: ${named.join(', ')}${more}; docs/scopes.md has them all`;
}

const cut = (text: string): string => (text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text);

function meant(scopes: Scopes, text: string): string {
  if (text.length > MOST_LETTERS) return '';
  const letters = /\.([a-z]+|\*)(\?|$)/.exec(text)?.[1] ?? 'rs';
  const known = scopes.supported(letters).filter((each) => scopes.readCeiling(each));
  const candidates = known.length > 0 ? known : scopes.supported('rs');
  const near = candidates
    .map((each) => ({ each, distance: distance(text.toLowerCase(), each.toLowerCase()) }))
    .filter((found) => found.distance <= Math.min(NEAR, text.length / 4))
    .sort((one, other) => one.distance - other.distance);
  const [best] = near;
  const names = near.filter((found) => found.distance === best?.distance).slice(0, 2);
  return best ? ` (meant ${names.map(({ each }) => each).join(' or ')}?)` : '';
}

/** Letters to add, to take away and to change: https://en.wikipedia.org/wiki/Levenshtein_distance */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[other.length] as number;
}
