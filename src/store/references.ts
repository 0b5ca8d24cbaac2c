/** The references of a resource, rewritten: https://hl7.org/fhir/R4/bundle.html#references */
export type Rewrite = (reference: string) => string;

type Json = Readonly<Record<string, unknown>>;

/** A copy in which every Reference, and every URL of an attachment, is passed through `rewrite`. */
export function rewriteReferences(value: unknown, rewrite: Rewrite): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteReferences(item, rewrite));
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [member, rewriteReferences(inner, rewrite)]),
  );
  if (typeof copy['reference'] === 'string') copy['reference'] = rewrite(copy['reference']);
  if (isAttachment(copy) && typeof copy['url'] === 'string') copy['url'] = rewrite(copy['url']);
  return copy;
}

/** A copy in which every value that is a URI is passed through `rewrite`: a reference may be one too. */
export function rewriteUris(value: unknown, rewrite: Rewrite): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteUris(item, rewrite));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]: [string, unknown]) => [
      member,
      typeof inner === 'string' && isUri.test(member) ? rewrite(inner) : rewriteUris(inner, rewrite),
    ]),
  );
}

const isUri = /^value(Uri|Url|Oid|Uuid)$/;

/** An extension has a `url` too, and that one names what it is. */
const isAttachment = (value: Json): boolean => 'contentType' in value || 'title' in value || 'hash' in value;

/** Every literal reference that a resource makes. */
export function referencesIn(value: unknown, found: string[] = []): string[] {
  if (typeof value !== 'object' || value === null) return found;
  const { reference, url } = value as Json;
  for (const inner of Object.values(value)) referencesIn(inner, found);
  if (typeof reference === 'string') found.push(reference);
  if (typeof url === 'string' && isAttachment(value as Json)) found.push(url);
  return found;
}

/** `Type?identifier=system|value`: a reference by what the target is known by (https://hl7.org/fhir/R4/http.html#trules). */
export const isConditional = (reference: string): boolean => /^[A-Z][A-Za-z]+\?./.test(reference);
