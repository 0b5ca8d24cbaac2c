import { interval } from '../define/dates.js';
import { isCurrency, isLanguage, isMediaType } from './grammars.js';

/** What is wrong with a value of a primitive type; undefined where nothing is. The text never quotes the value. */
type Rule = (value: never) => string | undefined;

const text =
  (fault: string, fits: (value: string) => boolean): Rule =>
  (value: unknown) =>
    typeof value !== 'string' ? 'is not a string' : fits(value) ? undefined : fault;

const matching = (fault: string, pattern: RegExp): Rule => text(fault, (value) => pattern.test(value));

const wholeNumber =
  (least: number): Rule =>
  (value: unknown) => {
    if (typeof value !== 'number') return 'is not a number';
    return Number.isInteger(value) && value >= least && value <= 2 ** 31 - 1 ? undefined : 'is out of range';
  };

/** https://hl7.org/fhir/R4/datatypes.html#string */
const MAX_STRING = 1024 * 1024;

const isDay = (value: string): boolean => !value.includes('T') && interval(value) !== undefined && isYear(value);
const isMoment = (value: string): boolean =>
  interval(value) !== undefined &&
  isYear(value) &&
  (!value.includes('T') || /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value));
const isYear = (value: string): boolean => !value.startsWith('0000');
const isText = (value: string): boolean => value.length <= MAX_STRING && /\S/.test(value);

/** https://www.rfc-editor.org/rfc/rfc3061: wider than the type oid of R4. */
const oid = /^urn:oid:(0|[1-9]\d*)(\.(0|[1-9]\d*))*$/i;
const uuid = /^urn:uuid:[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** https://hl7.org/fhir/R4/datatypes.html#uri: what says that it is an OID or a UUID is one, in a URN. */
function isUri(value: string): boolean {
  if (!/^\S+$/.test(value)) return false;
  // Most are of the web, and asked no more.
  if (value.startsWith('http')) return true;
  const scheme = /^(?:urn:)?(oid|uuid):/i.exec(value)?.[1]?.toLowerCase();
  if (scheme === undefined) return true;
  // A canonical has a version and a fragment.
  const [bare = ''] = value.split(/[|#]/);
  return scheme === 'oid' ? oid.test(bare) : uuid.test(bare);
}

/** Numbers, and E, U and L, between single spaces: https://hl7.org/fhir/R4/datatypes.html#SampledData */
const samples =
  /^(?:[EUL]|-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)(?: (?:[EUL]|-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?))*$/;

/** The type of R4 lets white space stand within. */
function isBase64(value: string): boolean {
  const bare = /\s/.test(value) ? value.replace(/\s+/g, '') : value;
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
}

/** Rules of the primitive types: https://hl7.org/fhir/R4/datatypes.html#primitive */
const primitives: Readonly<Record<string, Rule>> = {
  base64Binary: text('is not base64', isBase64),
  boolean: (value: unknown) => (typeof value === 'boolean' ? undefined : 'is not a boolean'),
  canonical: text('is not a canonical URL', isUri),
  code: matching('is not a code', /^\S+( \S+)*$/),
  date: text('is not a date of the calendar', isDay),
  dateTime: text('is not a dateTime: a time needs seconds and a zone', isMoment),
  decimal: (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? undefined : 'is not a number'),
  id: matching('is not an id', /^[A-Za-z0-9\-.]{1,64}$/),
  instant: text('is not an instant', (value) => value.length >= 20 && isMoment(value)),
  integer: wholeNumber(-(2 ** 31)),
  markdown: text('is not a text', isText),
  // These are no types of R4: their elements are bound to a grammar, or described as one.
  currency: text('is not a currency of ISO 4217', isCurrency),
  languageTag: text('is not a language of BCP 47', isLanguage),
  mediaType: text('is not a media type', isMediaType),
  samples: matching('is not a series of numbers between single spaces', samples),
  oid: matching('is not an OID', /^urn:oid:[0-2](\.(0|[1-9]\d*))+$/),
  positiveInt: wholeNumber(1),
  string: text('is not a text', isText),
  time: matching('is not a time', /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?$/),
  unsignedInt: wholeNumber(0),
  uri: text('is not a URI', isUri),
  url: text('is not a URL', isUri),
  uuid: matching('is not a UUID', /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
};

export const isPrimitive = (type: string): boolean => Object.hasOwn(primitives, type);

/** What no database, no XML and no client can be trusted with: control characters, and halves of surrogate pairs. */
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** What is wrong with a value, whatever its type. */
export function faultOf(value: unknown, type: string): string | undefined {
  if (value === '') return 'A string is empty: an absent element is left out';
  if (typeof value === 'string' && (control.test(value) || !value.isWellFormed()))
    return 'A string holds control characters, or half of a surrogate pair';
  const fault = (primitives[type] as ((value: unknown) => string | undefined) | undefined)?.(value);
  return fault === undefined ? undefined : `The value ${fault}`;
}
