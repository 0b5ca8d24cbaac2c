import type { StringParam } from '../../define/params.js';
import { any, sql, type Slot } from '../fragment.js';
import { unescape, unreadable, type Kind } from './kind.js';
import { foldedText, prefixOf } from './token.js';

/** Names and addresses: starts with, ignoring case and accents (https://hl7.org/fhir/R4/search.html#string). */
export const string: Kind<StringParam> = {
  parse(_param, text, modifier, context) {
    const value = unescape(text);
    if (value === '') throw unreadable(context.name, 'a text is expected');
    if (modifier === 'exact') return { shape: 'exact', bindings: [value] };
    if (modifier !== 'contains') return prefixOf(value, context);
    return { shape: 'contains', bindings: [`%${foldedText(value, context).replace(/[!%_]/g, '!$&')}%`] };
  },

  match: (param, alias, { shape, slots }, dialect) =>
    any(
      param.columns.map(({ exact, folded }) => {
        const [first, second] = slots as [Slot, Slot];
        if (shape === 'exact') return sql`${sql.column(alias, exact)} = ${first}`;
        const text = folded === undefined ? dialect.fold(sql.column(alias, exact)) : sql.column(alias, folded);
        if (shape === 'contains') return sql`${text} like ${first} escape '!'`;
        return sql`(${text} >= ${first} and ${text} < ${second})`;
      }),
    ),

  present: (param, alias) => any(param.columns.map(({ exact }) => sql`${sql.column(alias, exact)} is not null`)),
};
