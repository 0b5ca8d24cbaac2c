import { MINUTE, minutesAfter } from './calendar.js';
import type { Plan } from './plan.js';
import type { Random } from './random.js';

/** A stamp of the case, and whose it is. */
export interface Stamp {
  readonly event: Event;
  readonly at: number;
  readonly entity: string;
}

export type Timeline = readonly Stamp[];

/** In the order of the form; those that are not set are listed too. */
export const EVENTS = {
  'first-contact': 'First contact',
  'at-patient': 'At patient',
  'ems-scene-departure': 'EMS scene departure',
  eta: 'ETA',
  'ed-arrival': 'ED arrival',
  'door-time': 'Door time',
  'last-known-well': 'Last known well',
  'stop-time': 'Stop time',
} as const;

export type Event = keyof typeof EVENTS;

/** The moments of a case that the rest of it hangs on. */
interface Journey {
  readonly first: number;
  readonly arrival: number;
  readonly lastKnownWell?: number | undefined;
  readonly stamps: Timeline;
}

export function stampTimeline(plan: Plan, random: Random): Journey {
  const { start, destination, origin } = plan;
  const lastKnownWell = plan.type === 'stroke' ? start - random.whole(25, 400) * MINUTE : undefined;
  const well: Stamp[] =
    lastKnownWell === undefined ? [] : [{ event: 'last-known-well', at: lastKnownWell, entity: origin ?? destination }];
  const arrives = (at: number): Stamp[] => [
    { event: 'ed-arrival', at, entity: destination },
    { event: 'door-time', at: minutesAfter(at, 1), entity: destination },
  ];
  if (plan.status === 'cancelled')
    return { first: start, arrival: start, stamps: [{ event: 'first-contact', at: start, entity: destination }] };
  if (origin === undefined) {
    const arrived = plan.arrival === 'ED_PATIENT' ? arrives(start) : [];
    const contact: Stamp = { event: 'first-contact', at: minutesAfter(start, 3), entity: destination };
    return { first: minutesAfter(start, 3), arrival: start, lastKnownWell, stamps: [contact, ...arrived, ...well] };
  }
  const first = minutesAfter(start, random.whole(3, 9));
  const departure = minutesAfter(first, random.whole(9, 24));
  const arrival = minutesAfter(departure, random.whole(7, 26));
  const stamps: Stamp[] = [
    { event: 'first-contact', at: start, entity: origin },
    { event: 'at-patient', at: first, entity: origin },
    { event: 'ems-scene-departure', at: departure, entity: origin },
    { event: 'eta', at: minutesAfter(arrival, random.whole(-3, 2)), entity: origin },
    ...arrives(arrival),
    ...well,
  ];
  return { first, arrival, lastKnownWell, stamps };
}

export const lastStamp = (stamps: Timeline, { destination }: Plan, end: number): Timeline => [
  ...stamps,
  { event: 'stop-time', at: end, entity: destination },
];
