/**
 * The form in which strings are compared: FHIR string search ignores case and accents
 * (https://hl7.org/fhir/R4/search.html#string).
 */
export function fold(text: string): string {
  // The whole of ASCII, which needs no decomposition.
  if (/^[\x00-\x7f]*$/.test(text)) return text.toLowerCase();
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** Sorts after every string that starts with the text it is appended to, in the byte order of both databases. */
export const AFTER_ALL = '\u{10FFFF}';
