import { measureBody, estimateAge } from './body.js';
import { minutesAfter, yearsOld } from './calendar.js';
import type { LocalCodes } from './coding.js';
import type { Finding } from './findings.js';
import { takeHistory } from './history.js';
import { drawLabs, type LabResult } from './labs.js';
import { writeMessages, type Message } from './messages.js';
import type { Plan } from './plan.js';
import type { Presentation } from './presentation.js';
import { PRESENTATIONS } from './presentations.js';
import { Random } from './random.js';
import { score, type ScoreResult } from './scores.js';
import { gatherTeam, type Team } from './team.js';
import { lastStamp, stampTimeline, type Timeline } from './timeline.js';
import { vitalSignsOf } from './vital-signs.js';
import { readVitals, type Reading } from './vitals.js';

/** One patient channel with all that happened in it, whoever looks. Times are milliseconds. */
export interface Case {
  readonly plan: Plan;
  readonly acuity: Acuity;
  readonly complaint: string;
  /** The vehicle, or the ward. */
  readonly unit: string;
  readonly room: string;
  readonly team: Team;
  readonly timeline: Timeline;
  /** The last thing that happened. */
  readonly end: number;
  readonly readings: readonly Reading[];
  readonly labs: readonly LabResult[];
  readonly scores: readonly ScoreResult[];
  /** In the order of time; as many as the plan says. */
  readonly findings: readonly Finding[];
  readonly messages: readonly Message[];
}

export type Acuity = 'critical' | 'emergent' | 'low';

/** A monitored patient has vital signs, whatever else was found. */
const LEAST_VITALS = 9;

export function makeCase(plan: Plan, codes: LocalCodes): Case {
  const random = new Random('case', plan.id);
  const presentation = PRESENTATIONS[plan.type];
  const team = gatherTeam(plan, random);
  const complaint = random.pick(complaintsOf(presentation, plan));
  const journey = stampTimeline(plan, random);
  const { first, arrival } = journey;
  const by = plan.arrival === 'INBOUND_EMS' ? 'ems' : 'hospital';
  const room = Math.max(0, plan.observations - LEAST_VITALS);

  const known = [
    ...estimateAge(plan.person, first, by),
    ...(plan.isFirst ? takeHistory(plan.person, minutesAfter(arrival, 8)) : []),
    ...(plan.isFirst || random.chance(0.25) ? measureBody(plan.person, minutesAfter(first, 1), by) : []),
  ].slice(0, room);
  const scores = score(plan.type, journey, by, codes, random).slice(0, room - known.length);
  const taken = drawLabs(presentation, minutesAfter(arrival, 14), plan.person.id, random);
  const labs = taken.slice(0, Math.max(0, room - known.length - scores.length));
  const measures = plan.observations - known.length - scores.length - labs.length;
  const readings = readVitals(plan, { first, arrival, measures });
  const findings = [
    ...known,
    ...[...scores, ...labs].map(({ finding }) => finding),
    ...readings.flatMap((reading) => [...vitalSignsOf(reading)]),
  ].sort((a, b) => a.at - b.at);

  const last = Math.max(arrival, ...findings.map(({ at }) => at));
  const end = plan.status === 'cancelled' ? minutesAfter(first, 4) : minutesAfter(last, random.whole(6, 25));
  const timeline = plan.status === 'in-progress' ? journey.stamps : lastStamp(journey.stamps, plan, end);
  const base = {
    plan,
    complaint,
    team,
    timeline,
    end,
    readings,
    labs,
    scores,
    findings,
    ...placeOf(plan, team, random),
  };
  const acuity = acuityOf(presentation.severity, random);
  return { ...base, acuity, messages: writeMessages({ ...base, first, arrival }, random) };
}

function complaintsOf(
  { complaints, walkIn, children }: Presentation,
  { person, start, arrival }: Plan,
): readonly string[] {
  const age = person.age ?? yearsOld(person.born ?? '', start);
  if (age < 12 && children) return children;
  return arrival !== 'INBOUND_EMS' && walkIn ? walkIn : complaints;
}

function acuityOf(severity: number, random: Random): Acuity {
  const badness = severity + random.around(0, 0.1);
  return badness > 0.7 ? 'critical' : badness > 0.25 ? 'emergent' : 'low';
}

function placeOf({ arrival, origin, type }: Plan, { medic }: Team, random: Random): Pick<Case, 'unit' | 'room'> {
  const isSevere = PRESENTATIONS[type].severity > 0.5;
  const room = random.pick(
    isSevere ? ['Resus 1', 'Resus 2', 'Trauma 1'] : ['Room 7', 'Room 12', 'Room 15', 'Fast track 3'],
  );
  if (arrival === 'IN_PATIENT')
    return { unit: random.pick(['4 West', '5 East', 'ICU']), room: `Bed ${String(random.whole(1, 24))}` };
  if (arrival === 'ED_PATIENT') return { unit: 'Emergency department', room };
  const vehicle = /Medic \d+/.exec(medic.role)?.[0];
  return {
    unit: vehicle ?? (origin === 'skyline-air' ? 'Skyline 2' : origin === 'harlow-fire' ? 'Rescue 4' : 'Medic 3'),
    room,
  };
}
