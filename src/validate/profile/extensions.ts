import type { Issue } from '../../outcome.js';
import { isObject } from '../fhirpath/values.js';
import { check, type Depth } from './check.js';
import type { KnownProfiles } from './known.js';

/**
 * What the extensions of a resource lack of their definitions, wherever they stand: the URL of one names its definition
 * (https://hl7.org/fhir/R4/extensibility.html#Extension), whatever profile the resource claims.
 */
export function extensionIssues(resource: object, path: string, profiles: KnownProfiles, depth: Depth): Issue[] {
  const issues: Issue[] = [];
  const go = (value: unknown, at: string, within: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const owner = isObject(value) && 'resourceType' in value ? value : within;
    for (const [name, inner] of Object.entries(value)) {
      const bare = `${at}.${name.startsWith('_') ? name.slice(1) : name}`;
      if (!Array.isArray(inner)) {
        go(inner, bare, owner);
        continue;
      }
      for (const [index, each] of (inner as unknown[]).entries()) {
        const place = `${bare}[${String(index)}]`;
        if (name === 'extension' || name === 'modifierExtension')
          issues.push(...issuesOf(each, { place, name }, { resource: owner, root: resource }, profiles, depth));
        go(each, place, owner);
      }
    }
  };
  go(resource, path, resource);
  return issues;
}

function issuesOf(
  value: unknown,
  { place, name }: { readonly place: string; readonly name: string },
  scope: { readonly resource: unknown; readonly root: unknown },
  profiles: KnownProfiles,
  depth: Depth,
): Issue[] {
  const profile = isObject(value) && typeof value['url'] === 'string' ? profiles.get(value['url']) : undefined;
  if (profile?.type !== 'Extension') return [];
  const tree = profile.tree();
  if (!tree) return [];
  const issues = check({ value, beside: undefined, path: place, type: undefined }, tree, scope, profiles, depth);
  if (tree.isModifier === (name === 'modifierExtension')) return issues;
  const text = tree.isModifier
    ? 'The extension is one that modifies, and stands as modifierExtension'
    : 'The extension is none that modifies, and stands as extension';
  return [...issues, { severity: 'error', code: 'structure', text, expression: [place] }];
}
