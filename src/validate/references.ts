import { resourceNames } from './definitions.js';

const literal = /^(?:https?:\/\/\S+\/)?([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const conditional = /^([A-Z][A-Za-z]+)\?/;
const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/** What is wrong with a Reference: https://hl7.org/fhir/R4/references.html. Nothing that is not here is looked up. */
export function referenceFault(
  { reference, type }: Readonly<Record<string, unknown>>,
  targets: ReadonlySet<string> | undefined,
  root: unknown,
): { readonly code: string; readonly text: string } | undefined {
  if (typeof reference !== 'string') {
    const isWrong = typeof type === 'string' && targets && resourceNames().has(type) && !targets.has(type);
    return isWrong ? wrongTarget(targets) : undefined;
  }
  if (reference.startsWith('#')) return localFault(reference.slice(1), targets, root);
  const named = literal.exec(reference)?.[1] ?? conditional.exec(reference)?.[1] ?? '';
  if (!resourceNames().has(named)) return absolute.test(reference) ? undefined : UNREADABLE;
  if (!targets) return undefined;
  return targets.has(named) ? undefined : wrongTarget(targets);
}

/** In a URL to elsewhere, what stands before the id need not be a type; what is relative to a FHIR base has one. */
const UNREADABLE = { code: 'value', text: 'A reference is a URL, or [type]/[id], or #[id] of what is contained' };

const wrongTarget = (targets: ReadonlySet<string>) => ({
  code: 'structure',
  text: `The reference must be to ${[...targets].join(' or ')}`,
});

/** ref-1: what is referred to within the resource is there. */
function localFault(id: string, targets: ReadonlySet<string> | undefined, root: unknown) {
  if (id === '') return undefined;
  const { contained } = (root ?? {}) as { contained?: unknown };
  const all = Array.isArray(contained) ? (contained as { id?: unknown; resourceType?: string }[]) : [];
  const found = all.find((each) => each.id === id);
  if (!found) return { code: 'invariant', text: 'A reference within the resource names nothing in it (ref-1)' };
  const { resourceType = '' } = found;
  return targets && !targets.has(resourceType) ? wrongTarget(targets) : undefined;
}
