import type { Issue } from '../outcome.js';
import { resourceNames } from './definitions.js';
import type { Depth } from './profile/check.js';
import { NO_PROFILES, profileIssues, type Profiles } from './profiles.js';
import { walk } from './walk.js';

export { NO_PROFILES, typeOfProfile, type Profiles } from './profiles.js';

/**
 * Whether a resource is R4: structure, cardinality, primitive types, required bindings and invariants; and, if it is, what
 * it lacks of its profiles. Issues of severity error mean that it must not be stored; none quotes a value.
 */
export function validate(
  resource: unknown,
  profiles: Profiles = NO_PROFILES,
  also: readonly string[] = [],
  depth: Depth = 'errors',
): Issue[] {
  const { base, profile } = validateApart(resource, profiles, also, depth);
  return [...base, ...profile];
}

/** The same, with what is wrong of a profile apart. What is no R4 at all is not asked whether it is more than that. */
export function validateApart(
  resource: unknown,
  profiles: Profiles,
  also: readonly string[] = [],
  depth: Depth = 'errors',
): { readonly base: readonly Issue[]; readonly profile: readonly Issue[] } {
  const base = baseIssues(resource);
  const members = resource as Readonly<Record<string, unknown>>;
  return { base, profile: isValid(base) ? profileIssues(members, profiles, also, depth) : [] };
}

function baseIssues(resource: unknown): Issue[] {
  if (typeof resource !== 'object' || resource === null || Array.isArray(resource))
    return [{ severity: 'error', code: 'structure', text: 'A FHIR resource is a JSON object' }];
  const { resourceType } = resource as { resourceType?: unknown };
  if (typeof resourceType !== 'string' || !resourceNames().has(resourceType))
    return [{ severity: 'error', code: 'structure', text: 'resourceType is not a resource type of R4' }];
  return walk(resource as Readonly<Record<string, unknown>>, resourceType);
}

export const isValid = (issues: readonly Issue[]): boolean =>
  issues.every(({ severity }) => severity !== 'error' && severity !== 'fatal');
