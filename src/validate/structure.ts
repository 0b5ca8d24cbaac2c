import { OperationOutcomeError, validateResource } from '@medplum/core';
import type { OperationOutcomeIssue, Resource, StructureDefinition } from '@medplum/fhirtypes';
import type { Issue } from '../outcome.js';
import { loadDataTypes, resourceNames, typeDefinition } from './definitions.js';
import { checkPrimitives } from './primitives.js';

/** Profiles that are enforced where a resource claims them, by canonical URL. */
export type Profiles = ReadonlyMap<string, StructureDefinition>;

/**
 * Whether a resource is R4: structure, cardinality, primitive types, and the profiles that it claims and that are
 * known. Issues of severity error mean that it must not be stored; none quotes a value.
 */
export function validate(
  resource: unknown,
  profiles: Profiles = new Map(),
  also: readonly StructureDefinition[] = [],
): Issue[] {
  if (typeof resource !== 'object' || resource === null || Array.isArray(resource))
    return [{ severity: 'error', code: 'structure', text: 'A FHIR resource is a JSON object' }];
  const { resourceType, meta } = resource as { resourceType?: unknown; meta?: unknown };
  if (typeof resourceType !== 'string' || !resourceNames().has(resourceType))
    return [{ severity: 'error', code: 'structure', text: 'resourceType is not a resource type of R4' }];
  loadDataTypes();
  loadTypesIn(resource);
  const claimed = claimsOf(meta)
    .map((url) => profiles.get(url))
    .filter((profile) => profile !== undefined);
  const asked = new Set([...claimed, ...also]);
  return [
    ...checkPrimitives(resource as Readonly<Record<string, unknown>>),
    ...structure(resource as Resource),
    ...[...asked].flatMap((profile) => structure(resource as Resource, profile)),
  ];
}

export const isValid = (issues: readonly Issue[]): boolean =>
  issues.every(({ severity }) => severity !== 'error' && severity !== 'fatal');

/** The definitions of every resource within: contained, in a Bundle, in Parameters. */
function loadTypesIn(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const { resourceType } = value as { resourceType?: unknown };
  if (typeof resourceType === 'string') typeDefinition(resourceType);
  for (const inner of Object.values(value)) loadTypesIn(inner);
}

function claimsOf(meta: unknown): string[] {
  const profile = (meta as { profile?: unknown } | undefined)?.profile;
  return Array.isArray(profile)
    ? profile.filter((url) => typeof url === 'string').map((url) => url.split('|')[0] as string)
    : [];
}

function structure(resource: Resource, profile?: StructureDefinition): Issue[] {
  let found: readonly OperationOutcomeIssue[];
  try {
    found = validateResource(resource, profile && { profile });
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    found = error.outcome.issue;
  }
  return found.flatMap((each) => judged(each, resource.resourceType) ?? []);
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
