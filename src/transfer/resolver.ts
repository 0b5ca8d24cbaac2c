import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Registry } from '../registry.js';
import { parse } from '../search/parse.js';
import type { Rows } from '../store/rows.js';
import { isConditional, referencesIn, rewriteReferences } from './references.js';

interface ResolverOptions {
  readonly registry: Registry;
  readonly rows: Rows;
  readonly base: string;
  readonly narrowing: Narrowing;
  readonly now: () => number;
}

/** Finds what conditional references mean among what is stored. */
export class Resolver {
  constructor(private readonly options: ResolverOptions) {}

  /** The resource with literal references only; undefined when one of them finds nothing (yet). Two matches are a refusal. */
  async resolve(resource: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>> | undefined> {
    const conditional = [...new Set(referencesIn(resource).filter(isConditional))];
    if (conditional.length === 0) return resource;
    const targets = new Map<string, string>();
    for (const reference of conditional) {
      const target = await this.#find(reference);
      if (target === undefined) return undefined;
      targets.set(reference, target);
    }
    return rewriteReferences(resource, (each) => targets.get(each) ?? each) as Readonly<Record<string, unknown>>;
  }

  /** Whether a stored resource attaches the Binary. */
  async isClaimed(binary: string): Promise<boolean> {
    const { registry, rows, narrowing } = this.options;
    for (const resource of registry.all())
      if (resource.attachments && (await rows.attaching(resource, binary, narrowing)).length > 0) return true;
    return false;
  }

  async #find(reference: string): Promise<string | undefined> {
    const { registry, rows, base, narrowing, now } = this.options;
    const [type = '', query = ''] = reference.split(/\?(.*)/s);
    const resource = registry.get(type);
    // What is not served cannot be found here: the reference stays as it is.
    if (!resource) return reference;
    const pairs = [...new URLSearchParams(query), ['_count', '2'] as [string, string]];
    const request = parse(resource, pairs, { registry, base, handling: 'strict', now: now() });
    const { entries } = await rows.find(resource, request, narrowing);
    if (entries.length > 1)
      throw new OutcomeError(422, 'ambiguous-reference', `A conditional reference to ${type} matches more than one`);
    return entries[0] && `${type}/${entries[0].id}`;
  }
}
