import { parseJson, type Parsed } from '../define/json.js';
import type { FhirRequest, Takes } from '../http/fhir-request.js';
import { OutcomeError, type Issue } from '../outcome.js';
import type { RegisteredResource, Registry } from '../registry.js';
import type { Sent } from '../store/draft.js';
import { isConditional, referencesIn } from '../store/references.js';
import { isValid, validateApart, type Profiles } from '../validate/structure.js';

const MEBIBYTE = 1024 * 1024;
const RESOURCE_BYTES = MEBIBYTE;
/** Of what may carry the bytes of a document. */
const ATTACHING_BYTES = 32 * MEBIBYTE;
const BUNDLE_BYTES = 5 * MEBIBYTE;
/** Objects, lists and values in one resource. */
const MAX_NODES = 10_000;
/** Of a batch or a transaction. */
export const MAX_ENTRIES = 100;

/** The media types of resources: https://hl7.org/fhir/R4/http.html#mime-type */
const resourceTypes: ReadonlySet<string> = new Set([
  ...['application/fhir+json', 'application/json', 'text/json', 'application/json+fhir'],
  ...['application/fhir+xml', 'application/xml', 'text/xml', 'application/xml+fhir'],
]);

/** The body of a create or an update. */
export const takesResource = (registry: Registry): Takes => ({
  types: resourceTypes,
  nodes: MAX_NODES,
  limit: (type) => (registry.get(type)?.attachments ? ATTACHING_BYTES : RESOURCE_BYTES),
});

/** A resource, or another document that is JSON. */
export const takesResourceOr = (type: string): Takes => ({
  ...{ types: new Set([type, ...resourceTypes]), limit: () => RESOURCE_BYTES, nodes: MAX_NODES },
});

/** The resource of a body, of the type that the URL names. Errors: 400 `invalid-json`, `invalid-resource`; 413. */
export function resourceIn({ type, body }: FhirRequest): Sent {
  const { value, literals } = parsed(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid('The body is not a FHIR resource: a JSON object with a resourceType');
  const resource = value as Readonly<Record<string, unknown>>;
  if (resource['resourceType'] !== type)
    throw invalid(`The resourceType of the body is not ${type}, which the URL names`, [`${type}.resourceType`]);
  return { resource, literals };
}

/** What a body says, as JSON. Errors: 400 `invalid-json`, 413 `too-long`. */
export function parsed(body: FhirRequest['body']): Parsed {
  if (body === undefined) throw invalid('There is no body');
  if (!('bytes' in body)) return body;
  const found = parseJson(textOf(body.bytes));
  checkNodes(found.value, MAX_NODES);
  return found;
}

/** The bytes of a document, as they are or in a Binary resource. */
export const takesBytes: Takes = { limit: () => ATTACHING_BYTES, nodes: MAX_NODES };

/** A Bundle is as large as its resources together. */
export const takesBundle: Takes = {
  types: resourceTypes,
  limit: () => BUNDLE_BYTES,
  nodes: MAX_NODES * MAX_ENTRIES,
};

/** Errors: 400 `invalid-json`, 413 `too-long`. */
export function parsedBundle(body: FhirRequest['body']): Parsed {
  if (body === undefined || !('bytes' in body)) throw invalid('A Bundle is no entry of a Bundle');
  const found = parseJson(textOf(body.bytes));
  checkNodes(found.value, MAX_NODES * MAX_ENTRIES);
  return found;
}

/** Bytes that are no UTF-8 would be read as something else than was sent. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new OutcomeError(400, 'invalid-json', 'The body is not in UTF-8', { cause });
  }
}

/** Counts the objects, lists and values. Errors: 413 `too-long` for more of them. */
export function checkNodes(value: unknown, most = MAX_NODES): number {
  const waiting = [value];
  let count = 0;
  while (waiting.length > 0) {
    if (++count > most)
      throw new OutcomeError(413, 'too-long', `The body has more than ${String(MAX_NODES)} objects, lists and values`);
    const next = waiting.pop();
    if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) waiting.push(inner);
  }
  return count;
}

/** What was made of a body is no larger than a body may be. Errors: 413 `too-long`. */
export function checkSize({ type, attachments }: RegisteredResource, value: object): void {
  checkNodes(value);
  const limit = attachments ? ATTACHING_BYTES : RESOURCE_BYTES;
  if (Buffer.byteLength(JSON.stringify(value)) > limit)
    throw new OutcomeError(413, 'too-long', `The ${type} would be larger than ${String(limit)} bytes`);
}

/** The id of a body that is to replace the resource of the URL. Errors: 400 `invalid-resource`. */
export function checkSameId({ resource }: Sent, id: string): void {
  if (resource['id'] === id) return;
  throw invalid('The id of the body is not the one that the URL names', [`${String(resource['resourceType'])}.id`]);
}

/**
 * What is not R4 is 400, and what breaks a profile that it claims, or that its code implies, is 422
 * (https://hl7.org/fhir/R4/http.html#create): an issue for each fault, with where it is.
 */
export function checkValid({ resource }: Sent, { type }: Pick<RegisteredResource, 'type'>, profiles: Profiles): void {
  if (referencesIn(resource).some(isConditional))
    throw invalid('A conditional reference is looked up in a transaction, and nowhere else');
  const { base, profile } = validateApart(resource, profiles);
  if (isValid(base) && isValid(profile)) return;
  const issues = [...base, ...profile].filter(isError);
  throw new OutcomeError(isValid(base) ? 422 : 400, 'invalid-resource', `It is not a valid ${type}`, { issues });
}

const isError = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal';

const invalid = (text: string, expression?: readonly string[]): OutcomeError =>
  new OutcomeError(400, 'invalid-resource', text, expression && { expression });
