/** What an attribute cannot hold as it is. A parser would read white space other than blanks as blanks. */
const inAttribute = /[&<>"\t\n\r]/g;
const inContent = /[&<>\r]/g;

const escaped: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** https://www.w3.org/TR/xml/#NT-Char: what no XML 1.0 can say, not even by its number. Halves of surrogate pairs are apart. */
const unsayable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/**
 * FHIR has no strings with such characters either; rows that others write may. In their place stands the character that
 * says so.
 */
export const sayable = (text: string): string => text.toWellFormed().replace(unsayable, '\ufffd');

const special = /[^\u0020\u0021\u0023-\u0025\u0027-\u003b\u003d\u003f-\ud7ff\ue000-\ufffd]/;

const replaced = (text: string, pattern: RegExp): string =>
  sayable(text).replace(pattern, (character) => escaped[character] as string);

/** A text as the value of an attribute between double quotes. */
export const attribute = (text: string): string => (special.test(text) ? replaced(text, inAttribute) : text);

/** A text as the content of an element. */
export const content = (text: string): string => (special.test(text) ? replaced(text, inContent) : text);
