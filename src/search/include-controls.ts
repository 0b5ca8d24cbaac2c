import type { Include } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import { targetsOf, type RegisteredResource, type Registry } from '../registry.js';

/** The parameters that bring other resources along (https://hl7.org/fhir/R4/search.html#revinclude). */
export const includeNames = ['_include', '_include:iterate', '_revinclude', '_revinclude:iterate'] as const;

/** `:iterate` is also of what was included: its source may be any type. */
export function parseInclude(registry: Registry, resource: RegisteredResource, name: string, text: string): Include[] {
  const iterate = name.endsWith(':iterate');
  const sources = iterate ? registry.all() : [resource];
  const found = name.startsWith('_rev') ? parseRev(sources, text) : parseForward(sources, text);
  if (found.length > 0) return found.map((each) => ({ ...each, ...(iterate && { iterate }) }));
  const known = sources.flatMap((each) =>
    name.startsWith('_rev') ? each.revInclude : each.include.map((param) => `${each.type}:${param}`),
  );
  const supported = [...new Set(known)].join(', ');
  throw new OutcomeError(400, 'unsupported-include', `${name} supports ${supported || 'nothing here'}`);
}

function parseForward(sources: readonly RegisteredResource[], text: string): Include[] {
  const [type = '', param = '', target] = text === '*' ? ['*', '*'] : text.split(':');
  return sources
    .filter((source) => type === '*' || type === source.type)
    .flatMap((source) => {
      const names = param === '*' ? source.include : source.include.filter((name) => name === param);
      if (target !== undefined && !names.some((name) => targetsOf(source, name).includes(target))) return [];
      return names.map((name) => ({ source: source.type, param: name, ...(target !== undefined && { target }) }));
    });
}

/** Of the references to one of the types; `*` is all that are declared. */
function parseRev(targets: readonly RegisteredResource[], text: string): Include[] {
  const [type = '', param = '', target] = text === '*' ? ['*', '*'] : text.split(':');
  return targets
    .filter((each) => target === undefined || target === each.type)
    .flatMap((each) =>
      each.revInclude
        .map((entry) => entry.split(':') as [string, string])
        .filter(([source, name]) => (type === '*' || type === source) && (param === '*' || param === name))
        .map(([source, name]) => ({ source, param: name, target: each.type })),
    );
}
