import { MINUTE, yearsOld } from './calendar.js';
import type { Side } from './organizations.js';
import type { Person } from './people.js';
import { isFatal, type Plan } from './plan.js';
import type { Strain } from './presentation.js';
import { PRESENTATIONS } from './presentations.js';
import { Random } from './random.js';

/** What was read off the monitor at one time; what was not looked at is left out. */
export interface Reading {
  readonly at: number;
  readonly by: Side;
  heartRate?: number;
  systolic?: number;
  /** Left out where the pressure was taken by palpation. */
  diastolic?: number;
  respiratoryRate?: number;
  oxygenSaturation?: number;
  /** Liters per minute, while oxygen is given. */
  oxygen?: number;
  temperature?: number;
  comaScale?: number;
  pain?: number;
}

/** Each is one Observation. */
type Measure = 'heartRate' | 'pressure' | 'respiratoryRate' | 'oxygenSaturation' | 'temperature' | 'comaScale' | 'pain';

/** What is normal at an age, for this patient. */
function baselineOf(person: Person, at: number): Strain {
  const random = new Random('baseline', person.id);
  const age = person.age ?? yearsOld(person.born ?? '', at);
  const [heartRate, systolic, diastolic, respiratoryRate] =
    age < 2 ? [132, 88, 52, 34] : age < 12 ? [94, 102, 62, 21] : age < 65 ? [76, 124, 77, 16] : [73, 137, 78, 17];
  return {
    heartRate: random.around(heartRate, 5),
    systolic: random.around(systolic, 7),
    diastolic: random.around(diastolic, 5),
    respiratoryRate: random.around(respiratoryRate, 1),
    oxygenSaturation: random.around(97.6, 0.5),
    temperature: random.around(36.8, 0.2),
    comaScale: 15,
    pain: 0,
  };
}

type Course = 'better' | 'worse first' | 'worse';

/** How much of the strain is felt when so much of the case has passed. */
function felt(course: Course, passed: number): number {
  if (course === 'better') return passed < 0.2 ? 1 : 1 - 0.95 * (passed - 0.2);
  if (course === 'worse') return 1 + 0.5 * passed;
  return passed < 0.35 ? 1 + passed : 1.35 - 1.45 * (passed - 0.35);
}

function courseOf(plan: Plan, random: Random): Course {
  if (isFatal(plan)) return 'worse';
  return random.weighted(['better', 'worse first', 'worse'] as const, (course) =>
    course === 'better' ? 7 : course === 'worse first' ? 3 : PRESENTATIONS[plan.type].severity,
  );
}

interface Watch {
  readonly first: number;
  /** From here on the hospital reads, and less often. */
  readonly arrival: number;
  /** How many Observations the readings make in all. */
  readonly measures: number;
}

/** A walk from the strain of the first minute to where the course leads, until all measures are spent. */
export function readVitals(plan: Plan, { first, arrival, measures }: Watch): Reading[] {
  const random = new Random('vitals', plan.id);
  const course = courseOf(plan, random);
  const walk = new Walk(baselineOf(plan.person, plan.start), PRESENTATIONS[plan.type].strain, random);
  const canTell = (plan.person.age ?? yearsOld(plan.person.born ?? '', plan.start)) >= 4;
  const readings: Reading[] = [];
  let left = measures;
  for (let at = first; left > 0;) {
    const due = measuresDue(readings.length, canTell, plan).slice(0, left);
    left -= due.length;
    const passed = Math.min(1, (measures - left) / measures);
    readings.push(walk.read(at, at < arrival ? 'ems' : 'hospital', felt(course, passed), due));
    const pause = at < arrival ? random.whole(4, 6) : random.whole(11, 19);
    // The first set in hospital is taken at the door.
    at = at < arrival && at + pause * MINUTE >= arrival ? arrival + 2 * MINUTE : at + pause * MINUTE;
  }
  return readings;
}

function measuresDue(index: number, canTell: boolean, { type }: Plan): Measure[] {
  const watchesMind = type === 'stroke' || type === 'trauma' || type === 'toxicology' || type === 'cardiac-arrest';
  return [
    'heartRate',
    'pressure',
    'respiratoryRate',
    'oxygenSaturation',
    ...(index % 4 === 0 ? (['temperature'] as const) : []),
    ...(index % (watchesMind ? 2 : 5) === 0 ? (['comaScale'] as const) : []),
    ...(canTell && index % 3 === 1 ? (['pain'] as const) : []),
  ];
}

const limits = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

class Walk {
  private readonly drift: Record<keyof Strain, number> = {
    heartRate: 0,
    systolic: 0,
    diastolic: 0,
    respiratoryRate: 0,
    oxygenSaturation: 0,
    temperature: 0,
    comaScale: 0,
    pain: 0,
  };
  private oxygen = 0;

  constructor(
    private readonly baseline: Strain,
    private readonly strain: Strain,
    private readonly random: Random,
  ) {}

  read(at: number, by: Side, share: number, due: readonly Measure[]): Reading {
    const value = (name: keyof Strain, jitter: number): number => {
      this.drift[name] = 0.6 * this.drift[name] + this.random.around(0, jitter);
      return this.baseline[name] + this.strain[name] * share + this.drift[name];
    };
    const reading: Reading = { at, by };
    const systolic = Math.round(limits(value('systolic', 4), 52, 240));
    const diastolic = Math.round(limits(value('diastolic', 3), 28, systolic - 14));
    const saturation = Math.round(limits(value('oxygenSaturation', 0.8) + this.oxygen * 0.45, 62, 100));
    const all: Readonly<Record<Measure, () => void>> = {
      heartRate: () => (reading.heartRate = Math.round(limits(value('heartRate', 3), 34, 210))),
      pressure: () => {
        reading.systolic = systolic;
        // In a moving vehicle a weak pulse is felt rather than heard.
        if (by === 'hospital' || systolic > 96 || this.random.chance(0.7)) reading.diastolic = diastolic;
      },
      respiratoryRate: () => (reading.respiratoryRate = Math.round(limits(value('respiratoryRate', 1), 5, 62))),
      oxygenSaturation: () => {
        reading.oxygenSaturation = saturation;
        if (this.oxygen > 0) reading.oxygen = this.oxygen;
      },
      temperature: () => (reading.temperature = Math.round(limits(value('temperature', 0.1), 32, 41.4) * 10) / 10),
      comaScale: () => (reading.comaScale = Math.round(limits(value('comaScale', 0.2), 3, 15))),
      pain: () => (reading.pain = Math.round(limits(value('pain', 0.7), 0, 10))),
    };
    for (const measure of due) all[measure]();
    this.giveOxygen(saturation);
    return reading;
  }

  private giveOxygen(saturation: number): void {
    if (saturation < 86) this.oxygen = 15;
    else if (saturation < 90) this.oxygen = Math.max(this.oxygen, 6);
    else if (saturation < 93) this.oxygen = Math.max(this.oxygen, 2);
    else if (saturation > 97) this.oxygen = this.oxygen > 6 ? 6 : this.oxygen > 2 ? 2 : 0;
  }
}
