import type { FhirRequest } from '../../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../../outcome.js';
import type { Pairs } from '../../search/options.js';
import type { Sent } from '../../store/draft.js';
import { parsed } from '../sent.js';

type Members = Readonly<Record<string, unknown>>;

/** What an operation was given: by its URL, by a Parameters resource, or by both. */
export interface Input {
  /** The values as a URL has them. */
  readonly pairs: Pairs;
  /** The resource: of a parameter of this name, or the body itself. */
  readonly resource: Sent | undefined;
}

/** https://hl7.org/fhir/R4/operations.html#request */
export function inputOf(request: FhirRequest): Input {
  const { params, body, method } = request;
  if (method !== 'POST' || body === undefined) return { pairs: params, resource: undefined };
  const { value, literals } = parsed(body);
  if (value === undefined) return { pairs: params, resource: undefined };
  if (!isObject(value) || typeof value['resourceType'] !== 'string')
    throw new OutcomeError(400, 'invalid-resource', 'The body is no resource: an operation takes Parameters');
  if (value['resourceType'] !== 'Parameters') return { pairs: params, resource: { resource: value, literals } };
  const { parameter = [] } = value;
  if (!Array.isArray(parameter)) throw unreadable('Parameters.parameter');
  const pairs: [string, string][] = [];
  let resource: Sent | undefined;
  for (const [index, each] of (parameter as unknown[]).entries()) {
    const path = `Parameters.parameter[${String(index)}]`;
    if (!isObject(each) || typeof each['name'] !== 'string') throw unreadable(path);
    const { name, resource: given } = each;
    if (given === undefined) {
      pairs.push([name, textOf(each, path)]);
      continue;
    }
    if (name !== 'resource' || resource || !isObject(given)) throw unreadable(path);
    const prefix = `parameter.${String(index)}.resource.`;
    const own = literals.filter(([at]) => at.startsWith(prefix));
    resource = { resource: given, literals: own.map(([at, text]) => [at.slice(prefix.length), text]) };
  }
  return { pairs: [...params, ...pairs], resource };
}

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const unreadable = (path: string): OutcomeError =>
  new OutcomeError(400, 'invalid-resource', 'It is no parameter that the operation takes', { expression: [path] });

/** A value as it stands in a URL: https://hl7.org/fhir/R4/operations.html#request */
function textOf(parameter: Members, path: string): string {
  const values = Object.entries(parameter).filter(([member]) => member.startsWith('value'));
  const [first, more] = values;
  if (!first || more) throw unreadable(path);
  const [, value] = first;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!isObject(value)) throw unreadable(path);
  const { system, code, value: identified, reference, coding } = value;
  if (Array.isArray(coding)) return coding.map((each) => token(isObject(each) ? each : {}, path)).join(',');
  if (typeof reference === 'string') return reference;
  return token({ system, code: code ?? identified }, path);
}

function token({ system, code }: Members, path: string): string {
  if (typeof code !== 'string' || (system !== undefined && typeof system !== 'string')) throw unreadable(path);
  return system === undefined ? escaped(code) : `${escaped(system)}|${escaped(code)}`;
}

/** https://hl7.org/fhir/R4/search.html#escaping */
export const escaped = (text: string): string => text.replace(/[\\,|$]/g, (each) => `\\${each}`);

/** The values of parameters that an operation knows. Errors: 400 for another one, and for a second value of one. */
export function valuesOf<const N extends string>(
  pairs: Pairs,
  known: readonly N[],
  several: readonly NoInfer<N>[] = [],
): (name: N) => readonly string[] {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    if (!known.some((each) => each === name))
      throw new OutcomeError(400, 'unsupported-parameter', `The operation takes the parameters ${known.join(', ')}`);
    if (value !== '') values.set(name, [...(values.get(name) ?? []), value]);
  }
  for (const [name, { length }] of values)
    if (length > 1 && !several.some((each) => each === name)) throw invalidParameter(`${name} is given more than once`);
  return (name) => values.get(name) ?? [];
}
