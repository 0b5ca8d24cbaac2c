/**
 * FHIR dates as intervals. A date, dateTime or instant stands for all moments that its precision leaves open
 * (https://hl7.org/fhir/R4/search.html#date): `2024` is the whole year. Times are milliseconds since 1970 UTC;
 * what has no zone is read in UTC, which is Portico's zone.
 */
export interface Interval {
  /** First millisecond. */
  readonly start: number;
  /** First millisecond after it. */
  readonly end: number;
}

/** Stands in a column of times where the element is absent. Sort columns hold it instead of NULL, so that cursors stay row values. */
export const ABSENT = -9_000_000_000_000_000;
/** A period without a start, or without an end. */
export const OPEN_START = -8_640_000_000_000_000;
export const OPEN_END = 8_640_000_000_000_000;

const pattern = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/** The interval of a FHIR date, dateTime or instant, or undefined when the text is none (so also `2024-02-30`). */
export function interval(text: string): Interval | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const at = moment(number(year), number(month, 1), number(day, 1));
  if (at === undefined) return undefined;
  if (month === undefined) return { start: at, end: yearStart(number(year) + 1) };
  if (day === undefined) return { start: at, end: nextMonth(number(year), number(month)) };
  if (hour === undefined) return { start: at, end: at + 86_400_000 };
  const offset = zoneMinutes(zone);
  if (offset === undefined || number(hour) > 23 || number(minute) > 59 || number(second, 0) > 60) return undefined;
  // A leap second is counted as the last second of its minute.
  const seconds = Math.min(number(second, 0), 59);
  const milliseconds = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000 + 1e-6);
  const start = at + ((number(hour) * 60 + number(minute) - offset) * 60 + seconds) * 1000 + milliseconds;
  return { start, end: start + width(second, fraction) };
}

/** The interval of a FHIR Period; a missing side is open. */
export function periodInterval(start: string | undefined, end: string | undefined): Interval | undefined {
  if (start === undefined && end === undefined) return undefined;
  const from = start === undefined ? OPEN_START : interval(start)?.start;
  const to = end === undefined ? OPEN_END : interval(end)?.end;
  return from === undefined || to === undefined ? undefined : { start: from, end: to };
}

/** The text of a moment that no text was kept for, as an instant in UTC, or as a date. */
export function instantText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

const number = (text: string | undefined, absent = NaN): number => (text === undefined ? absent : Number(text));

function width(second: string | undefined, fraction: string | undefined): number {
  if (second === undefined) return 60_000;
  if (fraction === undefined) return 1000;
  return Math.max(1, 10 ** (3 - fraction.length));
}

function zoneMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
  return minutes > 14 * 60 || Number(zone.slice(4)) > 59 ? undefined : zone.startsWith('-') ? -minutes : minutes;
}

/** Date.UTC reads the years 0 to 99 as 1900 to 1999. */
function utc(year: number, month: number, day: number): Date {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date;
}

function moment(year: number, month: number, day: number): number | undefined {
  const date = utc(year, month, day);
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() : undefined;
}

const yearStart = (year: number): number => utc(year, 1, 1).getTime();
const nextMonth = (year: number, month: number): number =>
  month === 12 ? yearStart(year + 1) : utc(year, month + 1, 1).getTime();
