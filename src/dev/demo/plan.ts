import { apportion } from './apportion.js';
import { date, DAY, MINUTE, YEAR_START, yearsOld } from './calendar.js';
import { DEMO_PATIENT } from './counts.js';
import type { Tenant } from './organizations.js';
import { people, type Person } from './people.js';
import type { PatientType } from './presentation.js';
import { PATIENT_TYPES, PRESENTATIONS } from './presentations.js';
import { Random } from './random.js';
import { settle } from './settle.js';
import { shareTotals, type Totals } from './totals.js';

/** Everything about a case that the totals depend on. All cases are planned at once, and then made one at a time. */
export interface Plan extends Draft, Totals {
  readonly id: string;
  /** The patient's first case, which is where the history is taken. */
  readonly isFirst: boolean;
}

export interface Draft {
  readonly person: Person;
  /** A shared case has a row of everything for each. */
  readonly tenants: readonly Tenant[];
  readonly type: PatientType;
  readonly start: number;
  readonly status: 'finished' | 'in-progress' | 'cancelled';
  readonly arrival: 'INBOUND_EMS' | 'ED_PATIENT' | 'IN_PATIENT';
  readonly origin?: string;
  readonly destination: string;
}

/** Patients who die in the year do so in their last case. */
export const isFatal = ({ person, start }: Pick<Plan, 'person' | 'start'>): boolean =>
  person.traits.deceased === date(start);

/** Cases of both tenants, of the hospital alone, of the agency alone: 300 rows. */
const SHARED = 60;
const HOSPITAL = 130;
const AGENCY = 50;
/** How many of the shared cases are whose; the others divide the rest. */
const BUSY: Readonly<Record<string, number>> = { [DEMO_PATIENT.id]: 8, 'p-011': 4, 'p-012': 1 };

export function planCases(): readonly Plan[] {
  const drafts = settle([
    ...spread(SHARED, (tenants) => tenants.length === 2, shared),
    ...spread(HOSPITAL, (tenants) => tenants.join() === 'org_riverside', ofHospital),
    ...spread(AGENCY, (tenants) => tenants.join() === 'org_valley_ems', ofAgency),
  ]).sort((a, b) => a.start - b.start);
  const totals = shareTotals(drafts);
  const seen = new Set<Person>();
  return drafts.map((draft, index) => {
    const isFirst = !seen.has(draft.person) && draft.status !== 'cancelled';
    if (isFirst) seen.add(draft.person);
    return { ...draft, ...(totals[index] as Totals), id: `ch-${String(index + 1).padStart(4, '0')}`, isFirst };
  });
}

type Journey = Pick<Draft, 'tenants' | 'arrival' | 'destination'> & { readonly origin?: string };

const shared = (): Journey => ({
  tenants: ['org_riverside', 'org_valley_ems'],
  arrival: 'INBOUND_EMS',
  origin: 'valley-ems',
  destination: 'riverside',
});

function ofHospital(random: Random): Journey {
  const tenants = ['org_riverside'] as const;
  const arrival = random.weighted(['ED_PATIENT', 'INBOUND_EMS', 'IN_PATIENT'] as const, (each) =>
    each === 'ED_PATIENT' ? 5 : 2,
  );
  if (arrival !== 'INBOUND_EMS') return { tenants, arrival, destination: 'riverside' };
  return { tenants, arrival, origin: random.chance(0.7) ? 'harlow-fire' : 'skyline-air', destination: 'riverside' };
}

const ofAgency = (random: Random): Journey => ({
  tenants: ['org_valley_ems'],
  arrival: 'INBOUND_EMS',
  origin: 'valley-ems',
  destination: random.chance(0.6) ? 'st-brendan' : 'harlow-community',
});

/** Spreads cases over the patients that only these tenants know, on days of their own. */
function spread(
  count: number,
  isTheirs: (tenants: readonly Tenant[]) => boolean,
  travel: (random: Random) => Journey,
): Draft[] {
  const theirs = people.filter(({ tenants }) => isTheirs(tenants));
  const counts = apportion(
    count - theirs.reduce((sum, { id }) => sum + (BUSY[id] ?? 0), 0),
    theirs.map((person) => ({
      copies: 1,
      weight: person.id in BUSY ? 0 : new Random('visits', person.id).next() + 0.4,
    })),
    1,
  );
  return theirs.flatMap((person, index) => {
    const random = new Random('cases', person.id);
    const days = random.shuffled(Array.from({ length: 360 }, (_, day) => day + 1));
    return days.slice(0, BUSY[person.id] ?? counts[index]).map((day): Draft => {
      const start = YEAR_START + day * DAY + random.whole(0, 24 * 60 - 1) * MINUTE;
      const journey = travel(random);
      return { ...journey, person, type: typeOf(person, journey, start, random), start, status: 'finished' };
    });
  });
}

function typeOf(person: Person, { arrival }: Journey, start: number, random: Random): PatientType {
  const age = person.age ?? yearsOld(person.born ?? '', start);
  return random.weighted(PATIENT_TYPES, (type) => {
    const { weight, ages, isCarried } = PRESENTATIONS[type];
    const isPossible = type === 'obstetrics' ? person.traits.pregnant === true : arrival !== 'ED_PATIENT' || !isCarried;
    return isPossible && age >= ages[0] && age <= ages[1] ? weight : 0;
  });
}
