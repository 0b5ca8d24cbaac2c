import type { CodeSystem, CodeSystemConcept, ValueSet, ValueSetComposeInclude } from '@medplum/fhirtypes';

/** Value sets and code systems as far as their codes are said, without their prose. */
export interface Vocabulary {
  readonly valueSets: Record<string, { readonly include: readonly Part[]; readonly exclude: readonly Part[] }>;
  readonly codeSystems: Record<string, readonly Concept[]>;
}

/** What a value set takes in or leaves out: https://hl7.org/fhir/R4/valueset.html#composition */
interface Part {
  readonly system?: string;
  readonly codes?: readonly string[];
  readonly valueSets?: readonly string[];
  /** Of a code and all below it. */
  readonly isA?: string;
  /** Another rule than those above: its codes are not known here. */
  readonly isRuled?: true;
}

interface Concept {
  readonly code: string;
  readonly concept?: readonly Concept[];
}

/** The codes of one system: said one by one, or by what they look like. */
export type SystemCodes = Pick<ReadonlySet<string>, 'has'>;

/** The codes of a value set, by their system. */
export type Codes = ReadonlyMap<string, SystemCodes>;

export function addTo({ valueSets, codeSystems }: Vocabulary, resource: ValueSet | CodeSystem): void {
  const { url } = resource;
  if (url === undefined) return;
  if (resource.resourceType === 'CodeSystem') {
    // A fragment, an example or a supplement does not say every code.
    if (resource.content === 'complete') codeSystems[url] = (resource.concept ?? []).map(bare);
  } else if (resource.compose)
    valueSets[url] = {
      include: resource.compose.include.map(partOf),
      exclude: (resource.compose.exclude ?? []).map(partOf),
    };
}

const bare = ({ code, concept }: CodeSystemConcept): Concept =>
  concept ? { code, concept: concept.map(bare) } : { code };

function partOf({ system, concept, filter, valueSet }: ValueSetComposeInclude): Part {
  const [first, more] = filter ?? [];
  const isA = first?.op === 'is-a' && first.property === 'concept' && !more ? first.value : undefined;
  return {
    ...(system !== undefined && { system }),
    ...(concept && { codes: concept.map(({ code }) => code) }),
    ...(valueSet && { valueSets: valueSet.map(withoutVersion) }),
    ...(isA !== undefined && { isA }),
    ...(first && isA === undefined && { isRuled: true }),
  };
}

export const withoutVersion = (canonical: string): string => canonical.split('|')[0] as string;

/** What is known of value sets and code systems: those of one vocabulary before those of the next. */
export interface Lookup {
  valueSet(url: string): Vocabulary['valueSets'][string] | undefined;
  /** Every code of the system; undefined where they are not known. */
  system(url: string): readonly Concept[] | SystemCodes | undefined;
}

/** The codes of a value set; undefined where what is known does not say them all. */
export function expand(lookup: Lookup, url: string, within: readonly string[] = []): Codes | undefined {
  const valueSet = within.includes(url) ? undefined : lookup.valueSet(url);
  if (!valueSet) return undefined;
  const found = new Map<string, SystemCodes>();
  for (const part of valueSet.include) {
    const codes = codesOfPart(lookup, part, [...within, url]);
    if (!codes) return undefined;
    for (const [system, more] of codes) found.set(system, union(found.get(system), more));
  }
  for (const part of valueSet.exclude) {
    const codes = codesOfPart(lookup, part, [...within, url]);
    if (!codes) return undefined;
    for (const [system, less] of codes) {
      const known = found.get(system);
      if (known) found.set(system, meet(known, { has: (code) => !less.has(code) }));
    }
  }
  return found;
}

/** In one part, everything that it says holds at once. */
function codesOfPart(lookup: Lookup, part: Part, within: readonly string[]): Codes | undefined {
  const { system, valueSets = [] } = part;
  let found: Codes | undefined;
  if (system !== undefined) {
    const codes = codesOfSystem(lookup, system, part);
    if (!codes) return undefined;
    found = new Map([[system, codes]]);
  }
  for (const url of valueSets) {
    const theirs = expand(lookup, url, within);
    if (!theirs) return undefined;
    found = found ? both(found, theirs) : theirs;
  }
  return found;
}

function codesOfSystem(lookup: Lookup, system: string, { codes, isA, isRuled }: Part): SystemCodes | undefined {
  if (isRuled) return undefined;
  if (codes && isA === undefined) return new Set(codes);
  const whole = lookup.system(system);
  if (!whole) return undefined;
  const isListed = Array.isArray(whole);
  if (isA === undefined) return isListed ? new Set(codesIn(whole as Concept[])) : (whole as SystemCodes);
  const top = isListed ? conceptOf(whole as Concept[], isA) : undefined;
  const below = top && new Set(codesIn([top]));
  return below && codes ? meet(new Set(codes), below) : below;
}

const codesIn = (concepts: readonly Concept[]): string[] =>
  concepts.flatMap(({ code, concept = [] }) => [code, ...codesIn(concept)]);

function conceptOf(concepts: readonly Concept[], code: string): Concept | undefined {
  for (const each of concepts) {
    const found = each.code === code ? each : conceptOf(each.concept ?? [], code);
    if (found) return found;
  }
  return undefined;
}

const both = (one: Codes, other: Codes): Codes =>
  new Map(
    [...one].flatMap(([system, codes]) => {
      const theirs = other.get(system);
      return theirs ? [[system, meet(codes, theirs)] as const] : [];
    }),
  );

function union(one: SystemCodes | undefined, other: SystemCodes): SystemCodes {
  if (!one) return other;
  if (one instanceof Set && other instanceof Set) return new Set<string>([...one, ...other]);
  return { has: (code) => one.has(code) || other.has(code) };
}

function meet(one: SystemCodes, other: SystemCodes): SystemCodes {
  if (one instanceof Set) return new Set([...(one as Set<string>)].filter((code) => other.has(code)));
  return { has: (code) => one.has(code) && other.has(code) };
}
