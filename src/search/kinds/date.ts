import { ABSENT, interval, type Interval } from '../../define/dates.js';
import { prefixes, type DateParam, type Prefix, type StoredTime } from '../../define/params.js';
import { sql, type Fragment, type Slot } from '../fragment.js';
import { unescape, unreadable, type Kind } from './kind.js';

/**
 * Dates are intervals on both sides: https://hl7.org/fhir/R4/search.html#date and #prefix. With [lo, hi) the interval
 * of the parameter and [start, end) that of the row, `eq` is "lo..hi contains start..end", `gt` is "the row goes on
 * after hi", `ge` is either of the two.
 */
export const date: Kind<DateParam> = {
  parse(param, text, _modifier, { name, now }) {
    const [prefix, rest] = prefixed(unescape(text));
    // An unencoded + of a time zone arrives as a space.
    const range = interval(rest.replace(/ (\d\d:\d\d)$/, '+$1'));
    if (!range) throw unreadable(name, 'a FHIR date, dateTime or instant is expected, such as ge2024-05-01');
    const { start, end } = prefix === 'ap' ? around(range, now) : range;
    return { shape: prefix, bindings: [stored(start, param.stored), stored(end, param.stored)] };
  },

  match(param, alias, { shape, slots }) {
    const [lo, hi] = slots as [Slot, Slot];
    const start = sql.column(alias, param.columns.start);
    if (param.columns.end === undefined) return point(shape as Prefix, start, lo, hi);
    const end = sql.column(alias, param.columns.end);
    const there = present(param, alias);
    switch (shape as Prefix) {
      case 'eq':
        return sql`(${start} >= ${lo} and ${end} <= ${hi})`;
      case 'ne':
        return sql`(${there} and (${start} < ${lo} or ${end} > ${hi}))`;
      case 'gt':
        return sql`${end} > ${hi}`;
      case 'ge':
        return sql`(${start} >= ${lo} or ${end} > ${hi})`;
      case 'lt':
        return sql`(${there} and ${start} < ${lo})`;
      case 'le':
        return sql`(${there} and (${start} < ${lo} or ${end} <= ${hi}))`;
      case 'sa':
        return sql`${start} >= ${hi}`;
      case 'eb':
        return sql`(${there} and ${end} <= ${lo})`;
      case 'ap':
        return sql`(${start} < ${hi} and ${end} > ${lo})`;
    }
  },

  present,
};

function present(param: DateParam, alias: string): Fragment {
  const start = sql.column(alias, param.columns.start);
  return param.stored === 'ms' && param.columns.end !== undefined
    ? sql`${start} > ${sql.literal(ABSENT)}`
    : sql`${start} is not null`;
}

/** A column that holds a point: its precision is finer than that of any parameter. */
function point(prefix: Prefix, at: Fragment, lo: Slot, hi: Slot): Fragment {
  switch (prefix) {
    case 'eq':
    case 'ap':
      return sql`(${at} >= ${lo} and ${at} < ${hi})`;
    case 'ne':
      return sql`(${at} < ${lo} or ${at} >= ${hi})`;
    case 'gt':
    case 'sa':
      return sql`${at} >= ${hi}`;
    case 'ge':
      return sql`${at} >= ${lo}`;
    case 'lt':
    case 'eb':
      return sql`${at} < ${lo}`;
    case 'le':
      return sql`${at} < ${hi}`;
  }
}

/** A tenth of the distance to now on either side, as the specification advises. */
function around({ start, end }: Interval, now: number): Interval {
  const margin = Math.round(Math.abs(now - start) / 10);
  return { start: start - margin, end: end + margin };
}

function stored(milliseconds: number, as: StoredTime): string | number {
  if (as === 'ms') return milliseconds;
  const text = new Date(milliseconds).toISOString();
  return as === 'date' ? text.slice(0, 10) : text;
}

export function prefixed(text: string): [prefix: Prefix, rest: string] {
  const prefix = prefixes.find((each) => text.startsWith(each));
  return prefix ? [prefix, text.slice(2)] : ['eq', text];
}
