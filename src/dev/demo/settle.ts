import { DAY, MINUTE, YEAR_START } from './calendar.js';
import { DEMO_PATIENT } from './counts.js';
import { people } from './people.js';
import type { Draft } from './plan.js';
import type { PatientType } from './presentation.js';
import { Random } from './random.js';

const TODAY = Date.parse('2026-10-31T09:00:00-05:00');
const ACTIVE = 8;

/** The last day's cases still run, one was opened by mistake, and one patient died in the last case they had. */
export function settle(drafts: readonly Draft[]): Draft[] {
  const random = new Random('status');
  const settled = [...drafts];
  const alive = people.filter(({ traits }) => traits.deceased === undefined && !traits.nameless);
  const patients = [...alive.slice(0, 3), ...random.shuffled(alive.slice(3)).slice(0, ACTIVE - 3)];
  for (const person of patients) {
    const index = settled.findIndex((draft) => draft.person === person);
    const start = TODAY + random.whole(0, 6 * 60) * MINUTE;
    settled[index] = { ...(settled[index] as Draft), start, status: 'in-progress' };
  }
  const mistake = settled.findIndex(({ arrival, status }) => arrival === 'ED_PATIENT' && status === 'finished');
  settled[mistake] = { ...(settled[mistake] as Draft), status: 'cancelled' };
  return tellStory(settled).map((draft, index) => {
    const { deceased } = draft.person.traits;
    if (deceased === undefined) return draft;
    const end = Date.parse(`${deceased}T09:40:00-05:00`);
    const isLast = settled.findLastIndex(({ person }) => person === draft.person) === index;
    if (isLast) return { ...draft, type: 'cardiac-arrest', start: end };
    return { ...draft, start: YEAR_START + ((draft.start - YEAR_START) % (end - YEAR_START - DAY)) };
  });
}

/** The patient whom newcomers look at has a year that makes sense, and is on the way to the hospital now. */
const STORY: readonly PatientType[] = [
  'general',
  'sepsis',
  'general',
  'pulmonary-embolism',
  'general',
  'stroke',
  'general',
  'stemi',
];

function tellStory(drafts: readonly Draft[]): Draft[] {
  const theirs = drafts.filter(({ person }) => person.id === DEMO_PATIENT.id).sort((a, b) => a.start - b.start);
  return drafts.map((draft) => ({ ...draft, type: STORY[theirs.indexOf(draft)] ?? draft.type }));
}
