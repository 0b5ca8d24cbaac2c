import { parseJson, writeJson } from '../define/json.js';
import type { Summary } from '../define/request.js';
import { invalidParameter } from '../outcome.js';
import { parseElements, parseSummary } from '../search/controls.js';
import { typeDefinition } from '../validate/definitions.js';

/** Which part of a resource is wanted: https://hl7.org/fhir/R4/search.html#summary */
export interface Shape {
  readonly summary: Summary;
  readonly elements: readonly string[];
}

type Pairs = readonly (readonly [name: string, value: string])[];

/** The shape of a read, which takes no other parameters. */
export function parseShape(resource: { readonly type: string }, params: Pairs): Shape {
  const known = new Set(['_summary', '_elements']);
  for (const [name] of params)
    if (!known.has(name))
      throw invalidParameter('A read takes the parameters _format, _pretty, _summary and _elements');
  const value = (name: string): string | undefined =>
    params.find(([other, text]) => other === name && text !== '')?.[1];
  const summary = parseSummary(value('_summary'));
  if (summary === 'count') throw invalidParameter('_summary=count is for searches');
  return { summary, elements: parseElements(resource, value('_elements')) };
}

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** The resource with the elements of a shape only, and marked so. Mandatory elements stay. */
export function shaped(type: string, text: string, { summary, elements }: Shape): string {
  if ((summary === 'false' || summary === 'count') && elements.length === 0) return text;
  const { value, literals } = parseJson(text);
  const resource = value as Record<string, unknown>;
  const definition = typeDefinition(type);
  const mandatory = new Set(definition?.mandatory);
  const inSummary = new Set([...(definition?.summary ?? []), ...mandatory]);
  const left =
    elements.length === 0 && summary === 'true'
      ? pick(resource, '', inSummary)
      : only(resource, (name) => mandatory.has(name) || wants({ summary, elements }, name));
  const { resourceType, id, meta } = resource as { resourceType: string; id?: string; meta?: { tag?: object[] } };
  const tagged = { ...meta, tag: [...(meta?.tag ?? []), SUBSETTED] };
  return writeJson({ resourceType, ...(id !== undefined && { id }), meta: tagged, ...left }, literals);
}

/** Whether a top-level element is asked for; the server's own `id` and `meta` always come along. */
function wants({ summary, elements }: Shape, name: string): boolean {
  if (elements.length > 0) return elements.includes(name) || elements.includes(name.replace('[x]', ''));
  return summary === 'text' ? name === 'text' : name !== 'text';
}

type Members = Readonly<Record<string, unknown>>;

/** An element may be written `_name`, or `valueQuantity` for `value[x]`. */
function namesOf(member: string): [name: string, choice: string] {
  const name = member.startsWith('_') ? member.slice(1) : member;
  return [name, name.replace(/[A-Z].*$/, '[x]')];
}

const isServers = (member: string): boolean => member === 'resourceType' || member === 'id' || member === 'meta';

function only(resource: Members, keep: (name: string) => boolean): Members {
  return Object.fromEntries(
    Object.entries(resource).filter(([member]) => !isServers(member) && namesOf(member).some((name) => keep(name))),
  );
}

/** The members whose paths belong to the summary. A backbone element is walked into, a data type is taken whole. */
function pick(value: Members, prefix: string, inSummary: ReadonlySet<string>): Members {
  const left: Record<string, unknown> = {};
  for (const [member, inner] of Object.entries(value)) {
    if (prefix === '' && isServers(member)) continue;
    const path = namesOf(member)
      .map((name) => prefix + name)
      .find((each) => inSummary.has(each));
    if (path === undefined) continue;
    const isBackbone = [...inSummary].some((each) => each.startsWith(`${path}.`));
    left[member] = isBackbone ? within(inner, `${path}.`, inSummary) : inner;
  }
  return left;
}

function within(value: unknown, prefix: string, inSummary: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => within(item, prefix, inSummary));
  return typeof value === 'object' && value !== null ? pick(value as Members, prefix, inSummary) : value;
}
