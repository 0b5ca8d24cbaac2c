import { isUnit, UCUM } from '../define/ucum.js';
import type { SystemCodes } from './vocabulary.js';

/** https://www.rfc-editor.org/rfc/rfc5646#section-2.1: what is well-formed, whether it is registered or not. */
const language =
  /^(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?|x(?:-[a-z\d]{1,8})+|i-[a-z]{3,8}|art-lojban|cel-gaulish|en-GB-oed|no-(?:bok|nyn)|sgn-(?:BE-(?:FR|NL)|CH-DE)|zh-(?:guoyu|hakka|min|min-nan|xiang))$/i;

const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(;.*)?$/;

export const isLanguage = (text: string): boolean => language.test(text);
export const isMediaType = (text: string): boolean => mediaType.test(text);

/** Which of them are in use is not said here. */
export const isCurrency = (text: string): boolean => /^[A-Z]{3}$/.test(text);

export const LANGUAGES = 'urn:ietf:bcp:47';

/** Code systems that nobody can list, but of which every code can be told. */
export const grammars: ReadonlyMap<string, SystemCodes> = new Map([
  [LANGUAGES, { has: isLanguage }],
  ['urn:ietf:bcp:13', { has: isMediaType }],
  ['urn:iso:std:iso:4217', { has: isCurrency }],
  [UCUM, { has: isUnit }],
]);
