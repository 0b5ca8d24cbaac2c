import { apportion } from './apportion.js';
import { DEMO_COUNTS, DEMO_PATIENT } from './counts.js';
import type { Draft } from './plan.js';
import { PRESENTATIONS } from './presentations.js';
import { Random } from './random.js';

/** How many of each a case has, for every tenant of it. */
export interface Totals {
  readonly observations: number;
  readonly messages: number;
  readonly psrs: number;
}

const LEAST_OBSERVATIONS = 20;
const LEAST_MESSAGES = 2;
const SUPERSEDED = 15;
/** Of the cases that still run. */
const PRELIMINARY = 4;

export function shareTotals(drafts: readonly Draft[]): Totals[] {
  const random = new Random('totals');
  const weigh = (weightOf: (draft: Draft, index: number) => number) =>
    drafts.map((draft, index) => ({ copies: draft.tenants.length, weight: weightOf(draft, index) }));
  const psrs = planSummaries(drafts, random);
  const observations = apportion(
    DEMO_COUNTS.observations,
    weigh((draft) => observationWeight(draft, random)),
    LEAST_OBSERVATIONS,
  );
  const messages = apportion(
    DEMO_COUNTS.messages,
    weigh((draft, index) => messageWeight(draft, psrs[index] ?? 0, random)),
    LEAST_MESSAGES,
  );
  return drafts.map((_, index) => ({
    observations: observations[index] ?? 0,
    messages: messages[index] ?? 0,
    psrs: psrs[index] ?? 0,
  }));
}

/** Some reports were made again; each of those costs one row more for every tenant. */
function planSummaries(drafts: readonly Draft[], random: Random): number[] {
  const counts = drafts.map(() => 0);
  let left: number = DEMO_COUNTS.psrs;
  const give = (index: number): boolean => {
    const rows = drafts[index]?.tenants.length ?? 0;
    if (rows > left) return false;
    left -= rows;
    counts[index] = (counts[index] ?? 0) + 1;
    return true;
  };
  const order = random.shuffled([...drafts.keys()]);
  const finished = order.filter((index) => drafts[index]?.status === 'finished');
  const important = order.filter((index) => drafts[index]?.person.id === DEMO_PATIENT.id);
  const active = order.filter((index) => drafts[index]?.status === 'in-progress');
  const queue = [...new Set([...important, ...active.slice(0, PRELIMINARY), ...finished])];
  let again = SUPERSEDED;
  for (const index of queue) {
    const rows = drafts[index]?.tenants.length ?? 0;
    if (give(index) && rows <= again && drafts[index]?.status === 'finished' && random.chance(0.3) && give(index))
      again -= rows;
  }
  return counts;
}

function observationWeight({ status, type, person }: Draft, random: Random): number {
  if (status === 'cancelled') return 0;
  const weight = (0.4 + PRESENTATIONS[type].severity) * (0.5 + random.next());
  return person.id === DEMO_PATIENT.id ? weight * 2 : weight;
}

/** Who sends for a report talks, and more so while the patient is on the way. */
function messageWeight({ status, arrival }: Draft, psrs: number, random: Random): number {
  if (status === 'cancelled' || (psrs === 0 && random.chance(0.8))) return 0;
  return (arrival === 'INBOUND_EMS' ? 1.4 : 0.5) + random.next();
}
