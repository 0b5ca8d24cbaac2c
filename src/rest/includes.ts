import { tryNarrow, type Access } from '../access/narrow.js';
import type { Include, SearchRequest } from '../define/request.js';
import type { RegisteredResource } from '../registry.js';
import type { Entry } from '../store/render.js';
import type { Facade } from './facade.js';

/** More included resources than these in one page are cut off, and the bundle says so. */
const MAX_INCLUDED = 1000;
/** How often `:iterate` goes on from what was included; what would come after is cut off too. */
const MAX_ITERATIONS = 2;

export interface Included {
  readonly entries: readonly Entry[];
  readonly truncated: boolean;
}

/**
 * What `_include` and `_revinclude` add to a page of matches, each resource once. Every type is narrowed by itself: a
 * type for which the token has no scope adds nothing, and what another patient owns is not there.
 */
export async function included(
  facade: Facade,
  access: Access,
  resource: RegisteredResource,
  request: SearchRequest,
  matches: readonly Entry[],
): Promise<Included> {
  if (matches.length === 0) return { entries: [], truncated: false };
  const known = new Set(matches.map(keyOf));
  const found: Entry[] = [];
  let truncated = false;
  let from = new Map<RegisteredResource, readonly Entry[]>([[resource, matches]]);
  for (let round = 0; from.size > 0 && !truncated; round++) {
    const added: Entry[] = [];
    for (const [type, entries] of from) {
      if (truncated) break;
      for (const entry of await follow(facade, access, type, request, entries, known, round > 0)) {
        truncated ||= round > MAX_ITERATIONS || found.length >= MAX_INCLUDED;
        if (truncated) break;
        known.add(keyOf(entry));
        found.push(entry);
        added.push(entry);
      }
    }
    from = byType(facade, added);
  }
  return { entries: found, truncated };
}

/** What the includes of a search add to some resources of one type, beside what is known; too many, once they are. */
async function follow(
  facade: Facade,
  access: Access,
  resource: RegisteredResource,
  request: SearchRequest,
  entries: readonly Entry[],
  known: ReadonlySet<string>,
  again: boolean,
): Promise<Iterable<Entry>> {
  const include = request.include.filter(({ source, iterate }) => source === resource.type && (iterate || !again));
  const revInclude = request.revInclude.filter(
    ({ target, iterate }) => target === resource.type && (iterate || !again),
  );
  const found = new Map<string, Entry>();
  const add = (all: readonly Entry[]): void => {
    for (const entry of all) if (!known.has(keyOf(entry))) found.set(keyOf(entry), entry);
  };
  if (include.length > 0)
    for (const [type, ids] of await referenced(facade, access, resource, include, entries))
      add(await targets(facade, access, type, ids));
  for (const { source, param } of revInclude)
    if (found.size <= MAX_INCLUDED) add(await sources(facade, access, resource, source, param, entries));
  return found.values();
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

const keyOf = ({ type, id }: Entry): string => `${type}/${id}`;

/** The ids that the includes of a search refer to, by type. */
async function referenced(
  { rows }: Facade,
  access: Access,
  resource: RegisteredResource,
  includes: readonly Include[],
  matches: readonly Entry[],
): Promise<Map<string, Set<string>>> {
  const narrowing = tryNarrow(access, resource, ['s', 'r']);
  const byType = new Map<string, Set<string>>();
  if (!narrowing) return byType;
  const ids = matches.map(({ id }) => id);
  for (const include of includes)
    for (const literal of await rows.references(resource, include, ids, narrowing)) {
      const [type = '', id = '', more] = literal.split('/');
      if (more !== undefined || (include.target !== undefined && include.target !== type)) continue;
      byType.set(type, (byType.get(type) ?? new Set()).add(id));
    }
  return byType;
}

async function targets(
  { registry, rows }: Facade,
  access: Access,
  type: string,
  ids: ReadonlySet<string>,
): Promise<Entry[]> {
  const target = registry.get(type);
  const narrowing = target && tryNarrow(access, target, ['s', 'r']);
  return target && narrowing ? rows.readAll(target, [...ids], narrowing) : [];
}

async function sources(
  { registry, rows }: Facade,
  access: Access,
  resource: RegisteredResource,
  type: string,
  param: string,
  matches: readonly Entry[],
): Promise<Entry[]> {
  const source = registry.get(type);
  const narrowing = source && tryNarrow(access, source, ['s']);
  if (!source || !narrowing) return [];
  const literals = matches.map(({ id }) => `${resource.type}/${id}`);
  return rows.referring(source, param, literals, narrowing, MAX_INCLUDED + 1);
}
