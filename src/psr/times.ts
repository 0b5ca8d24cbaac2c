const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than a whole page. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  formats.set(timeZone, format);
  return format;
}

/** Prints times in one zone. */
export interface Clock {
  /** `2026-03-14 09:40`; a date without a time as it is. */
  dateTime(iso: string | undefined): string | undefined;
  /** `09:40` */
  time(milliseconds: number): string;
}

export function clockIn(timeZone: string): Clock {
  const format = formatOf(timeZone);
  const parts = (milliseconds: number): Record<string, string> =>
    Object.fromEntries(format.formatToParts(milliseconds).map(({ type, value }) => [type, value]));
  return {
    dateTime: (iso) => {
      if (iso === undefined || !iso.includes('T')) return iso;
      const milliseconds = Date.parse(iso);
      if (Number.isNaN(milliseconds)) return undefined;
      const { year = '', month = '', day = '', hour = '', minute = '' } = parts(milliseconds);
      return `${year}-${month}-${day} ${hour}:${minute}`;
    },
    time: (milliseconds) => {
      const { hour = '', minute = '' } = parts(milliseconds);
      return `${hour}:${minute}`;
    },
  };
}

/** `+1:05` for an hour and five minutes after the start; negative before it. */
export function elapsed(fromIso: string | undefined, toIso: string | undefined): string | undefined {
  const minutes = Math.round((Date.parse(toIso ?? '') - Date.parse(fromIso ?? '')) / 60_000);
  if (Number.isNaN(minutes)) return undefined;
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${minutes < 0 ? '–' : '+'}${String(hours)}:${String(rest).padStart(2, '0')}`;
}

/** Age on a day, in the unit that a clinician would use; undefined unless the birth date is a full date before it. */
export function ageOn(birthDate: string | undefined, iso: string): string | undefined {
  if (birthDate?.length !== 10) return undefined;
  const [birthYear = 0, birthMonth = 0, birthDay = 0] = birthDate.split('-').map(Number);
  const [year = 0, month = 0, day = 0] = iso.slice(0, 10).split('-').map(Number);
  const months = (year - birthYear) * 12 + month - birthMonth - (day < birthDay ? 1 : 0);
  if (Number.isNaN(months) || months < 0) return undefined;
  if (months >= 24) return `${String(Math.floor(months / 12))} years`;
  return months === 1 ? '1 month' : `${String(months)} months`;
}
