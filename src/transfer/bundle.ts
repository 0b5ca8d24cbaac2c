import { createHash } from 'node:crypto';
import type { Literal } from '../define/json.js';
import { OutcomeError } from '../outcome.js';
import { rewriteReferences } from './references.js';

export interface BundleItem {
  /** Where it stands, for the report: `Bundle.entry[3].resource`. */
  readonly path: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly literals: readonly Literal[];
}

type Resource = Readonly<Record<string, unknown>>;

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly request?: { readonly method?: string };
}

/**
 * The resources of a Bundle of any type, each with an id, and with what refers to another entry by its fullUrl made
 * to refer to that id (https://hl7.org/fhir/R4/bundle.html#references). An id that is not given follows from the
 * fullUrl, so that the same Bundle imported twice is the same resources.
 */
export function readBundle(bundle: Readonly<Record<string, unknown>>, literals: readonly Literal[]): BundleItem[] {
  const entries = (Array.isArray(bundle['entry']) ? bundle['entry'] : []) as readonly Entry[];
  const identified = entries.flatMap(({ fullUrl, resource, request }, index) => {
    // OperationOutcomes of a searchset, and the deletions of a history, are nothing to import.
    if (!resource || resource['resourceType'] === 'OperationOutcome' || request?.method === 'DELETE') return [];
    const id = resource['id'] ?? (fullUrl === undefined ? undefined : idOf(fullUrl));
    return [{ index, fullUrl, resource: identify(resource, id) }];
  });
  const targets = new Map<string, string>();
  const seen = new Set<string>();
  for (const { fullUrl, resource, index } of identified) {
    const local = `${String(resource['resourceType'])}/${String(resource['id'])}`;
    if (seen.has(local))
      throw new OutcomeError(422, 'invalid-resource', 'Two entries of the Bundle are the same resource', {
        expression: [`Bundle.entry[${String(index)}]`],
      });
    seen.add(local);
    if (fullUrl !== undefined) targets.set(fullUrl, local);
  }
  return identified.map(({ resource, index }) => ({
    path: `Bundle.entry[${String(index)}].resource`,
    resource: rewriteReferences(resource, (reference) => targets.get(reference) ?? reference) as Record<
      string,
      unknown
    >,
    literals: literalsBelow(literals, `entry.${String(index)}.resource.`),
  }));
}

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
