import { globalise, localise } from '../../define/elements/element.js';
import { AFTER_ALL } from '../../define/fold.js';
import type { UriParam } from '../../define/params.js';
import { any, sql, type Slot } from '../fragment.js';
import { unescape, unreadable, type Kind } from './kind.js';

/** Exact URIs, or those below or above one: https://hl7.org/fhir/R4/search.html#uri */
export const uri: Kind<UriParam> = {
  parse(_param, text, modifier, context) {
    const value = localise(unescape(text), context);
    if (value === '') throw unreadable(context.name, 'a URI is expected');
    if (modifier === undefined) return { shape: 'eq', bindings: [value] };
    if (modifier === 'above')
      return { shape: 'eq', bindings: ancestors(globalise(value, context)).map((each) => localise(each, context)) };
    const folder = value.endsWith('/') ? value : `${value}/`;
    return { shape: 'below', bindings: [value, folder, folder + AFTER_ALL] };
  },

  match(param, alias, { shape, slots }) {
    const column = sql.column(alias, param.columns.uri);
    if (shape === 'eq') return any(slots.map((slot) => sql`${column} = ${slot}`));
    const [self, from, to] = slots as [Slot, Slot, Slot];
    return sql`(${column} = ${self} or (${column} >= ${from} and ${column} < ${to}))`;
  },

  present: (param, alias) => sql`${sql.column(alias, param.columns.uri)} is not null`,
};

/** The URI and every one that it lies below: with and without a slash at the end. */
function ancestors(value: string): string[] {
  const found = new Set([value]);
  const host = value.indexOf('://') + 3;
  for (let at = value.lastIndexOf('/'); at >= host && host > 2; at = value.lastIndexOf('/', at - 1)) {
    found.add(value.slice(0, at));
    found.add(value.slice(0, at + 1));
  }
  return [...found];
}
