import type { Period, Timing } from '@medplum/fhirtypes';
import { ABSENT, instantText, interval, OPEN_END, OPEN_START, periodInterval, type Interval } from '../dates.js';
import {
  column,
  numberAt,
  searchColumn,
  textAt,
  type DraftRow,
  type Element,
  type Places,
  type Reader,
} from './element.js';

/** The columns by which a date is found: half-open, in milliseconds since 1970 UTC. */
export interface DateColumns<C extends string> {
  readonly start: C;
  readonly end: C;
}

export interface DateElement<T, C extends string> extends Element<T, C> {
  readonly date: DateColumns<C>;
}

type RangeNames<P extends string> = `${P}_start` | `${P}_end`;

const rangeNames = <P extends string>(prefix: P): { start: `${P}_start`; end: `${P}_end` } => ({
  start: `${prefix}_start`,
  end: `${prefix}_end`,
});

function writeRange(prefix: string, range: Interval | undefined, into: DraftRow): void {
  into[`${prefix}_start`] = range?.start ?? ABSENT;
  into[`${prefix}_end`] = range?.end ?? ABSENT;
}

/** The text as sent, while it still says what the normalised column says: a native write changes only the latter. */
function momentAt(at: Places, text: string, start: string, render: (milliseconds: number) => string): Reader<string> {
  const sentAt = textAt(at, text);
  const startAt = numberAt(at, start);
  return (row, context) => {
    const milliseconds = startAt(row, context);
    if (milliseconds === undefined || milliseconds === ABSENT) return undefined;
    const sent = sentAt(row, context);
    return sent !== undefined && startOf(sent) === milliseconds ? sent : render(milliseconds);
  };
}

/** JavaScript reads an instant in UTC much faster, and reads it alike; but it knows no leap second. */
function startOf(text: string): number | undefined {
  const moment = text.length > 19 && text.endsWith('Z') ? Date.parse(text) : NaN;
  return Number.isNaN(moment) ? interval(text)?.start : moment;
}

/** What a column of times holds where there is none: ABSENT, so that rows can be sorted by it, or NULL in a sparse one. */
type Absent = { readonly sparse?: true };

const absentIn = ({ sparse }: Absent): number | null => (sparse ? null : ABSENT);

/** A dateTime or instant: the text as sent in `<prefix>`, its interval in `<prefix>_start` and `_end`. */
export function dateTime<P extends string>(prefix: P, absent: Absent = {}): DateElement<string, P | RangeNames<P>> {
  return moment(prefix, instantText, absent);
}

/** A date; what has no text as sent is rendered as a calendar day. */
export function date<P extends string>(prefix: P): DateElement<string, P | RangeNames<P>> {
  return moment(prefix, (milliseconds) => instantText(milliseconds).slice(0, 10), {});
}

function moment<P extends string>(prefix: P, render: (milliseconds: number) => string, absent: Absent) {
  const name = rangeNames(prefix);
  const element: DateElement<string, P | RangeNames<P>> = {
    columns: [column(prefix), column(name.start, absentIn(absent)), searchColumn(name.end, absentIn(absent))],
    date: name,
    reader: (at) => momentAt(at, prefix, name.start, render),
    write: (value, into) => {
      into[prefix] = value;
      writeRange(prefix, interval(value), into);
    },
  };
  return element;
}

type PeriodNames<P extends string> = `${P}_from` | `${P}_to` | RangeNames<P>;

/** A Period that is searched: the texts as sent in `<prefix>_from` and `_to`, their interval in `_start` and `_end`. */
export function period<P extends string>(prefix: P, absent: Absent = {}): DateElement<Period, PeriodNames<P>> {
  const name = rangeNames(prefix);
  const from = `${prefix}_from` as const;
  const to = `${prefix}_to` as const;
  return {
    columns: [column(from), column(to), column(name.start, absentIn(absent)), column(name.end, absentIn(absent))],
    date: name,
    reader: (at) => {
      const startAt = numberAt(at, name.start);
      const endAt = numberAt(at, name.end);
      const startText = momentAt(at, from, name.start, instantText);
      const endText = textAt(at, to);
      return (row, context) => {
        const start = startAt(row, context);
        const end = endAt(row, context);
        if (start === undefined || start === ABSENT || end === undefined) return undefined;
        const read: Period = {};
        if (start !== OPEN_START) read.start = startText(row, context) as string;
        if (end !== OPEN_END) {
          const sent = endText(row, context);
          read.end = sent !== undefined && interval(sent)?.end === end ? sent : instantText(end - 1);
        }
        return read;
      };
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
    reader: (at) => {
      const startAt = textAt(at, from);
      const endAt = textAt(at, to);
      return (row, context) => {
        const start = startAt(row, context);
        const end = endAt(row, context);
        if (start === undefined && end === undefined) return undefined;
        return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
      };
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
    columns: [searchColumn(name.start, ABSENT), searchColumn(name.end, ABSENT)],
    date: name,
    reader: () => () => undefined,
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
