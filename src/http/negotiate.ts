import { OutcomeError } from '../outcome.js';

/** What the client wants: https://hl7.org/fhir/R4/http.html#mime-type */
export interface Format {
  readonly pretty: boolean;
  /** The Accept header and `_format` together, for what is not only JSON: Binary. */
  readonly accept: string | undefined;
}

type Pairs = readonly (readonly [name: string, value: string])[];

const json = new Set(['application/fhir+json', 'application/json', 'text/json', 'application/json+fhir', 'json']);

/** FHIR in other words, in which Portico does not answer. */
const otherFhir = new Set(['application/fhir+xml', 'application/xml+fhir', 'application/fhir+turtle', 'xml', 'ttl']);

export const isOtherFhir = (type: string): boolean => otherFhir.has(type);

/** Reads Accept, `_format` and `_pretty`. Errors: 406 `not-acceptable`. */
export function negotiate(accept: string | undefined, params: Pairs, anyType: boolean): Format {
  // An unencoded + of a URL arrives as a space.
  const format = params.find(([name]) => name === '_format')?.[1].replace(/^(\w+\/\w+) /, '$1+');
  const pretty = params.find(([name]) => name === '_pretty')?.[1] === 'true';
  const wanted = format === undefined || format === '' ? accept : format;
  if (wanted === undefined || wanted === '' || wanted === 'application/fhir+json') return { pretty, accept: wanted };
  const isFormat = wanted !== accept;
  const ranges = isFormat ? [parseRange(wanted)] : wanted.split(',').map(parseRange);
  if (!(anyType ? acceptsBytes(ranges) : accepts(ranges)))
    throw new OutcomeError(406, 'not-acceptable', 'Portico answers in application/fhir+json, FHIR version 4.0');
  return { pretty, accept: isFormat && json.has(parseRange(wanted).type) ? 'application/fhir+json' : wanted };
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

/** Whether a Binary can be sent: its bytes are of any type, but the resource around them is JSON. */
const acceptsBytes = (ranges: readonly Range[]): boolean =>
  ranges.some((range) => range.quality > 0 && versionFits(range.version) && !otherFhir.has(range.type));

/** Whether JSON is among the ranges: the most specific range that names it decides, and q=0 is a no. */
function accepts(ranges: readonly Range[]): boolean {
  const named = ranges.filter(
    (range) => json.has(range.type) && (range.quality > 0 || range.type === 'application/fhir+json'),
  );
  const decisive = named.length > 0 ? named : wildcards(ranges);
  return decisive.some((range) => range.quality > 0 && versionFits(range.version));
}

function wildcards(ranges: readonly Range[]): Range[] {
  const typed = ranges.filter(({ type, quality }) => type === 'application/*' || (type === 'text/*' && quality > 0));
  return typed.length > 0 ? typed : ranges.filter((range) => range.type === '*/*');
}

/** Whether a Binary is wanted as a FHIR resource and not as bytes: the first range that is not `*` decides. */
export function wantsResource(accept: string | undefined): boolean {
  const ranges = (accept ?? '')
    .split(',')
    .map(parseRange)
    .filter((range) => range.quality > 0);
  ranges.sort((a, b) => b.quality - a.quality);
  const fhir = ['application/fhir+json', 'application/json+fhir', 'json'];
  return fhir.includes(ranges[0]?.type ?? '');
}
