import { networkOf } from './network.js';

/** How often something may fail within a time, which begins with the first failure. */
export interface FailureRule {
  readonly failures: number;
  readonly seconds: number;
}

/** What may fail how often (THREAT 58 to 60). Each is counted for the key that its comment names. */
export const failureRules = {
  /** Client id and network, never the client alone: who guesses must not lock out who knows. */
  secret: { failures: 30, seconds: 60 },
  /** Network: whoever tries one client after the other. */
  secrets: { failures: 300, seconds: 15 * 60 },
  /** Account and network. */
  password: { failures: 5, seconds: 15 * 60 },
  /** Account: beyond it every attempt is slowed down, and none refused. */
  account: { failures: 20, seconds: 60 * 60 },
  /** Network. */
  network: { failures: 100, seconds: 15 * 60 },
  /** Account: wrong second factors. */
  secondFactor: { failures: 10, seconds: 60 * 60 },
  /** Network: requests of apps, good or bad, each of which is kept for a while. */
  authorize: { failures: 3000, seconds: 15 * 60 },
} as const satisfies Record<string, FailureRule>;

/** What counts for a proof by secret: who guesses locks out neither the client itself nor, before long, their neighbours. */
export function secretLimits(id: string, ip: string): readonly (readonly [key: string, rule: FailureRule])[] {
  const network = networkOf(ip);
  return [
    [`secret ${id.slice(0, 64)} ${network}`, failureRules.secret],
    [`secrets ${network}`, failureRules.secrets],
  ];
}

/** Codes that may be wrong before the challenge itself is spent. */
export const CHALLENGE_ATTEMPTS = 5;

/** Milliseconds that a login waits after so many failures of its account: its owner gets in, a guesser gets nowhere. */
export const slowedBy = (failures: number): number =>
  Math.min(Math.max(failures - failureRules.account.failures, 0), 10) * 500;

/** Requests that an organization may send. */
export interface Plan {
  readonly perMinute: number;
  /** Within one second. */
  readonly burst: number;
}

export const planNames = ['standard', 'enterprise', 'custom'] as const;
export type PlanName = (typeof planNames)[number];

export const plans: Readonly<Record<Exclude<PlanName, 'custom'>, Plan>> = {
  standard: { perMinute: 1000, burst: 100 },
  enterprise: { perMinute: 10_000, burst: 1000 },
};

/** Of an organization's requests, what one of several apps may take at the most: the rest is left for the others. */
export const SHARE = 0.8;
