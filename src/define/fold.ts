/**
 * The form in which strings are compared: FHIR string search ignores case and accents
 * (https://hl7.org/fhir/R4/search.html#string).
 */
export function fold(text: string): string {
  // The whole of ASCII, which needs no decomposition.
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  // The last sigma of a Greek word is written otherwise, and a search may end within the word.
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ς', 'σ');
}

let marks: string | undefined;

/** All combining characters, as ranges of a regular expression's class, for a database that has no name for them. */
export function combiningCharacters(): string {
  if (marks !== undefined) return marks;
  let found = '';
  for (let code = 0, from = -1; code <= 0xe_ffff; code++) {
    const isMark = /\p{M}/u.test(String.fromCodePoint(code));
    if (isMark && from < 0) from = code;
    if (isMark || from < 0) continue;
    found += `${String.fromCodePoint(from)}-${String.fromCodePoint(code - 1)}`;
    from = -1;
  }
  return (marks = found);
}

/** Sorts after every string that starts with the text it is appended to, in the byte order of both databases. */
export const AFTER_ALL = '\u{10FFFF}';
