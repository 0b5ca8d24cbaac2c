import { tryNarrow, type Access } from '../access/narrow.js';
import type { Include, SearchRequest } from '../define/request.js';
import type { RegisteredResource } from '../registry.js';
import { MOST_REFERENCES } from '../store/fetch.js';
import type { Entry } from '../store/render.js';
import { shorter } from '../store/shorter.js';
import type { Facade } from './facade.js';
import { Gathering, type Included } from './gathering.js';

/** How often `:iterate` goes on from what was included; what would come after is cut off too. */
const MAX_ITERATIONS = 2;
/** Resources that refer to the matches, which one parameter adds. */
const MOST_REFERRING = 1001;

/**
 * What `_include` and `_revinclude` add to a page of matches, each resource once. Every type is narrowed by itself: a
 * type for which the token has no scope adds nothing, and what another patient owns is not there. What is read is
 * bounded as what is shown is: a resource may have any number of references.
 */
export async function included(
  facade: Facade,
  access: Access,
  resource: RegisteredResource,
  request: SearchRequest,
  matches: readonly Entry[],
): Promise<Included> {
  const asks = request.include.length > 0 || request.revInclude.length > 0;
  if (!asks || matches.length === 0) return { entries: [], truncated: false };
  const gathering = new Gathering(matches, facade.rows.mostCharacters);
  let from = new Map<RegisteredResource, readonly Entry[]>([[resource, matches]]);
  for (let round = 0; from.size > 0 && !gathering.isCut(); round++) {
    const before = gathering.entries.length;
    for (const [type, entries] of from)
      if (!gathering.isCut()) await follow({ facade, access, request, gathering, round }, type, entries);
    from = byType(facade, gathering.entries.slice(before));
  }
  return { entries: gathering.entries, truncated: gathering.isCut() };
}

interface Round {
  readonly facade: Facade;
  readonly access: Access;
  readonly request: SearchRequest;
  readonly gathering: Gathering;
  readonly round: number;
}

/** Adds what the includes of a search say of some resources of one type. */
async function follow(
  { facade, access, request, gathering, round }: Round,
  resource: RegisteredResource,
  entries: readonly Entry[],
): Promise<void> {
  const applies = ({ iterate }: { readonly iterate?: boolean }): boolean => round === 0 || iterate === true;
  const include = request.include.filter((each) => each.source === resource.type && applies(each));
  const revInclude = request.revInclude.filter((each) => each.target === resource.type && applies(each));
  // What lies beyond the last round is looked at to tell whether there is any.
  const taken = (found: readonly Entry[]): readonly Entry[] => {
    if (round <= MAX_ITERATIONS) return found;
    if (found.some((each) => !gathering.has(each))) gathering.cut();
    return [];
  };
  const { byType: referred, more } = await referenced(facade, access, resource, include, entries);
  for (const [type, ids] of referred)
    await gathering.addAll(ids, async (some) => taken(await targets(facade, access, type, some)));
  if (more) gathering.cut();
  for (const { source, param } of revInclude)
    if (!gathering.isCut()) {
      const { count, found } = await sources(facade, access, resource, source, param, entries);
      gathering.add(taken(found));
      if (count < MOST_REFERRING) gathering.cut();
    }
}

function byType({ registry }: Facade, entries: readonly Entry[]): Map<RegisteredResource, Entry[]> {
  const found = new Map<RegisteredResource, Entry[]>();
  for (const entry of entries) {
    const resource = registry.get(entry.type);
    const known = resource && found.get(resource);
    if (known) known.push(entry);
    else if (resource) found.set(resource, [entry]);
  }
  return found;
}

interface Referenced {
  readonly byType: ReadonlyMap<string, ReadonlySet<string>>;
  /** There are more references than are looked at. */
  readonly more: boolean;
}

/** The ids that the includes of a search refer to, by type. */
async function referenced(
  { rows }: Facade,
  access: Access,
  resource: RegisteredResource,
  includes: readonly Include[],
  matches: readonly Entry[],
): Promise<Referenced> {
  const byType = new Map<string, Set<string>>();
  const narrowing = includes.length > 0 && tryNarrow(access, resource, ['s', 'r']);
  if (!narrowing) return { byType, more: false };
  const ids = matches.map(({ id }) => id);
  let count = 0;
  for (const include of includes) {
    const { literals, more } = await rows.references(resource, include, ids, narrowing);
    for (const literal of literals) {
      const [type = '', id = '', part] = literal.split('/');
      if (part !== undefined || (include.target !== undefined && include.target !== type)) continue;
      byType.set(type, (byType.get(type) ?? new Set()).add(id));
    }
    count += literals.length;
    if (more || count > MOST_REFERENCES) return { byType, more: true };
  }
  return { byType, more: false };
}

async function targets(
  { registry, rows }: Facade,
  access: Access,
  type: string,
  ids: readonly string[],
): Promise<readonly Entry[]> {
  const target = registry.get(type);
  const narrowing = target && tryNarrow(access, target, ['s', 'r']);
  return target && narrowing ? rows.readAll(target, ids, narrowing) : [];
}

async function sources(
  { registry, rows }: Facade,
  access: Access,
  resource: RegisteredResource,
  type: string,
  param: string,
  matches: readonly Entry[],
): Promise<{ readonly count: number; readonly found: readonly Entry[] }> {
  const source = registry.get(type);
  const narrowing = source && tryNarrow(access, source, ['s']);
  if (!source || !narrowing) return { count: MOST_REFERRING, found: [] };
  const literals = matches.map(({ id }) => `${resource.type}/${id}`);
  return shorter(MOST_REFERRING, (most) => rows.referring(source, param, literals, narrowing, most));
}
