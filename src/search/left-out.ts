import type { RegisteredResource } from '../registry.js';
import { searchDefinitionsOf } from '../validate/definitions.js';

/** Something of R4's search that is not here, and why: the one place that says so. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/** Parameters of any search (https://hl7.org/fhir/R4/search.html#all, #return): 400 wherever they are asked for. */
export const refusedParameters: Readonly<Record<string, string>> = {
  _contained: 'contained resources are found as part of the resource that contains them, never by themselves',
  _containedType: 'contained resources are found as part of the resource that contains them, never by themselves',
  _content: 'no index of whole texts is kept, and without one every row would be read',
  _filter: 'an expression may be bounded by no index; parameters, chains and _has ask for the same and are',
  _list: 'the type List is not served',
  _query: 'no named query is defined',
  _text: 'no index of narratives is kept, and without one every row would be read',
};

/** Modifiers that R4 defines and no parameter here takes, by the kinds that could (https://hl7.org/fhir/R4/search.html#modifiers). */
export const refusedModifiers: readonly (LeftOut & { readonly kinds: readonly string[] })[] = [
  { name: 'in', kinds: ['token'], why: 'value sets are expanded by a terminology server, and there is none' },
  { name: 'not-in', kinds: ['token'], why: 'value sets are expanded by a terminology server, and there is none' },
  { name: 'above', kinds: ['token'], why: 'what a code subsumes is known to a terminology server, and there is none' },
  { name: 'below', kinds: ['token'], why: 'what a code subsumes is known to a terminology server, and there is none' },
  {
    name: 'above',
    kinds: ['reference'],
    why: 'hierarchies of resources are not kept: a chain asks one step at a time',
  },
  {
    name: 'below',
    kinds: ['reference'],
    why: 'hierarchies of resources are not kept: a chain asks one step at a time',
  },
];

export const whyNoModifier = (kind: string, modifier: string): string | undefined =>
  refusedModifiers.find(({ name, kinds }) => name === modifier && kinds.includes(kind))?.why;

const reasons: Readonly<Record<string, string>> = {
  near: 'positions are kept as they were sent, without an index by distance',
  phonetic: 'no rule of sounds fits the names of all languages; names are found by their beginning, whatever accents',
};

const ofMeta = new Set(['_profile', '_security', '_source', '_tag']);

/** The published parameters of a type that it does not declare. */
export function leftOut(resource: RegisteredResource): LeftOut[] {
  return Object.keys(searchDefinitionsOf(resource.type))
    .filter((name) => !resource.params.has(name))
    .sort()
    .map((name) => ({ name, why: reasonOf(resource, name) }));
}

function reasonOf({ leftOut: why, source }: RegisteredResource, name: string): string {
  if (ofMeta.has(name) && source.extra === undefined) return 'its source keeps nothing that clients say in meta';
  return reasons[name] ?? why ?? 'its declaration names no column for it';
}

/** Each reason once, after the names that it is about. */
export function reasonsLeftOut(resource: RegisteredResource): string | undefined {
  const byReason = new Map<string, string[]>();
  for (const { name, why } of leftOut(resource)) byReason.set(why, [...(byReason.get(why) ?? []), name]);
  if (byReason.size === 0) return undefined;
  return `Left out: ${[...byReason].map(([why, names]) => `${names.join(', ')} (${why})`).join('; ')}`;
}
