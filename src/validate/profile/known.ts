import type { CodeSystem, StructureDefinition, ValueSet } from '@medplum/fhirtypes';
import { publishedVocabulary } from '../definitions.js';
import { grammars } from '../grammars.js';
import { addTo, expand, type Codes, type Lookup, type Vocabulary } from '../vocabulary.js';
import { treeOf, type Node } from './snapshot.js';

export interface Profile {
  readonly url: string;
  readonly type: string;
  /** Undefined where the snapshot cannot be read. */
  readonly tree: () => Node | undefined;
}

/** Profiles that are enforced where a resource claims them, and the codes that they are bound to. */
export interface KnownProfiles {
  /** By canonical URL, without its version. */
  get(url: string): Profile | undefined;
  has(url: string): boolean;
  /** The codes of a value set; undefined where what is here does not say them all. */
  codesOf(valueSet: string): Codes | undefined;
}

/** What is taken of a package. */
export type Conformance = StructureDefinition | ValueSet | CodeSystem;

/** Collects what packages say. */
export class Packages implements KnownProfiles {
  readonly #profiles = new Map<string, Profile>();
  readonly #own: Vocabulary = { valueSets: {}, codeSystems: {} };
  readonly #codes = new Map<string, Codes | undefined>();

  constructor(resources: Iterable<Conformance> = []) {
    for (const resource of resources) this.add(resource);
  }

  /** Whether it says something that is enforced. */
  add(resource: Conformance): boolean {
    if (resource.resourceType !== 'StructureDefinition') {
      addTo(this.#own, resource);
      return true;
    }
    const { url, type, derivation, snapshot } = resource;
    if (derivation !== 'constraint' || !snapshot) return false;
    let tree: Node | undefined;
    let definition: StructureDefinition | undefined = resource;
    this.#profiles.set(url, {
      ...{ url, type },
      tree: () => {
        if (definition) tree = read(definition);
        definition = undefined;
        return tree;
      },
    });
    return true;
  }

  get(url: string): Profile | undefined {
    return this.#profiles.get(url);
  }

  has(url: string): boolean {
    return this.#profiles.has(url);
  }

  codesOf(valueSet: string): Codes | undefined {
    if (!this.#codes.has(valueSet)) this.#codes.set(valueSet, expand(this.#lookup, valueSet));
    return this.#codes.get(valueSet);
  }

  readonly #lookup: Lookup = {
    valueSet: (url) => own(this.#own.valueSets, url) ?? own(publishedVocabulary().valueSets, url),
    system: (url) =>
      own(this.#own.codeSystems, url) ?? grammars.get(url) ?? own(publishedVocabulary().codeSystems, url),
  };
}

const own = <T>(table: Readonly<Record<string, T>>, url: string): T | undefined =>
  Object.hasOwn(table, url) ? table[url] : undefined;

function read(definition: StructureDefinition): Node | undefined {
  try {
    return treeOf(definition);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
