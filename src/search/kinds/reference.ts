import { relative } from '../../define/elements/references.js';
import type { ReferenceParam } from '../../define/params.js';
import type { Operand } from '../../define/request.js';
import { any, sql, type Slot } from '../fragment.js';
import { NEVER, unescape, unreadable, type Kind, type ParseContext } from './kind.js';

/** References by id, `Type/id` or URL: https://hl7.org/fhir/R4/search.html#reference */
export const reference: Kind<ReferenceParam> = {
  parse(param, text, modifier, context) {
    const value = relative(unescape(text), context.base);
    const targets = modifier === undefined ? context.targets : [modifier];
    if (/^[A-Za-z0-9\-.]{1,64}$/.test(value))
      return operand(
        param,
        targets.map((type) => [type, value]),
        context,
      );
    const local = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(value);
    if (local) {
      const [, type, id] = local as unknown as [string, string, string];
      if (!targets.includes(type)) throw unreadable(context.name, `it refers to ${targets.join(', ')}`);
      return operand(param, [[type, id]], context);
    }
    if (!/^[a-z][a-z0-9+.-]*:/i.test(value)) throw unreadable(context.name, '[id], [type]/[id] or a URL is expected');
    return 'literal' in param.columns ? { shape: 'eq', bindings: [value] } : NEVER;
  },

  match(param, alias, { shape, slots }, dialect) {
    const column = sql.column(alias, 'literal' in param.columns ? param.columns.literal : param.columns.id);
    if (shape === 'among') return dialect.among(column, slots[0] as Slot);
    return any(slots.map((slot) => sql`${column} = ${slot}`));
  },

  present(param, alias) {
    if ('id' in param.columns) return sql`${sql.column(alias, param.columns.id)} is not null`;
    const literal = sql.column(alias, param.columns.literal);
    if (!param.to) return sql`${literal} is not null`;
    // `0` follows `/`: everything that starts with `Type/`.
    return any(
      param.to.map(
        (type) => sql`(${literal} >= ${sql.literal(`${type}/`)} and ${literal} < ${sql.literal(`${type}0`)})`,
      ),
    );
  },
};

function operand(param: ReferenceParam, ids: readonly [string, string][], context: ParseContext): Operand {
  if ('literal' in param.columns) return { shape: 'eq', bindings: ids.map(([type, id]) => `${type}/${id}`) };
  const stored = ids.map(([type, id]) => context.storedId(type, id)).filter((each) => each !== undefined);
  return stored.length === 0 ? NEVER : { shape: 'eq', bindings: stored };
}
