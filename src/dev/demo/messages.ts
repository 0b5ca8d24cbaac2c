import { MINUTE, minutesAfter, yearsOld } from './calendar.js';
import type { Case } from './cases.js';
import { AFTERWARDS, CHILD_CREW, CREW, HOSPITAL, TALK, TRIAGE } from './phrases.js';
import type { Clinician } from './practitioners.js';
import type { Random } from './random.js';
import type { Reading } from './vitals.js';

export interface Message {
  readonly at: number;
  readonly from: Clinician;
  readonly to: readonly Clinician[];
  readonly text: string;
  readonly isUrgent: boolean;
}

interface Scene extends Omit<Case, 'acuity' | 'messages'> {
  readonly first: number;
  readonly arrival: number;
}

/** The team's chat: the plan says how many messages, the case what they are about. */
export function writeMessages(scene: Scene, random: Random): Message[] {
  const { plan, end } = scene;
  if (plan.messages === 0) return [];
  const [opening, ...others] = [openingOf(scene, random), ...conversation(scene, random)];
  const chosen = new Set(random.shuffled(others).slice(0, plan.messages - 1));
  const script = [opening, ...others.filter((each) => chosen.has(each))];
  for (const reading of scene.readings) {
    if (script.length >= plan.messages) break;
    if (!script.some(({ text }) => text === vitalsIn(reading))) script.push(bedside(scene, reading));
  }
  while (script.length < plan.messages) script.push(say(scene, end, 'nurse', 'physician', 'No change.'));
  return inOrder(script);
}

type Role = keyof Case['team'];

const say = ({ team }: Scene, at: number, from: Role, to: Role, text: string, isUrgent = false): Message => ({
  at,
  from: team[from],
  to: [team[to]],
  text,
  isUrgent,
});

function openingOf(scene: Scene, random: Random): Message {
  const { plan, first, team } = scene;
  const isInbound = plan.arrival === 'INBOUND_EMS';
  const crew = yearsOf(plan) < 12 ? CHILD_CREW : TALK[plan.type].crew;
  const text = fill(random.pick(isInbound ? crew : TRIAGE), scene);
  const message = say(scene, minutesAfter(first, 4), isInbound ? 'medic' : 'nurse', 'physician', text, true);
  return { ...message, to: isInbound ? [team.charge, team.physician] : [team.physician] };
}

/** More than is needed, in the order of time. */
function conversation(scene: Scene, random: Random): Message[] {
  const { plan, first, arrival, end, readings, labs } = scene;
  const isInbound = plan.arrival === 'INBOUND_EMS';
  const before = (share: number): number => Math.round(first + 5 * MINUTE + (arrival - first) * share);
  const after = (share: number): number => Math.round(arrival + (end - arrival) * share);
  const talk: Message[] = [];
  if (isInbound) {
    random
      .shuffled(HOSPITAL)
      .slice(0, 3)
      .forEach((text, index) =>
        talk.push(say(scene, before(0.15 + index * 0.2), 'charge', 'medic', fill(text, scene))),
      );
    CREW.forEach((text, index) =>
      talk.push(say(scene, before(0.2 + index * 0.22), index % 2 ? 'partner' : 'medic', 'charge', text)),
    );
    for (const reading of readings.filter(({ by }) => by === 'ems').slice(1, 4)) talk.push(bedside(scene, reading));
  }
  TALK[plan.type].specialist.forEach((text, index) =>
    talk.push(say(scene, after(0.02 + index * 0.22), 'specialist', 'physician', text, index === 0)),
  );
  for (const reading of readings.filter(({ by }) => by === 'hospital').slice(0, 4)) talk.push(bedside(scene, reading));
  for (const { finding, line } of labs.filter(({ line }) => line.flag !== 'N').slice(0, 4)) {
    const value = [line.value, line.unit ?? ''].join(' ').trim();
    talk.push(
      say(scene, minutesAfter(finding.at, 26), 'nurse', 'physician', `Back from the lab: ${line.test} ${value}.`),
    );
  }
  AFTERWARDS.forEach((text, index) => talk.push(say(scene, after(0.7 + index * 0.08), 'nurse', 'specialist', text)));
  return talk.filter(({ at }) => at < end);
}

function bedside(scene: Scene, reading: Reading): Message {
  const isEms = reading.by === 'ems';
  return say(scene, reading.at + MINUTE, isEms ? 'medic' : 'nurse', isEms ? 'charge' : 'physician', vitalsIn(reading));
}

function vitalsIn({ heartRate, systolic, diastolic, respiratoryRate, oxygenSaturation, oxygen }: Reading): string {
  const parts: string[] = [];
  if (heartRate !== undefined) parts.push(`HR ${String(heartRate)}`);
  if (systolic !== undefined)
    parts.push(`BP ${String(systolic)}/${diastolic === undefined ? 'palp' : String(diastolic)}`);
  if (respiratoryRate !== undefined) parts.push(`RR ${String(respiratoryRate)}`);
  if (oxygenSaturation !== undefined)
    parts.push(`SpO2 ${String(oxygenSaturation)} %${oxygen === undefined ? '' : ` on ${String(oxygen)} L`}`);
  return `${parts.join(', ')}.`;
}

function fill(text: string, { plan, complaint, room, first, arrival }: Scene): string {
  const { person } = plan;
  const years = yearsOf(plan);
  const age = years < 2 ? 'Infant' : `${person.born === undefined ? 'About ' : ''}${String(years)} y ${person.gender}`;
  const eta = Math.max(2, Math.round((arrival - first) / MINUTE) - 6);
  return text
    .replace('{age}', age)
    .replace('{complaint}', complaint.charAt(0).toLowerCase() + complaint.slice(1))
    .replace('{room}', room)
    .replace('{eta}', String(eta));
}

const yearsOf = ({ person, start }: Scene['plan']): number => person.age ?? yearsOld(person.born ?? '', start);

/** Sorted, and no two at the same second: people type one after the other. */
function inOrder(script: readonly Message[]): Message[] {
  let last = 0;
  return [...script]
    .sort((a, b) => a.at - b.at)
    .map((message) => {
      last = Math.max(message.at, last + 20_000);
      return { ...message, at: last };
    });
}
