import { createHash } from 'node:crypto';
import type { Literal } from '../define/json.js';
import { OutcomeError } from '../outcome.js';
import { rewriteReferences } from '../store/references.js';

type Resource = Readonly<Record<string, unknown>>;

export interface BundleItem {
  /** Where it stands, for the report: `Bundle.entry[3].resource`. */
  readonly path: string;
  readonly resource: Resource;
  readonly literals: readonly Literal[];
}

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
  readonly request?: { readonly method?: string; readonly url?: string };
}

/**
 * The resources of a Bundle of any type, each with an id, and with what refers to another entry by its fullUrl made
 * to refer to that id (https://hl7.org/fhir/R4/bundle.html#references). An id that is not given follows from the
 * fullUrl, so that the same Bundle imported twice is the same resources.
 */
export function readBundle(bundle: Resource, literals: readonly Literal[]): BundleItem[] {
  const identified = entriesOf(bundle).flatMap(({ fullUrl, resource, request }, index) => {
    // OperationOutcomes of a searchset, and the deletions of a history, are nothing to import.
    if (!resource || resource['resourceType'] === 'OperationOutcome' || request?.method === 'DELETE') return [];
    if (request?.method === 'PATCH') throw refusal(index, 'A patch cannot be imported', 'request.method');
    const id = resource['id'] ?? (fullUrl === undefined ? undefined : idOf(fullUrl));
    return [{ index, fullUrl, resource: identify(resource, id) }];
  });
  const targets = new Map<string, string>();
  const seen = new Set<string>();
  for (const { fullUrl, resource, index } of identified) {
    const local = `${String(resource['resourceType'])}/${String(resource['id'])}`;
    if (resource['id'] !== undefined && seen.has(local))
      throw refusal(index, 'Two entries of the Bundle are the same resource');
    seen.add(local);
    if (fullUrl !== undefined) targets.set(fullUrl, local);
  }
  return identified.map(({ resource, index }) => ({
    path: `Bundle.entry[${String(index)}].resource`,
    resource: rewriteReferences(resource, (reference) => targets.get(reference) ?? reference) as Resource,
    literals: literalsBelow(literals, `entry.${String(index)}.resource.`),
  }));
}

/** The entries, each in its place; of a history, which holds a resource once a version, the newest: it comes first. */
function entriesOf({ type, entry = [] }: Resource): Entry[] {
  if (!Array.isArray(entry))
    throw new OutcomeError(422, 'invalid-resource', 'It is not a list', { expression: ['Bundle.entry'] });
  const seen = new Set<string>();
  return entry.map((each: unknown, index) => {
    if (!isObject(each)) throw refusal(index, 'It is not an object');
    const { resource, request, fullUrl } = each as Entry;
    if (fullUrl !== undefined && typeof fullUrl !== 'string') throw refusal(index, 'It is not a text', 'fullUrl');
    if (resource !== undefined && (!isObject(resource) || typeof resource['resourceType'] !== 'string'))
      throw refusal(index, 'It is not a FHIR resource: an object with a resourceType', 'resource');
    if (type !== 'history') return each;
    const key = resource ? `${String(resource['resourceType'])}/${String(resource['id'])}` : String(request?.url);
    const superseded = seen.has(key);
    seen.add(key);
    return superseded ? {} : each;
  });
}

const isObject = (value: unknown): value is Resource =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refusal = (index: number, text: string, member?: string): OutcomeError =>
  new OutcomeError(422, 'invalid-resource', text, {
    expression: [`Bundle.entry[${String(index)}]${member === undefined ? '' : `.${member}`}`],
  });

const identify = (resource: Resource, id: unknown): Resource => (id === undefined ? resource : { ...resource, id });

/** `urn:uuid:...` is the id; of a URL, its last segment; of anything else, a hash. */
function idOf(fullUrl: string): string {
  const last =
    fullUrl
      .replace(/^urn:(uuid|oid):/, '')
      .split('/')
      .at(-1) ?? '';
  if (/^[A-Za-z0-9\-.]{1,64}$/.test(last)) return last;
  return createHash('sha256').update(fullUrl).digest('hex').slice(0, 40);
}

const literalsBelow = (literals: readonly Literal[], prefix: string): Literal[] =>
  literals.filter(([path]) => path.startsWith(prefix)).map(([path, text]) => [path.slice(prefix.length), text]);
