import type { RegisteredResource } from '../../src/registry.js';
import { loadPathTypes, searchValues, type IndexedValue } from '../../src/search/values.js';

/** A search that must find a resource, because a read of it shows the value. */
export interface Query {
  readonly param: string;
  readonly query: string;
}

/** For every declared parameter and every value that a resource has for it, a search for that value. */
export function queriesFor(resource: RegisteredResource, body: object, base: string): Query[] {
  loadPathTypes(resource.type);
  const queries: Query[] = [];
  for (const declared of resource.params.values()) {
    if (declared.name === '_lastUpdated') continue;
    for (const [name, values] of searchValues(body, declared, { base }))
      for (const value of values) {
        const type = name.endsWith(':identifier') ? 'token' : declared.definition.type;
        const found = queryOf(name, type, value);
        // Words within texts are looked for in few rows only.
        const within = found?.includes(':text=') ? `&_id=${(body as { id: string }).id}` : '';
        const query = found && `${found}${within}`;
        if (query !== undefined) queries.push({ param: declared.name, query });
      }
  }
  return queries;
}

const escape = (text: unknown): string => encodeURIComponent(String(text).replace(/[\\,$|]/g, '\\$&'));

function queryOf(name: string, type: string, value: IndexedValue): string | undefined {
  switch (type) {
    case 'token': {
      if (value['code'] === undefined)
        return value['text'] === undefined ? undefined : `${name}:text=${escape(value['text'])}`;
      return `${name}=${value['system'] === undefined ? '' : `${escape(value['system'])}|`}${escape(value['code'])}`;
    }
    case 'string':
      return `${name}=${escape(value['exact'])}`;
    case 'reference':
      return `${name}=${escape(value['reference'])}`;
    case 'uri':
      return `${name}=${escape(value['uri'])}`;
    case 'quantity':
      return `${name}=${quantityText(value)}`;
    case 'date':
      return dateQuery(name, value);
    case 'composite':
      return compositeQuery(name, value);
    default:
      return undefined;
  }
}

const quantityText = (value: IndexedValue): string =>
  value['unit_code'] === undefined
    ? String(value['number'])
    : `${String(value['number'])}|${escape(value['unit_system'] ?? '')}|${escape(value['unit_code'])}`;

/** The whole interval, and a little more on both sides: open ends stay open. */
function dateQuery(name: string, { start_at: start, end_at: end }: IndexedValue): string {
  const text = (milliseconds: number): string => new Date(milliseconds).toISOString();
  const parts: string[] = [];
  if (Number(start) > -8e15) parts.push(`${name}=gt${text(Number(start) - 1000)}`);
  if (Number(end) < 8e15) parts.push(`${name}=lt${text(Number(end) + 1000)}`);
  return parts.join('&');
}

function compositeQuery(name: string, value: IndexedValue): string | undefined {
  const first = value['reference'] ?? value['code'];
  if (first === undefined) return undefined;
  const second =
    value['number'] !== undefined
      ? quantityText(value)
      : value['exact'] !== undefined
        ? escape(value['exact'])
        : value['start_at'] !== undefined
          ? `ge${new Date(Number(value['start_at'])).toISOString()}`
          : value['code_2'] !== undefined
            ? escape(value['code_2'])
            : // A reference comes first: its token is in the columns of the second.
              value['reference'] !== undefined && value['code'] !== undefined
              ? escape(value['code'])
              : undefined;
  return second === undefined ? undefined : `${name}=${escape(first)}$${second}`;
}
