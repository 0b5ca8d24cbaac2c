import { OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource, StructureDefinition } from '@medplum/fhirtypes';
import type { Issue } from '../outcome.js';
import { impliedVitalSigns, vitalSignIssues, vitalSignOf } from './vital-signs.js';
import { loadDataTypes, resourceNames, typeDefinition } from './definitions.js';

/** Profiles that are enforced where a resource claims them, by canonical URL. */
export type Profiles = ReadonlyMap<string, StructureDefinition>;

/**
 * What a resource lacks of the profiles that it must meet: those that it claims, as far as they are known, those that its
 * codes imply, and those that are asked for.
 */
export function profileIssues(resource: Members, profiles: Profiles, also: readonly string[]): Issue[] {
  const urls = new Set([...claimsOf(resource['meta']), ...also.map(withoutVersion)]);
  const signs = new Set(impliedVitalSigns(resource));
  const others: StructureDefinition[] = [];
  for (const url of urls) {
    const [sign, profile] = [vitalSignOf(url), profiles.get(url)];
    if (sign) signs.add(sign);
    else if (profile) others.push(profile);
  }
  return [
    ...[...signs].flatMap((sign) => vitalSignIssues(resource, sign)),
    ...others.flatMap((profile) => byLibrary(resource as unknown as Resource, profile)),
  ];
}

/** The type that a profile is of; undefined for one that is not known. */
export function typeOfProfile(profiles: Profiles, canonical: string): string | undefined {
  const url = withoutVersion(canonical);
  return vitalSignOf(url) ? 'Observation' : profiles.get(url)?.type;
}

type Members = Readonly<Record<string, unknown>>;

const withoutVersion = (canonical: string): string => canonical.split('|')[0] as string;

function claimsOf(meta: unknown): string[] {
  const profile = (meta as { profile?: unknown } | undefined)?.profile;
  return Array.isArray(profile) ? profile.filter((url) => typeof url === 'string').map(withoutVersion) : [];
}

function byLibrary(resource: Resource, profile: StructureDefinition): Issue[] {
  // The library knows what has been loaded alone.
  loadDataTypes();
  loadTypesIn(resource);
  let found: readonly OperationOutcomeIssue[];
  try {
    found = validateResource(resource, { profile: readable(profile) });
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) return [unreadable(resource)];
    found = error.outcome.issue;
  }
  return found.flatMap((each) => judged(each, resource.resourceType) ?? []);
}

const prepared = new WeakMap<StructureDefinition, StructureDefinition>();

/** The library takes the slices of an element along to those that have its content: these are of the type as R4 has it. */
function readable(profile: StructureDefinition): StructureDefinition {
  let found = prepared.get(profile);
  if (!found) {
    const element = profile.snapshot?.element.map((each) => {
      const { contentReference, ...rest } = each;
      const path = contentReference?.split('#')[1];
      if (path === undefined) return each;
      const code = path.replace(/(?:^|\.)(\w)/g, (_, letter: string) => letter.toUpperCase());
      return { ...rest, type: [{ code }] };
    });
    found = element ? { ...profile, snapshot: { element } } : profile;
    prepared.set(profile, found);
  }
  return found;
}

/** A profile that cannot be read refuses nobody; who asks whether a resource is valid is told. */
const unreadable = ({ resourceType }: Resource): Issue => ({
  ...{ severity: 'warning', code: 'not-supported', text: 'A profile of the resource cannot be checked here' },
  expression: [resourceType],
});

/** The definitions of every resource within: contained, in a Bundle, in Parameters. */
function loadTypesIn(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const { resourceType } = value as { resourceType?: unknown };
  if (typeof resourceType === 'string') typeDefinition(resourceType);
  for (const inner of Object.values(value)) loadTypesIn(inner);
}

/** An issue of the library in our words, and with our severity; undefined for what is none. */
function judged({ severity, code, details, expression }: OperationOutcomeIssue, type: string): Issue | undefined {
  const text = details?.text ?? 'The resource is not valid';
  const target = /^Invalid reference: got "([^"]*)"/.exec(text)?.[1];
  // It reads the type off the first segment, which in a URL to elsewhere is none.
  if (target !== undefined && !resourceNames().has(target)) return undefined;
  // It only warns of these: but a choice has one type, and a reference its targets.
  const isError = target !== undefined || text.startsWith('Conflicting choice of type');
  return {
    severity: isError ? 'error' : severity,
    code,
    text: text.replace(/got "[^"]*", expected/, 'expected'),
    ...(expression && { expression: expression.map((path) => rooted(path, type)) }),
  };
}

const rooted = (path: string, type: string): string => (path.startsWith(type) ? path : `${type}.${path}`);
