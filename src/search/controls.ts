import type { Include, SearchRequest, SortKey, Summary } from '../define/request.js';
import { invalidParameter, OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { typeDefinition } from '../validate/definitions.js';
import { includeNames, parseInclude } from './include-controls.js';
import type { Pairs, ParseOptions } from './options.js';

/** The parameters that shape the answer and do not select (https://hl7.org/fhir/R4/search.html#return). */
export const controlNames: ReadonlySet<string> = new Set([
  '_count',
  '_elements',
  ...includeNames,
  '_sort',
  '_summary',
  '_total',
]);

const DEFAULT_COUNT = 20;
const MAX_COUNT = 500;
const MAX_INCLUDES = 20;

type Controls = Pick<SearchRequest, 'sort' | 'count' | 'total' | 'summary' | 'elements' | 'include' | 'revInclude'>;

export function parseControls(
  resource: RegisteredResource,
  pairs: Pairs,
  options: ParseOptions,
): { readonly controls: Controls; readonly used: Pairs; readonly ignored: readonly string[] } {
  const ignored: string[] = [];
  const usedIncludes: [string, string][] = [];
  const tolerant = <T>(name: string, value: string, read: () => T): T | undefined => {
    try {
      const found = read();
      usedIncludes.push([name, value]);
      return found;
    } catch (error) {
      if (options.handling === 'strict' || !(error instanceof OutcomeError) || !error.code.startsWith('unsupported'))
        throw error;
      ignored.push(name);
      return undefined;
    }
  };
  const once = single(pairs);
  const each = (name: string): [string, string][] => pairs.filter(([other]) => other === name).map((pair) => [...pair]);

  const sortText = once('_sort');
  const sort = sortText === undefined ? undefined : tolerant('_sort', sortText, () => parseSort(resource, sortText));
  const includes = includeNames.flatMap(each);
  if (includes.length > MAX_INCLUDES)
    throw new OutcomeError(400, 'too-costly', `More than ${String(MAX_INCLUDES)} includes in one search`);
  const parsed = includes.map(([name, value]) => ({
    reverse: name.startsWith('_rev'),
    found: tolerant(name, value, () => parseInclude(options.registry, resource, name, value)) ?? [],
  }));
  const include = distinct(parsed.filter(({ reverse }) => !reverse).flatMap(({ found }) => found));
  const revInclude = distinct(parsed.filter(({ reverse }) => reverse).flatMap(({ found }) => found));
  const summary = parseSummary(once('_summary'));
  const elements = parseElements(resource, once('_elements'));
  const total = parseTotal(once('_total'));
  if (summary === 'text' && include.length + revInclude.length > 0)
    throw invalidParameter('_summary=text cannot be combined with _include or _revinclude');
  const asked = parseCount(once('_count'));
  const count = summary === 'count' ? 0 : Math.min(asked ?? DEFAULT_COUNT, MAX_COUNT);
  const used: [string, string][] = [
    ...usedIncludes,
    ...(summary === 'false' ? [] : [['_summary', summary] as [string, string]]),
    ...(elements.length > 0 ? [['_elements', elements.join(',')] as [string, string]] : []),
    ...(once('_total') === undefined ? [] : [['_total', total] as [string, string]]),
    ...(summary === 'count' ? [] : [['_count', String(count)] as [string, string]]),
  ];
  const controls = { sort: sort ?? defaultSort(resource), count, total, summary, elements, include, revInclude };
  return { controls, used, ignored };
}

const distinct = (includes: readonly Include[]): Include[] => [
  ...new Map(includes.map((each) => [Object.values(each).join(':'), each])).values(),
];

/** A parameter that may be given once; a second one would leave open which counts. */
function single(pairs: Pairs): (name: string) => string | undefined {
  return (name) => {
    const values = pairs.filter(([other]) => other === name);
    if (values.length > 1) throw invalidParameter(`${name} is given more than once`);
    return values[0]?.[1];
  };
}

export function defaultSort(resource: RegisteredResource): readonly SortKey[] {
  return parseSort(resource, resource.sort[0] ?? '_id');
}

function parseSort(resource: RegisteredResource, text: string): SortKey[] {
  const known = new Set(['_id', ...resource.sort.map((key) => key.replace(/^-/, ''))]);
  const keys = new Map<string, SortKey>();
  for (const part of text.split(',')) {
    const key = { param: part.trim().replace(/^-/, ''), descending: part.trim().startsWith('-') };
    if (!known.has(key.param))
      throw new OutcomeError(400, 'unsupported-sort', `${resource.type} can be sorted by ${[...known].join(', ')}`);
    // What is sorted already stays as it is: a second key of the same parameter says nothing.
    if (!keys.has(key.param)) keys.set(key.param, key);
  }
  return [...keys.values()];
}

export function parseSummary(text: string | undefined): Summary {
  const known: readonly string[] = ['true', 'text', 'data', 'count', 'false'];
  if (text === undefined) return 'false';
  if (known.includes(text)) return text as Summary;
  throw invalidParameter(`_summary takes ${known.join(', ')}`);
}

export function parseElements(resource: { readonly type: string }, text: string | undefined): string[] {
  if (text === undefined) return [];
  const order = typeDefinition(resource.type)?.order ?? [];
  const names = text
    .split(',')
    .map((name) => name.trim().replace(new RegExp(`^${resource.type}\\.`), ''))
    .filter((name) => name !== '');
  for (const name of names) {
    if (order.some((known) => known === name || (known.endsWith('[x]') && name.startsWith(known.slice(0, -3)))))
      continue;
    throw invalidParameter(`_elements names an element that ${resource.type} does not have`);
  }
  return [...new Set(names)];
}

function parseTotal(text: string | undefined): 'none' | 'accurate' {
  if (text === undefined || text === 'none') return 'none';
  // An estimate is counted too: that is the best estimate.
  if (text === 'accurate' || text === 'estimate') return 'accurate';
  throw invalidParameter('_total takes none, estimate or accurate');
}

function parseCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidParameter('_count takes a whole number that is not negative');
}
