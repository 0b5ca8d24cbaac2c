import type { Registry } from '../registry.js';

/** A topic: that a resource of a type was created or updated. */
export interface Topic {
  /** Canonical. */
  readonly url: string;
  readonly type: string;
}

/** One for each type that is written here. R4 has no resource for a topic; the CapabilityStatement lists them. */
export const topicsOf = (registry: Registry, base: string): Topic[] =>
  registry
    .all()
    .filter(({ write, named }) => write?.create === true && !named)
    .map(({ type }) => ({ type, url: `${base}/SubscriptionTopic/${nameOf(type)}` }));

/** `DocumentReference` is `document-reference`. */
const nameOf = (type: string): string => type.replace(/(?!^)([A-Z])/g, '-$1').toLowerCase();
