import type { SearchRequest } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Registry } from '../registry.js';
import { parse } from '../search/parse.js';
import { allowed } from './covers.js';
import { meet } from './meet.js';
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

const everything: ReadonlySet<Operation> = new Set(['c', 'r', 'u', 'd', 's']);
const reading: ReadonlySet<Operation> = new Set(['r', 's']);
const writing: ReadonlySet<Operation> = new Set(['c', 'u', 'd']);

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

  /** Those of the scopes that a ceiling allows. `pinned`: both are confined to one patient. */
  within(asked: readonly Spelling[], ceiling: readonly Spelling[], pinned: boolean): Spelling[] {
    return allowed(asked, ceiling, { pinned, named: this.#named });
  }

  /** Those that an organization's policy leaves. It is about data: who a user is, and in which context, is none. */
  withinPolicy(asked: readonly Spelling[], policy: string | undefined, pinned: boolean): readonly Spelling[] {
    if (policy === undefined) return asked;
    const left = new Set(this.within(asked, this.readCeiling(policy) ?? [], pinned));
    return asked.filter((each) => left.has(each) || (each.kind === 'context' && each.text !== ACT_AS_USER));
  }

  /** What is left of the scopes under a limit: those of them that it allows, and of wider ones as much as it allows. */
  under(limit: readonly Spelling[], asked: readonly Spelling[], pinned = false): Spelling[] {
    const covering = { pinned, named: this.#named };
    const found = new Map<string, Spelling>();
    for (const each of asked)
      for (const most of limit) {
        const left = meet(each, most, covering);
        if (left && this.#checked([left])) found.set(left.text, left);
      }
    return [...found.values()];
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
    switch (scope.kind) {
      case 'all':
        return [{ level: 'system', type: '*', operations: everything }];
      case 'context':
        return [];
      case 'native':
        return scope.governs.map((type) => ({
          level: 'system',
          type,
          operations: scope.permission === 'read' ? reading : writing,
          native: scope.name,
        }));
      case 'smart': {
        const { level, type, operations, query } = scope;
        const where = this.#search(type, query);
        // What cannot be narrowed as it says opens nothing.
        if (where === undefined) return [];
        return [{ level, type, operations, ...(where && { where }) }];
      }
    }
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

const escape = (value: string): string => value.replaceAll('$', '\\$');
