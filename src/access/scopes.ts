import type { SearchRequest } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Registry } from '../registry.js';
import { parse } from '../search/parse.js';
import { allowed, type Covering } from './covers.js';
import {
  ACT_AS_USER,
  ALL,
  contextScopes,
  nativeScopeTexts,
  parseCeiling,
  parseScopes,
  type Level,
  type Operation,
  type QueryPair,
  type Spelling,
} from './grammar.js';
import { intersect, rightsOf } from './intersect.js';

/** What one scope opens of one resource type. */
export interface Grant {
  readonly level: Level;
  /** A resource type, or `*`. */
  readonly type: string;
  readonly operations: ReadonlySet<Operation>;
  /** Only the rows that this search finds. */
  readonly where?: SearchRequest;
  /** Only the rows that come from this resource of the native system. */
  readonly native?: string;
}

/** What a token is held to, whatever was granted: its credential, its organization and its patient as they are now. */
export interface Limits {
  /** The scopes that the credential may ask for, or that the roles of a session's user open. */
  readonly ceiling: string;
  /** The most that the organization allows; none is another thing than one that allows nothing. */
  readonly policy: string | undefined;
  /** The only patient whose data it opens. */
  readonly patient: string | undefined;
}

/** Scopes as this server understands them: what each opens of what is served. */
export class Scopes {
  readonly #named: ReadonlySet<string>;

  constructor(
    private readonly registry: Registry,
    private readonly base: string,
  ) {
    this.#named = new Set(registry.types.filter((type) => registry.get(type)?.named));
  }

  /** The scopes of a request; undefined when one of them is none, or narrows by what its type cannot be narrowed by. */
  read(text: string): Spelling[] | undefined {
    return this.#checked(parseScopes(text));
  }

  /** The scopes that a credential may ask for: `apiv2` may stand beside others. */
  readCeiling(text: string): Spelling[] | undefined {
    return this.#checked(parseCeiling(text));
  }

  #checked(scopes: Spelling[] | undefined): Spelling[] | undefined {
    return scopes?.every((each) => each.kind !== 'smart' || this.#search(each.type, each.query) !== undefined)
      ? scopes
      : undefined;
  }

  /** Those of the scopes that a ceiling allows wholly. `pinned`: both are confined to one patient. */
  within(asked: readonly Spelling[], ceiling: readonly Spelling[], pinned: boolean): Spelling[] {
    return allowed(asked, ceiling, this.#covering(pinned));
  }

  /**
   * What was granted, as far as the ceiling and the organization's policy go: the intersection of all, by SMART section
   * 3. Without a grant it is the ceiling itself, as far as the policy goes.
   */
  effective({ ceiling, policy, patient }: Limits, granted?: readonly Spelling[]): Spelling[] {
    const covering = this.#covering(patient !== undefined);
    const limit = this.readCeiling(ceiling) ?? [];
    const left = granted ? intersect(granted, limit, covering) : limit;
    if (policy === undefined) return left;
    const most = this.readCeiling(policy) ?? [];
    // It is about data: who a user is, and in which context, is none.
    return left.flatMap((each) => (isAboutUser(each) ? [each] : intersect([each], most, covering)));
  }

  #covering(pinned: boolean): Covering {
    return { pinned, named: this.#named };
  }

  /** What is left of the scopes under a limit: those of them that it allows, and of wider ones as much as it allows. */
  under(limit: readonly Spelling[], asked: readonly Spelling[], pinned = false): Spelling[] {
    const left = intersect(asked, limit, this.#covering(pinned));
    // What has no text of its own cannot be shown to the user who is asked.
    return left.filter((each) => each.kind !== 'part' && this.#checked([each]) !== undefined);
  }

  grants(scopes: readonly Spelling[]): Grant[] {
    return scopes.flatMap((each) => this.#grantsOf(each));
  }

  /** What the discovery documents name. `letters` are the operations that are served. */
  supported(letters: string): string[] {
    const types = ['*', ...this.registry.types];
    const levels = ['patient', 'user', 'system'].flatMap((level) => types.map((type) => `${level}/${type}.${letters}`));
    return [ALL, ...contextScopes, ...levels, ...nativeScopeTexts];
  }

  #grantsOf(scope: Spelling): Grant[] {
    return rightsOf(scope).flatMap(({ level, type, operations, query, native }) => {
      const where = this.#search(type, query);
      // What cannot be narrowed as it says opens nothing.
      if (where === undefined) return [];
      return [{ level, type, operations, ...(where && { where }), ...(native !== undefined && { native }) }];
    });
  }

  /** The search that a scope narrows by; null for none, undefined where its type does not take it. */
  #search(type: string, query: readonly QueryPair[]): SearchRequest | null | undefined {
    if (query.length === 0) return null;
    const resource = this.registry.get(type);
    if (!resource || !query.every(([param]) => resource.granularScopes.includes(param))) return undefined;
    const pairs = query.map(([param, values]) => [param, values.map(escape).join(',')] as const);
    try {
      // A scope that leaves something out would open too much: it is never lenient.
      return parse(resource, pairs, { registry: this.registry, base: this.base, handling: 'strict', now: 0 });
    } catch (error) {
      if (error instanceof OutcomeError) return undefined;
      throw error;
    }
  }
}

const isAboutUser = ({ kind, text }: Spelling): boolean => kind === 'context' && text !== ACT_AS_USER;

const escape = (value: string): string => value.replaceAll('$', '\\$');
