import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import { localise } from '../define/elements/element.js';
import type { RegisteredResource, Registry } from '../registry.js';
import { parse } from '../search/parse.js';
import { loadPathTypes, searchValues } from '../search/values.js';
import type { Rows } from './rows.js';
import { isConditional, referencesIn, rewriteReferences } from './references.js';

type Resource = Readonly<Record<string, unknown>>;

interface ResolverOptions {
  readonly registry: Registry;
  readonly rows: Rows;
  readonly base: string;
  /** What may be found of a type. */
  readonly narrowing: (resource: RegisteredResource) => Narrowing;
  readonly now: () => number;
}

/** Finds what conditional references mean among what is stored. */
export class Resolver {
  constructor(private readonly options: ResolverOptions) {}

  /**
   * The resource with literal references only; undefined when one of them finds nothing (yet). Two matches are a
   * refusal. `beside` are the other resources of its Bundle, which are not stored before it.
   */
  async resolve(resource: Resource, beside: readonly Resource[] = []): Promise<Resource | undefined> {
    const conditional = [...new Set(referencesIn(resource).filter(isConditional))];
    if (conditional.length === 0) return resource;
    const targets = new Map<string, string>();
    for (const reference of conditional) {
      const target = await this.#find(reference, beside);
      if (target === undefined) return undefined;
      targets.set(reference, target);
    }
    return rewriteReferences(resource, (each) => targets.get(each) ?? each) as Resource;
  }

  /** Whether a stored resource attaches the Binary. */
  async isClaimed(binary: string): Promise<boolean> {
    const { registry, rows, narrowing } = this.options;
    for (const resource of registry.all())
      if (resource.attachments && (await rows.attaching(resource, binary, narrowing(resource))).length > 0) return true;
    return false;
  }

  async #find(reference: string, beside: readonly Resource[]): Promise<string | undefined> {
    const { registry, rows, base, narrowing, now } = this.options;
    const [type = '', query = ''] = reference.split(/\?(.*)/s);
    const resource = registry.get(type);
    // What is not served cannot be found here: the reference stays as it is.
    if (!resource) return reference;
    const pairs = [...new URLSearchParams(query), ['_count', '2'] as [string, string]];
    const request = parse(resource, pairs, { registry, base, handling: 'strict', now: now() });
    const { entries } = await rows.find(resource, request, narrowing(resource));
    const ids = new Set([...entries.map(({ id }) => id), ...this.#matching(resource, query, beside)]);
    if (ids.size > 1)
      throw new OutcomeError(422, 'ambiguous-reference', `A conditional reference to ${type} matches more than one`);
    const [id] = ids;
    return id === undefined ? undefined : `${type}/${id}`;
  }

  /** The ids of those that have an identifier: what a conditional reference inside a Bundle asks for. */
  #matching({ type, params }: RegisteredResource, query: string, beside: readonly Resource[]): string[] {
    const declared = params.get('identifier');
    const [[name, text] = [], ...others] = [...new URLSearchParams(query)];
    if (name !== 'identifier' || others.length > 0) return [];
    const [, system, value] = /^(?:([^|]*)\|)?([^|]+)$/.exec(text ?? '') ?? [];
    if (!declared || value === undefined) return [];
    loadPathTypes(type);
    const { base } = this.options;
    const wanted = system && localise(system, { base });
    return beside
      .filter((each) => each['resourceType'] === type)
      .filter((each) =>
        (searchValues(each, declared, { base }).get('identifier') ?? []).some(
          (token) => token['code'] === value && (wanted === undefined || (token['system'] ?? '') === wanted),
        ),
      )
      .map((each) => each['id'])
      .filter((id) => typeof id === 'string');
  }
}
