import { relative } from '../../define/elements/references.js';
import type { ReferenceParam } from '../../define/params.js';
import type { Operand } from '../../define/request.js';
import type { Dialect } from '../dialect.js';
import { any, sql, type Fragment, type Slot } from '../fragment.js';
import { NEVER, unescape, unreadable, type Kind, type ParseContext } from './kind.js';

/** The shape of an operand that names a type and no row of it: the server's own, for a pair of columns. */
export const OF_TYPE = 'type';

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
    if ('pair' in param.columns) return inPair(param.columns.pair, alias, shape, slots, dialect);
    const column = sql.column(alias, 'literal' in param.columns ? param.columns.literal : param.columns.id);
    if (shape === 'among') return dialect.among(column, slots[0] as Slot);
    return any(slots.map((slot) => sql`${column} = ${slot}`));
  },

  present(param, alias) {
    if ('id' in param.columns) return sql`${sql.column(alias, param.columns.id)} is not null`;
    if ('pair' in param.columns) return sql`${sql.column(alias, param.columns.pair[1])} is not null`;
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

/** The values are those of a column of literals, taken apart by the database. */
function inPair(
  pair: readonly [type: string, id: string],
  alias: string,
  shape: string,
  slots: readonly Slot[],
  dialect: Dialect,
): Fragment {
  const [type, id] = [sql.column(alias, pair[0]), sql.column(alias, pair[1])];
  if (shape === 'among') return dialect.amongPairs(type, id, slots[0] as Slot);
  if (shape === OF_TYPE) return any(slots.map((slot) => sql`${type} = ${slot}`));
  return any(
    slots.map((slot) => {
      const value = dialect.pairOf(slot);
      return sql`(${type} = ${value.type} and ${id} = ${value.id})`;
    }),
  );
}

function operand(param: ReferenceParam, ids: readonly [string, string][], context: ParseContext): Operand {
  if (!('id' in param.columns)) return { shape: 'eq', bindings: ids.map(([type, id]) => `${type}/${id}`) };
  const stored = ids.map(([type, id]) => context.storedId(type, id)).filter((each) => each !== undefined);
  return stored.length === 0 ? NEVER : { shape: 'eq', bindings: stored };
}
