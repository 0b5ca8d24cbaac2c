import type { Criterion, Hop, Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import { targetsOf, type RegisteredResource, type Registry } from '../registry.js';
import { joins } from './hop.js';
import type { ParseOptions } from './options.js';

/** Other resources that may lie on the way to the one whose parameter is asked. */
const MAX_DEPTH = 3;

/** `_has` that names the type and the parameter of the other resource. */
const reverse = /^_has:([A-Z][A-Za-z]{1,63}):([a-z_][\w-]{0,63}):(.+)$/;
const forward = /^([a-z_][\w-]{0,63})(?::([A-Z][A-Za-z]{1,63}))?\.(.+)$/;

/** Whether a parameter asks of another resource: `patient.name`, `_has:Observation:patient:code`. */
export const asksOfOthers = (name: string): boolean => reverse.test(name) || forward.test(name);

/**
 * Chains and reverse chains (https://hl7.org/fhir/R4/search.html#chaining, #has). `rest` reads what is asked of the
 * other resource. Errors: 400 for what cannot be asked, and 403 where no scope opens the other type.
 */
export function parseHops(
  resource: RegisteredResource,
  name: string,
  options: ParseOptions,
  depth: number,
  rest: (other: RegisteredResource, name: string) => Criterion,
): Criterion {
  if (depth >= MAX_DEPTH)
    throw new OutcomeError(400, 'too-costly', `A search asks of at most ${String(MAX_DEPTH)} resources in a row`);
  const { reach, registry } = options;
  if (!reach) throw new OutcomeError(400, 'unsupported-parameter', 'Other resources cannot be asked of here');
  const [, source, by, asked] = reverse.exec(name) ?? [];
  if (source !== undefined && by !== undefined && asked !== undefined) {
    const other = registry.get(source);
    if (!other || !referring(registry, resource).includes(`${source}:${by}`)) throw noReverse(registry, resource);
    return hop('there', by, other, () => rest(other, asked), reach);
  }
  const [, via, type, of] = forward.exec(name) as unknown as [string, string, string | undefined, string];
  const others = chained(registry, resource, via).filter((each) => type === undefined || each.type === type);
  if (others.length === 0) throw noChain(registry, resource, via);
  return oneOf(others.map((other) => () => hop('here', via, other, () => rest(other, of), reach)));
}

function hop(
  holder: Hop['holder'],
  via: string,
  other: RegisteredResource,
  rest: () => Criterion,
  reach: (resource: RegisteredResource) => Narrowing,
): Hop {
  // What cannot be asked is said first: it is so for every token.
  const criterion = rest();
  return { holder, via, type: other.type, narrowing: reach(other), criterion };
}

/** What holds of any type that has the parameter and that a scope opens; where there is none, why not. */
function oneOf(readers: readonly (() => Criterion)[]): Criterion {
  const found: Criterion[] = [];
  const refused: OutcomeError[] = [];
  for (const read of readers)
    try {
      found.push(read());
    } catch (error) {
      if (!(error instanceof OutcomeError) || !passable.has(error.code)) throw error;
      refused.push(error);
    }
  const [first] = found;
  if (!first) throw (refused.find(({ code }) => code === 'insufficient-scope') ?? refused[0]) as OutcomeError;
  return found.length === 1 ? first : { oneOf: found };
}

const passable: ReadonlySet<string> = new Set(['unsupported-parameter', 'unsupported-modifier', 'insufficient-scope']);

/** The types that a reference parameter can be followed to. */
export const chained = (registry: Registry, resource: RegisteredResource, via: string): RegisteredResource[] =>
  targetsOf(resource, via)
    .map((type) => registry.get(type))
    .filter((other) => other !== undefined)
    .filter((other) => joins(resource, via, other));

/** The references of served types to this one, as `Type:param`: what `_has` takes. */
export const referring = (registry: Registry, resource: RegisteredResource): string[] =>
  registry
    .all()
    .flatMap((other) =>
      [...other.params.keys()]
        .filter((via) => targetsOf(other, via).includes(resource.type) && joins(other, via, resource))
        .map((via) => `${other.type}:${via}`),
    );

/** How many other resources a criterion asks of. */
export function hopsOf(criterion: Criterion): number {
  if ('via' in criterion) return 1 + hopsOf(criterion.criterion);
  if ('oneOf' in criterion) return criterion.oneOf.reduce((sum, each) => sum + hopsOf(each), 0);
  return 0;
}

function noChain(registry: Registry, resource: RegisteredResource, via: string): OutcomeError {
  const types = chained(registry, resource, via).map(({ type }) => type);
  const text =
    types.length > 0
      ? `${resource.type}: "${via}" leads to ${types.join(', ')}`
      : `${resource.type} has no search parameter "${via}" that leads to another resource that is served here`;
  return new OutcomeError(400, 'unsupported-parameter', text);
}

function noReverse(registry: Registry, resource: RegisteredResource): OutcomeError {
  const known = referring(registry, resource);
  const text = `_has of ${resource.type} takes ${known.join(', ') || 'nothing here'}`;
  return new OutcomeError(400, 'unsupported-parameter', text);
}
