import type { Narrowing } from '../define/request.js';
import type { RegisteredResource, Registry } from '../registry.js';

/** The parameters of a search, in the order of the request. */
export type Pairs = readonly (readonly [name: string, value: string])[];

export interface ParseOptions {
  readonly registry: Registry;
  readonly base: string;
  /** Lenient handling leaves out what it does not know, and says so. */
  readonly handling: 'strict' | 'lenient';
  readonly now: number;
  /**
   * What the search may see of another type that it asks of. Throws where the scopes open nothing of it; without it, no
   * other type can be asked of.
   */
  readonly reach?: (resource: RegisteredResource) => Narrowing;
}
