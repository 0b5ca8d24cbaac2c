import { fold, AFTER_ALL } from '../../define/fold.js';
import { localise } from '../../define/elements/element.js';
import type { TokenParam } from '../../define/params.js';
import type { Operand } from '../../define/request.js';
import { all, any, FALSE, sql, TRUE, type Fragment, type Slot } from '../fragment.js';
import { NEVER, splitAt, unescape, unreadable, type Kind, type ParseContext } from './kind.js';

/** Codes, identifiers, booleans: https://hl7.org/fhir/R4/search.html#token */
export const token: Kind<TokenParam> = {
  parse(param, text, modifier, context) {
    if (modifier === 'text') return prefixOf(unescape(text), context);
    const parts = splitAt(text, '|').map(unescape);
    if (modifier === 'of-type') return ofType(parts, context);
    if (parts.length > 2) throw unreadable(context.name, '[code], [system]|[code], |[code] or [system]|');
    if (param.boolean) return boolean(parts, context);
    const code = parts.at(-1) as string;
    if (parts.length === 1) return coded(param, code, context);
    const system = localise(parts[0] as string, context);
    if (param.impliedSystem !== undefined) {
      if (system !== param.impliedSystem) return NEVER;
      return code === '' ? { shape: 'any', bindings: [] } : coded(param, code, context);
    }
    if (param.columns.system === undefined && !param.own) return NEVER;
    if (parts.every((each) => each === '')) throw unreadable(context.name, 'a code or a system is expected');
    if (code === '') return { shape: 'system', bindings: [system] };
    return system === '' ? { shape: 'bare', bindings: [code] } : { shape: 'both', bindings: [system, code] };
  },

  match(param, alias, { shape, slots }, dialect) {
    const column = (name: string): Fragment => sql.column(alias, name);
    const { code, system, type, text } = param.columns;
    const found = (): Fragment => {
      const [first, second, third] = slots as [Slot, Slot, Slot];
      if (param.own && shape === 'system') return sql`${first} = ${sql.literal(param.own.system)}`;
      if (param.own && shape === 'both')
        return sql`(${column(code)} = ${second} and ${first} = ${sql.literal(param.own.system)})`;
      switch (shape) {
        case 'any':
          return sql`${column(code)} is not null`;
        case 'code':
          return any(slots.map((slot) => sql`${column(code)} = ${slot}`));
        case 'among':
          return dialect.among(column(code), first);
        case 'system':
          return system === undefined ? FALSE : sql`${column(system)} = ${first}`;
        case 'bare':
          return system === undefined ? FALSE : sql`(${column(code)} = ${first} and ${column(system)} is null)`;
        case 'both':
          return system === undefined ? FALSE : sql`(${column(code)} = ${second} and ${column(system)} = ${first})`;
        case 'of-type':
          return type === undefined
            ? FALSE
            : sql`(${column(type.system)} = ${first} and ${column(type.code)} = ${second} and ${column(code)} = ${third})`;
        default: {
          const texts = (text ?? []).map((name) => dialect.fold(column(name)));
          return any(texts.map((each) => sql`(${each} >= ${first} and ${each} < ${second})`));
        }
      }
    };
    return all([found(), only(param, alias)].filter((part) => part !== TRUE));
  },

  present: (param, alias) => {
    const { code, system, text } = param.columns;
    const names = [code, ...(system === undefined ? [] : [system]), ...(text ?? [])];
    return all([any(names.map((name) => sql`${sql.column(alias, name)} is not null`)), only(param, alias)]);
  },
};

function only(param: TokenParam, alias: string): Fragment {
  // Written out, so that a partial index of the others serves it.
  if (param.own) return sql`${sql.column(alias, param.columns.code)} <> 'none'`;
  return param.only ? sql`${sql.column(alias, param.only.column)} = ${sql.literal(param.only.value)}` : TRUE;
}

function coded(param: TokenParam, code: string, context: ParseContext): Operand {
  if (code === '') throw unreadable(context.name, 'a code is expected');
  if (!param.columns.codes) return { shape: 'code', bindings: [code] };
  const stored = param.columns.codes.toStored(code);
  return stored.length === 0 ? NEVER : { shape: 'code', bindings: stored };
}

function boolean(parts: readonly string[], context: ParseContext): Operand {
  const code = parts.at(-1);
  const known = parts.length === 1 || parts[0] === 'http://terminology.hl7.org/CodeSystem/special-values';
  if (code !== 'true' && code !== 'false') throw unreadable(context.name, '"true" or "false" is expected');
  return known ? { shape: 'code', bindings: [code === 'true'] } : NEVER;
}

function ofType(parts: readonly string[], context: ParseContext): Operand {
  const [system, code, value] = parts;
  if (parts.length !== 3 || !system || !code || !value)
    throw unreadable(context.name, ':of-type takes [type system]|[type code]|[identifier value]');
  return { shape: 'of-type', bindings: [localise(system, context), code, value] };
}

/** What starts with a text: a range, which an index serves. */
export function prefixOf(text: string, context: ParseContext): Operand {
  const folded = foldedText(text, context);
  return { shape: 'text', bindings: [folded, folded + AFTER_ALL] };
}

/** A text of nothing but combining characters folds to nothing, with which everything starts. */
export function foldedText(text: string, { name }: ParseContext): string {
  const folded = fold(text);
  if (folded === '') throw unreadable(name, 'a text is expected');
  return folded;
}
