import type { Criterion, Hop, Narrowing, SearchRequest, Test, Value } from '../define/request.js';
import type { RegisteredResource, Registry } from '../registry.js';
import { bounds } from '../search/condition.js';
import { NEVER } from '../search/kinds/kind.js';
import { fhirId } from './render.js';
import { asStored, storedId } from './stored.js';

/** Rows that are so few that it is cheaper to begin with them. */
const FEW = 64;

/** Where the rows are that a search asks of. */
export interface Others {
  readonly registry: Registry;
  /** Ids, as stored, of rows of a type that meet a criterion: up to a limit, in any order. */
  some(resource: RegisteredResource, criterion: Criterion, narrowing: Narrowing, limit: number): Promise<Value[]>;
  /** What a reference parameter of these rows names, as `Type/id`. */
  references(
    resource: RegisteredResource,
    include: { readonly param: string },
    ids: readonly string[],
    narrowing: Narrowing,
  ): Promise<{ readonly literals: readonly string[]; readonly more: boolean }>;
}

/**
 * A chain or `_has` that leads to few rows is asked first, and what is left is a search for a reference or an id, which
 * an index answers in order. Where it leads to many, each row of the search looks for its own. Which of the two it is,
 * no planner can know, and the wrong one reads a whole organization.
 */
export async function led(
  others: Others,
  resource: RegisteredResource,
  request: SearchRequest,
  narrowing: Narrowing,
): Promise<SearchRequest> {
  const isBounded = narrowing.patient !== undefined || request.criteria.some((each) => bounds(resource, each));
  if (isBounded || !request.criteria.some((each) => !('any' in each))) return request;
  const criteria: Criterion[] = [];
  for (const each of request.criteria) criteria.push(await resolved(others, resource, each));
  return { ...request, criteria };
}

async function resolved(others: Others, resource: RegisteredResource, criterion: Criterion): Promise<Criterion> {
  if ('any' in criterion) return criterion;
  if ('via' in criterion) return ofHop(others, resource, criterion);
  const found: Criterion[] = [];
  for (const each of criterion.oneOf) found.push(await resolved(others, resource, each));
  return merged(found) ?? { oneOf: found };
}

async function ofHop(others: Others, resource: RegisteredResource, hop: Hop): Promise<Criterion> {
  const { registry } = others;
  const other = registry.get(hop.type);
  if (!other) return hop;
  const criterion = await resolved(others, other, hop.criterion);
  const found = await others.some(other, criterion, hop.narrowing, FEW + 1);
  if (found.length > FEW) return { ...hop, criterion };
  const ids = found.map((id) => fhirId(other, id as string | number));
  if (hop.holder === 'here') {
    const literals = ids.map((id) => `${hop.type}/${id}`);
    return list(hop.via, asStored(registry, resource, hop.via, literals));
  }
  const none = { literals: [], more: false };
  const named = ids.length === 0 ? none : await others.references(other, { param: hop.via }, ids, hop.narrowing);
  if (named.more) return { ...hop, criterion };
  const own = named.literals.filter((each) => each.startsWith(`${resource.type}/`));
  const stored = own.map((each) => storedId(resource, each.slice(resource.type.length + 1)));
  return list('_id', [...new Set(stored.filter((id) => id !== undefined))]);
}

function list(param: string, values: readonly Value[]): Test {
  const [first] = values;
  if (first === undefined) return { param, any: [NEVER] };
  if (values.length === 1) return { param, any: [{ shape: param === '_id' ? 'code' : 'eq', bindings: [first] }] };
  return { param, any: [{ shape: 'among', bindings: [values] }] };
}

/** Lists of values of one parameter are one list: an index answers it. */
function merged(criteria: readonly Criterion[]): Test | undefined {
  const tests = criteria.filter((each): each is Test => 'any' in each && each.modifier === undefined);
  const [first] = tests;
  if (!first || tests.length < criteria.length || tests.some(({ param }) => param !== first.param)) return undefined;
  const operands = tests.flatMap(({ any }) => any);
  if (operands.some(({ shape }) => !known.has(shape))) return undefined;
  const values = operands.flatMap(({ bindings }) => bindings).flatMap((each) => each);
  return list(first.param, [...new Set(values)]);
}

const known: ReadonlySet<string> = new Set(['eq', 'code', 'among', NEVER.shape]);
