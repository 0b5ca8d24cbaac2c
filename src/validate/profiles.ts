import type { Issue } from '../outcome.js';
import { isObject } from './fhirpath/values.js';
import { check, type Depth } from './profile/check.js';
import { extensionIssues } from './profile/extensions.js';
import { Packages, type KnownProfiles } from './profile/known.js';
import { impliedVitalSigns, vitalSignIssues, vitalSignOf } from './vital-signs.js';
import { withoutVersion } from './vocabulary.js';

export type Profiles = KnownProfiles;

export const NO_PROFILES: Profiles = new Packages();

/**
 * What a resource lacks of the profiles that it must meet: those that it claims, as far as they are known, those that its
 * codes imply, and those that are asked for; and what its extensions lack of their definitions.
 */
export function profileIssues(
  resource: Members,
  profiles: Profiles,
  also: readonly string[],
  depth: Depth,
): readonly Issue[] {
  const path = resource['resourceType'] as string;
  const issues = issuesOf(resource, { path, root: resource, also }, profiles, depth);
  const { contained = [] } = resource as { contained?: readonly Members[] };
  for (const [index, each] of contained.entries()) {
    const at = `${path}.contained[${String(index)}]`;
    issues.push(...issuesOf(each, { path: at, root: resource, also: [] }, profiles, depth));
  }
  if (profiles !== NO_PROFILES) issues.push(...extensionIssues(resource, path, profiles, depth));
  return issues;
}

/** The type that a profile is of; undefined for one that is not known. */
export function typeOfProfile(profiles: Profiles, canonical: string): string | undefined {
  const url = withoutVersion(canonical);
  return vitalSignOf(url) ? 'Observation' : profiles.get(url)?.type;
}

type Members = Readonly<Record<string, unknown>>;

interface Place {
  readonly path: string;
  readonly root: unknown;
  readonly also: readonly string[];
}

function issuesOf(resource: Members, { path, root, also }: Place, profiles: Profiles, depth: Depth): Issue[] {
  const claims = claimsOf(resource['meta']);
  const urls = new Set([...claims, ...also.map(withoutVersion)]);
  const signs = new Set(impliedVitalSigns(resource));
  const issues: Issue[] = [];
  for (const url of urls) {
    const [sign, profile] = [vitalSignOf(url), profiles.get(url)];
    if (sign) signs.add(sign);
    else if (profile && profile.type !== resource['resourceType'])
      issues.push(misplaced(claimAt(path, claims.indexOf(url))));
    else if (profile) {
      const tree = profile.tree();
      const value = { value: resource, beside: undefined, path, type: undefined };
      issues.push(...(tree ? check(value, tree, { resource, root }, profiles, depth) : [unreadable(path)]));
    } else if (depth === 'everything' && !isOfR4(url, resource))
      issues.push(unknown(claimAt(path, claims.indexOf(url))));
  }
  for (const sign of signs) issues.push(...vitalSignIssues(resource, sign, path));
  return issues;
}

function claimsOf(meta: unknown): string[] {
  const profile = isObject(meta) ? meta['profile'] : undefined;
  return Array.isArray(profile) ? profile.filter((url) => typeof url === 'string').map(withoutVersion) : [];
}

const isOfR4 = (url: string, { resourceType }: Members): boolean =>
  url === `http://hl7.org/fhir/StructureDefinition/${String(resourceType)}`;

/** A profile that cannot be read refuses nobody; who asks whether a resource is valid is told. */
const unreadable = (path: string): Issue => ({
  ...{ severity: 'warning', code: 'not-supported', text: 'A profile of the resource cannot be checked here' },
  expression: [path],
});

const claimAt = (path: string, index: number): string => `${path}.meta.profile[${String(index)}]`;

const misplaced = (at: string): Issue => ({
  ...{ severity: 'error', code: 'structure', text: 'A profile that the resource claims is of another type' },
  expression: [at],
});

const unknown = (at: string): Issue => ({
  ...{ severity: 'information', code: 'not-found', text: 'A profile that the resource claims is not known here' },
  expression: [at],
});
