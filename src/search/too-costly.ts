import type { Criterion, Narrowing, SearchRequest, Test } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource, Registry } from '../registry.js';
import { bounds } from './condition.js';

/** A search for words within texts, which the order of no index helps to find. */
export interface WithinTexts {
  readonly resource: RegisteredResource;
  readonly test: Test;
}

/**
 * What of a search would look into every text that an organization has of a type whose rows come with its patients'
 * every day. Beside a patient, or another value that an index finds, it looks into few; and a directory of people and
 * places is as long as there are some (docs/decisions/0021).
 */
export function withinTexts(
  registry: Pick<Registry, 'get'>,
  resource: RegisteredResource,
  { criteria }: SearchRequest,
  { patient }: Narrowing,
): WithinTexts[] {
  if (patient !== undefined || criteria.some((each) => isNarrow(resource, each))) return [];
  return criteria.flatMap((each) => textsOf(registry, resource, each));
}

function textsOf(registry: Pick<Registry, 'get'>, resource: RegisteredResource, criterion: Criterion): WithinTexts[] {
  if ('oneOf' in criterion) return criterion.oneOf.flatMap((each) => textsOf(registry, resource, each));
  if ('via' in criterion) {
    const other = registry.get(criterion.type);
    return other ? textsOf(registry, other, criterion.criterion) : [];
  }
  const within = criterion.modifier === 'contains' || criterion.modifier === 'text';
  return within && grows(resource) ? [{ resource, test: criterion }] : [];
}

const grows = ({ patient, source }: RegisteredResource): boolean =>
  Array.isArray(patient) && source.patient !== source.id;

/** A reference, an id, or a code of a system: not a status, and nothing that is open at an end. */
function isNarrow(resource: RegisteredResource, criterion: Criterion): boolean {
  if (bounds(resource, criterion)) return true;
  if (!('any' in criterion) || criterion.modifier !== undefined) return false;
  const shapes = new Set(['both', 'bare', 'code', 'of-type']);
  const param = resource.params.get(criterion.param)?.param;
  if (param?.kind === 'token' && (param.impliedSystem !== undefined || param.boolean)) return false;
  const type = resource.params.get(criterion.param)?.definition.type;
  return type === 'token' && criterion.any.every(({ shape }) => shapes.has(shape));
}

export const tooCostly = ({ resource, test }: WithinTexts): OutcomeError =>
  new OutcomeError(
    400,
    'too-costly',
    `${resource.type}: "${test.param}:${test.modifier ?? ''}" would look into every text; ask for a patient or a code beside it`,
  );

/** What an answer would hold is more than anybody reads. */
export const tooLong = (): OutcomeError =>
  new OutcomeError(400, 'too-costly', 'The page would be too long; ask for fewer matches with _count');
