import type { Issue } from '../../outcome.js';
import type { Codes } from '../vocabulary.js';
import type { Depth } from './check.js';
import type { Node } from './snapshot.js';

type Members = Readonly<Record<string, unknown>>;

/** Types that can be bound to a value set: https://hl7.org/fhir/R4/terminologies.html#binding */
const coded: ReadonlySet<string> = new Set(['code', 'string', 'uri', 'Coding', 'CodeableConcept', 'Quantity']);

/** The codes that a value has, each with its system. */
function codingsOf(value: unknown): readonly { readonly system?: unknown; readonly code?: unknown }[] {
  const { coding } = value as { coding?: unknown };
  return Array.isArray(coding) ? (coding as Members[]) : [value as Members];
}

/** Whether a value says a code at all: a text alone, or an amount without a unit, does not. */
export const isCoded = (value: unknown): boolean =>
  typeof value === 'string' || codingsOf(value).some(({ code }) => typeof code === 'string');

/** An extension says why there is no code. */
export const isExcused = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).every((name) => /^(extension|id)$/.test(name));

/** One code of the value is of the value set. */
export function isOf(codes: Codes, value: unknown): boolean {
  if (typeof value !== 'string')
    return codingsOf(value).some(({ system, code }) => codes.get(system as string)?.has(code as string) ?? false);
  for (const each of codes.values()) if (each.has(value)) return true;
  return false;
}

/** What a value lacks of its binding; of what cannot be told, who asks for everything is told. */
export function bindingIssue(
  node: Node,
  value: unknown,
  type: string,
  known: { codesOf(valueSet: string): Codes | undefined },
  depth: Depth,
): Issue | undefined {
  const { binding } = node;
  if (!binding || !coded.has(type) || isExcused(value)) return undefined;
  const { strength, most } = binding;
  const isRequired = strength === 'required';
  const must = isRequired ? binding.valueSet : most;
  if (must !== undefined && (isRequired || isCoded(value))) {
    const codes = known.codesOf(must);
    if (codes && !isOf(codes, value) && !isFixedBeside(codes, node))
      return { severity: 'error', code: 'code-invalid', text: isRequired ? NOT_REQUIRED : NOT_MOST };
    if (!codes && depth === 'everything')
      return { severity: 'information', code: 'not-supported', text: `${UNKNOWN}: ${must}` };
  }
  if (depth === 'errors' || strength !== 'extensible' || !isCoded(value)) return undefined;
  const codes = known.codesOf(binding.valueSet);
  if (!codes || isOf(codes, value)) return undefined;
  return { severity: 'warning', code: 'code-invalid', text: `${NOT_EXTENSIBLE}: ${binding.valueSet}` };
}

/** A profile that fixes a code which its own value set does not have means that code: the oxygen flow of US Core 3.1.1. */
function isFixedBeside(codes: Codes, { children }: Node): boolean {
  const code = children.get('code')?.fixed;
  return typeof code === 'string' && !isOf(codes, code);
}

const NOT_REQUIRED = 'The code is not one of the value set that the profile requires here';
const NOT_MOST = 'The code is not one of the value set that is the most that the profile allows here';
const NOT_EXTENSIBLE = 'The code is not one of the value set, which has to be used where it has the concept';
const UNKNOWN = 'The codes of the value set are not all known here, so that the code was not checked';
