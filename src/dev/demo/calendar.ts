export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** All of the demo data lie in this year, in the central time zone of the United States. */
export const TIME_ZONE = 'America/Chicago';
export const YEAR_START = Date.parse('2025-11-01T00:00:00-05:00');

const WINTER_START = Date.parse('2025-11-02T02:00:00-05:00');
const WINTER_END = Date.parse('2026-03-08T02:00:00-06:00');

/** A FHIR dateTime with the offset of the place. */
export function dateTime(at: number): string {
  const hours = at >= WINTER_START && at < WINTER_END ? 6 : 5;
  return `${new Date(at - hours * HOUR).toISOString().slice(0, 19)}-0${String(hours)}:00`;
}

export const date = (at: number): string => dateTime(at).slice(0, 10);

export const minutesAfter = (at: number, minutes: number): number => at + Math.round(minutes * 60) * SECOND;

/** Whole years, rounded down; 0 for an infant. */
export function yearsOld(birthDate: string, at: number): number {
  const today = date(at);
  const years = Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4));
  return today.slice(5) < birthDate.slice(5) ? years - 1 : years;
}
