import type { Period, Timing } from '@medplum/fhirtypes';
import { ABSENT, instantText, interval, OPEN_END, OPEN_START, periodInterval, type Interval } from '../dates.js';
import { column, numberOf, textOf, type DraftRow, type Element, type RowLike } from './element.js';

/** The columns by which a date is found: half-open, in milliseconds since 1970 UTC. */
export interface DateColumns<C extends string> {
  readonly start: C;
  readonly end: C;
}

export interface DateElement<T, C extends string> extends Element<T, C> {
  readonly date: DateColumns<C>;
}

type RangeNames<P extends string> = `${P}_start` | `${P}_end`;

const rangeNames = <P extends string>(prefix: P) =>
  ({ start: `${prefix}_start`, end: `${prefix}_end` }) as { start: `${P}_start`; end: `${P}_end` };

function writeRange(prefix: string, range: Interval | undefined, into: DraftRow): void {
  into[`${prefix}_start`] = range?.start ?? ABSENT;
  into[`${prefix}_end`] = range?.end ?? ABSENT;
}

/** The text as sent, while it still says what the normalised column says: a native write changes only the latter. */
function textAt(row: RowLike, text: string, start: string, render: (milliseconds: number) => string) {
  const at = numberOf(row, start);
  if (at === undefined || at === ABSENT) return undefined;
  const sent = textOf(row, text);
  return sent !== undefined && interval(sent)?.start === at ? sent : render(at);
}

/** A dateTime or instant: the text as sent in `<prefix>`, its interval in `<prefix>_start` and `_end`. */
export function dateTime<P extends string>(prefix: P): DateElement<string, P | RangeNames<P>> {
  return moment(prefix, instantText);
}

/** A date; what has no text as sent is rendered as a calendar day. */
export function date<P extends string>(prefix: P): DateElement<string, P | RangeNames<P>> {
  return moment(prefix, (milliseconds) => instantText(milliseconds).slice(0, 10));
}

function moment<P extends string>(prefix: P, render: (milliseconds: number) => string) {
  const name = rangeNames(prefix);
  const element: DateElement<string, P | RangeNames<P>> = {
    columns: [column(prefix), column(name.start, ABSENT), column(name.end, ABSENT)],
    date: name,
    read: (row) => textAt(row, prefix, name.start, render),
    write: (value, into) => {
      into[prefix] = value;
      writeRange(prefix, interval(value), into);
    },
  };
  return element;
}

type PeriodNames<P extends string> = `${P}_from` | `${P}_to` | RangeNames<P>;

/** A Period that is searched: the texts as sent in `<prefix>_from` and `_to`, their interval in `_start` and `_end`. */
export function period<P extends string>(prefix: P): DateElement<Period, PeriodNames<P>> {
  const name = rangeNames(prefix);
  const from = `${prefix}_from` as const;
  const to = `${prefix}_to` as const;
  return {
    columns: [column(from), column(to), column(name.start, ABSENT), column(name.end, ABSENT)],
    date: name,
    read: (row) => {
      const start = numberOf(row, name.start);
      const end = numberOf(row, name.end);
      if (start === undefined || start === ABSENT || end === undefined) return undefined;
      const read: Period = {};
      if (start !== OPEN_START) read.start = textAt(row, from, name.start, instantText) ?? instantText(start);
      if (end !== OPEN_END) {
        const sent = textOf(row, to);
        read.end = sent !== undefined && interval(sent)?.end === end ? sent : instantText(end - 1);
      }
      return read;
    },
    write: (value, into) => {
      into[from] = value.start ?? null;
      into[to] = value.end ?? null;
      writeRange(prefix, periodInterval(value.start, value.end), into);
    },
  };
}

/** A Period that is not searched, as two texts: `<prefix>_from` and `<prefix>_to`. */
export function span<P extends string>(prefix: P): Element<Period, `${P}_from` | `${P}_to`> {
  const from = `${prefix}_from` as const;
  const to = `${prefix}_to` as const;
  return {
    columns: [column(from), column(to)],
    read: (row) => {
      const start = textOf(row, from);
      const end = textOf(row, to);
      if (start === undefined && end === undefined) return undefined;
      return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
    },
    write: (value, into) => {
      into[from] = value.start ?? null;
      into[to] = value.end ?? null;
    },
  };
}

/**
 * A Timing is found by the interval of its bounds or events, but has no columns of its own: it reads as absent, and
 * the engine keeps it whole.
 */
export function timing<P extends string>(prefix: P): DateElement<Timing, RangeNames<P>> {
  const name = rangeNames(prefix);
  return {
    columns: [column(name.start, ABSENT), column(name.end, ABSENT)],
    date: name,
    read: () => undefined,
    write: (value, into) => writeRange(prefix, timingInterval(value), into),
  };
}

function timingInterval(timing: Timing): Interval | undefined {
  const bounds = timing.repeat?.boundsPeriod;
  const all = [
    ...(timing.event ?? []).map((event) => interval(event)),
    ...(bounds ? [periodInterval(bounds.start, bounds.end)] : []),
  ].filter((each) => each !== undefined);
  if (all.length === 0) return undefined;
  return { start: Math.min(...all.map((each) => each.start)), end: Math.max(...all.map((each) => each.end)) };
}
