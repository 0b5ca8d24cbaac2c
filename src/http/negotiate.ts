import { OutcomeError } from '../outcome.js';

/** What the client wants: https://hl7.org/fhir/R4/http.html#mime-type */
export interface Format {
  readonly pretty: boolean;
  readonly isXml: boolean;
  /** Whether it is something that Portico has. */
  readonly isServed: boolean;
  /** The Accept header and `_format` together, for what is not only FHIR: Binary. */
  readonly accept: string | undefined;
}

type Pairs = readonly (readonly [name: string, value: string])[];

const JSON_TYPE = 'application/fhir+json';
const XML_TYPE = 'application/fhir+xml';

const json: ReadonlySet<string> = new Set([
  JSON_TYPE,
  'application/json',
  'text/json',
  'application/json+fhir',
  'json',
]);
const xml: ReadonlySet<string> = new Set([XML_TYPE, 'application/xml', 'text/xml', 'application/xml+fhir', 'xml']);

/** FHIR in other words, in which Portico does not answer. */
const otherFhir: ReadonlySet<string> = new Set(['application/fhir+turtle', 'ttl']);

export const isOtherFhir = (type: string): boolean => otherFhir.has(type);

export const isXmlType = (type: string): boolean => xml.has(type);

/** XML that is FHIR and no document of another kind, which a Binary can be. */
export const isFhirXml = (type: string): boolean => type === XML_TYPE || type === 'application/xml+fhir';

/** Reads Accept, `_format` and `_pretty`. */
export function negotiate(accept: string | undefined, params: Pairs, anyType: boolean): Format {
  // An unencoded + of a URL arrives as a space.
  const format = params.find(([name]) => name === '_format')?.[1].replace(/^(\w+\/\w+) /, '$1+');
  const pretty = params.find(([name]) => name === '_pretty')?.[1] === 'true';
  const wanted = format === undefined || format === '' ? accept : format;
  if (wanted === undefined || wanted === '' || wanted === JSON_TYPE || wanted === '*/*')
    return { pretty, isXml: false, isServed: true, accept: wanted };
  const isFormat = format !== undefined && format !== '';
  const ranges = isFormat ? [parseRange(wanted)] : wanted.split(',').map(parseRange);
  const [ofJson, ofXml] = [preference(ranges, json, JSON_TYPE), preference(ranges, xml, XML_TYPE)];
  const isXml = ofXml.quality > ofJson.quality || (ofXml.quality === ofJson.quality && ofXml.place < ofJson.place);
  const isServed = anyType ? acceptsBytes(ranges) : ofJson.quality > 0 || ofXml.quality > 0;
  if (!isFormat) return { pretty, isXml, isServed, accept: wanted };
  // What is said by its short name is FHIR: a Binary in it is a resource.
  const named = [json, xml].findIndex((types) => types.has((ranges[0] as Range).type));
  return { pretty, isXml, isServed, accept: [JSON_TYPE, XML_TYPE][named] ?? wanted };
}

/** Errors: 406 `not-acceptable`. */
export function checkServed({ isServed }: Format): void {
  if (!isServed)
    throw new OutcomeError(
      406,
      'not-acceptable',
      `Portico answers in ${JSON_TYPE} and in ${XML_TYPE}, FHIR version 4.0`,
    );
}

interface Range {
  readonly type: string;
  readonly quality: number;
  readonly version: string | undefined;
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const value = (name: string): string | undefined =>
    parameters
      .find((each) => each.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '');
  const quality = Number(value('q') ?? 1);
  return { type, quality: Number.isNaN(quality) ? 1 : quality, version: value('fhirversion') };
}

const versionFits = (version: string | undefined): boolean => version === undefined || /^4\.0(\.\d+)?$/.test(version);

/** Whether a media type names no other version of FHIR (https://hl7.org/fhir/R4/http.html#version-parameter). */
export const isR4 = (mediaType: string): boolean => versionFits(parseRange(mediaType).version);

/** Whether a Binary can be sent: its bytes are of any type, and the resource around them is FHIR. */
const acceptsBytes = (ranges: readonly Range[]): boolean =>
  ranges.some((range) => range.quality > 0 && versionFits(range.version) && !otherFhir.has(range.type));

/** How much a format is wanted, and which of the ranges says so; of those that say the same, the first is meant. */
interface Preference {
  readonly quality: number;
  readonly place: number;
}

/** The most specific ranges that name a format decide, and q=0 is a no. */
function preference(ranges: readonly Range[], types: ReadonlySet<string>, main: string): Preference {
  const named = ranges.filter((range) => types.has(range.type) && (range.quality > 0 || range.type === main));
  const decisive = named.length > 0 ? named : wildcards(ranges);
  let best: Preference = { quality: 0, place: ranges.length };
  for (const range of decisive)
    if (range.quality > best.quality && versionFits(range.version))
      // A range that names no format has no place of its own.
      best = { quality: range.quality, place: named.length > 0 ? ranges.indexOf(range) : ranges.length };
  return best;
}

function wildcards(ranges: readonly Range[]): Range[] {
  const typed = ranges.filter(({ type, quality }) => type === 'application/*' || (type === 'text/*' && quality > 0));
  return typed.length > 0 ? typed : ranges.filter((range) => range.type === '*/*');
}

const asResource: ReadonlySet<string> = new Set([
  ...[JSON_TYPE, 'application/json+fhir', 'json'],
  ...[XML_TYPE, 'application/xml+fhir', 'xml'],
]);

/** Whether a Binary is wanted as a FHIR resource and not as bytes: the first range that is not `*` decides. */
export function wantsResource(accept: string | undefined): boolean {
  const ranges = (accept ?? '')
    .split(',')
    .map(parseRange)
    .filter((range) => range.quality > 0);
  ranges.sort((a, b) => b.quality - a.quality);
  return asResource.has(ranges[0]?.type ?? '');
}
