import {
  leafOf,
  modifiersOf,
  type CompositeParam,
  type KeptParam,
  type LeafParam,
  type SearchParam,
} from '../define/params.js';
import type { Criterion, Operand, SearchRequest, Test } from '../define/request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import { targetsOf, type DeclaredParam, type RegisteredResource, type Registry } from '../registry.js';
import { asksOfOthers, hopsOf, parseHops } from './chain.js';
import { controlNames, parseControls } from './controls.js';
import { kindOf } from './kinds/index.js';
import { NEVER, splitAt, unreadable, type ParseContext } from './kinds/kind.js';
import { leftOut, refusedParameters, whyNoModifier } from './left-out.js';
import type { Pairs, ParseOptions } from './options.js';
import { overflowQuantity } from './overflow-params.js';

/** More values than these in one parameter, or in one search, or parameters in one search, are refused. */
const MAX_VALUES = 200;
const MAX_ALL_VALUES = 250;
const MAX_CRITERIA = 40;
/** Every one is a table more in the statement. */
const MAX_HOPS = 16;
/** With those that shape the answer, and those that lenient handling leaves out. */
const MAX_PARAMETERS = 100;

/** Reads a query string: https://hl7.org/fhir/R4/search.html */
export function parse(resource: RegisteredResource, pairs: Pairs, options: ParseOptions): SearchRequest {
  const used: [string, string][] = [];
  const ignored: string[] = [];
  const criteria: Criterion[] = [];
  const controls: [string, string][] = [];
  if (pairs.length > MAX_PARAMETERS) throw tooMany(`more than ${String(MAX_PARAMETERS)} parameters`);
  // PostgreSQL takes no text with it, wherever the search came from.
  if (pairs.some(([, value]) => value.includes('\0'))) throw invalidParameter('A parameter holds a NUL character');
  for (const [name, value] of pairs) {
    if (value === '') continue;
    if (controlNames.has(name)) {
      controls.push([name, value]);
      continue;
    }
    try {
      criteria.push(parseCriterion(resource, name, value, options));
      used.push([name, value]);
    } catch (error) {
      if (!isUnsupported(error) || options.handling === 'strict') throw error;
      ignored.push(name);
    }
  }
  if (criteria.length > MAX_CRITERIA) throw tooMany(`more than ${String(MAX_CRITERIA)} parameters`);
  // One statement has them all, and building it is work of this process, which others wait for.
  if (criteria.reduce((sum, each) => sum + valuesOf(each), 0) > MAX_ALL_VALUES)
    throw tooMany(`more than ${String(MAX_ALL_VALUES)} values`);
  if (criteria.reduce((sum, each) => sum + hopsOf(each), 0) > MAX_HOPS)
    throw tooMany(`parameters that ask of more than ${String(MAX_HOPS)} other resources`);
  const parsed = parseControls(resource, controls, options);
  return {
    type: resource.type,
    criteria,
    ...parsed.controls,
    used: [...used, ...parsed.used],
    ignored: [...ignored, ...parsed.ignored],
  };
}

const isUnsupported = (error: unknown): boolean =>
  error instanceof OutcomeError && error.code === 'unsupported-parameter';

const tooMany = (what: string): OutcomeError => new OutcomeError(400, 'too-costly', `The search has ${what}`);

function valuesOf(criterion: Criterion): number {
  if ('via' in criterion) return valuesOf(criterion.criterion);
  if ('oneOf' in criterion) return criterion.oneOf.reduce((sum, each) => sum + valuesOf(each), 0);
  return criterion.any.length;
}

/** One parameter. `depth` other resources lie between the one that is searched for and this one. */
function parseCriterion(
  resource: RegisteredResource,
  name: string,
  value: string,
  options: ParseOptions,
  depth = 0,
): Criterion {
  if (asksOfOthers(name))
    return parseHops(resource, name, options, depth, (other, rest) =>
      parseCriterion(other, rest, value, options, depth + 1),
    );
  return parseTest(resource, name, value, options);
}

/** A parameter of the resource itself. */
export function parseTest(resource: RegisteredResource, name: string, value: string, options: ParseOptions): Test {
  const [base, modifier] = splitName(name);
  const declared = resource.params.get(base);
  if (!declared) throw unsupported(resource, name);
  const targets = targetsOf(resource, base);
  const context: ParseContext = {
    name,
    base: options.base,
    targets,
    // Portico's own tables hold FHIR ids.
    storedId: (type, id) => (resource.source.own ? id : storedId(options.registry, type, id)),
    now: options.now,
  };
  const values = splitAt(value, ',').filter((each) => each !== '');
  if (values.length === 0) throw unreadable(name, 'a value is expected');
  if (values.length > MAX_VALUES) throw tooMany(`more than ${String(MAX_VALUES)} values in one parameter`);
  if (modifier === 'missing') return { param: base, modifier, any: [missing(name, value)] };
  if (modifier === 'identifier' && declared.definition.type === 'reference')
    return { param: base, modifier, any: values.map((each) => parseLeaf(identifierParam, each, undefined, context)) };
  checkModifier(declared, modifier, targets);
  const { idCodec } = resource.source;
  const any = values.map((each) =>
    base === '_id' && idCodec
      ? idOperand(idCodec.toStored(each))
      : operand(declared.param, each, modifier === 'not' ? undefined : modifier, context),
  );
  return { param: base, ...(modifier !== undefined && { modifier }), any };
}

const idOperand = (stored: string | number | undefined): Operand =>
  stored === undefined ? NEVER : { shape: 'code', bindings: [stored] };

/** The identifier of a reference: found by the overflow index alone. */
export const identifierParam: LeafParam = {
  kind: 'token',
  columns: { code: 'code', system: 'system', text: ['text'], type: { system: 'system_2', code: 'code_2' } },
};

function splitName(name: string): [base: string, modifier: string | undefined] {
  const colon = name.indexOf(':');
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)];
}

function missing(name: string, value: string): Operand {
  if (value !== 'true' && value !== 'false') throw unreadable(name, ':missing takes true or false');
  return { shape: value, bindings: [] };
}

function checkModifier(declared: DeclaredParam, modifier: string | undefined, targets: readonly string[]): void {
  if (modifier === undefined) return;
  const known = modifiersOf(declared.param);
  if (known.includes(modifier)) return;
  if (declared.definition.type === 'reference' && targets.includes(modifier)) return;
  const why = whyNoModifier(declared.definition.type, modifier);
  throw new OutcomeError(
    400,
    'unsupported-modifier',
    `Search parameter "${declared.name}" has no such modifier${why === undefined ? '' : `: ${why}`}; it takes ${known.map((each) => `:${each}`).join(', ')}`,
  );
}

function operand(param: SearchParam, text: string, modifier: string | undefined, context: ParseContext): Operand {
  const leaf = leafOf(param);
  if (leaf.kind === 'composite') return parseComposite(leaf, text, context);
  return parseLeaf(leaf.kind === 'kept' ? keptLeaf(leaf.as) : leaf, text, modifier, context);
}

/** A kept element is written like any other of its kind. */
function keptLeaf(as: KeptParam['as']): LeafParam {
  switch (as) {
    case 'token':
      return identifierParam;
    case 'string':
      return { kind: 'string', columns: [{ exact: 'exact', folded: 'text' }] };
    case 'reference':
      return { kind: 'reference', columns: { literal: 'reference' } };
    case 'uri':
      return { kind: 'uri', columns: { uri: 'uri' } };
    case 'quantity':
      return { kind: 'quantity', columns: overflowQuantity };
  }
}

const parseLeaf = (param: LeafParam, text: string, modifier: string | undefined, context: ParseContext): Operand =>
  kindOf(param).parse(param, text, modifier, context);

function parseComposite(param: CompositeParam, text: string, context: ParseContext): Operand {
  const parts = splitAt(text, '$');
  if (parts.length !== 2) throw unreadable(context.name, 'two values joined by $ are expected');
  const side = (part: LeafParam, value: string): Operand =>
    parseLeaf(part, value, undefined, { ...context, targets: (part.kind === 'reference' && part.to) || [] });
  const first = side(param.parts[0], parts[0] as string);
  const second = side(param.parts[1], parts[1] as string);
  if (first.shape === NEVER.shape || second.shape === NEVER.shape) return { ...NEVER, parts: [NEVER, NEVER] };
  return {
    shape: `${first.shape}$${second.shape}`,
    bindings: [...first.bindings, ...second.bindings],
    parts: [first, second],
  };
}

function storedId(registry: Registry, type: string, id: string): string | number | undefined {
  const codec = registry.get(type)?.source.idCodec;
  return codec ? codec.toStored(id) : id;
}

/** Names the parameters that there are, never the value: what was searched for may be patient data. */
function unsupported(resource: RegisteredResource, name: string): OutcomeError {
  const [base] = splitName(name);
  const why = refusedParameters[base] ?? leftOut(resource).find((each) => each.name === base)?.why;
  if (why !== undefined)
    return new OutcomeError(400, 'unsupported-parameter', `${resource.type} has no search parameter "${base}": ${why}`);
  const supported = [...resource.params.keys()].sort().join(', ');
  const shown = /^[\w.:-]{1,64}$/.test(name) ? `"${name}"` : 'of this name';
  return new OutcomeError(
    400,
    'unsupported-parameter',
    `${resource.type} has no search parameter ${shown}. Supported: ${supported}; and ${[...controlNames].join(', ')}`,
  );
}
