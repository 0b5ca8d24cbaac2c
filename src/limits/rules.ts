import { networkOf, wideNetworkOf } from './network.js';

/** How often something may fail within a time, which begins with the first failure. */
export interface FailureRule {
  readonly failures: number;
  readonly seconds: number;
  /** What the operator is told when it has: a line of the log, once in that time. */
  readonly alarm?: string;
}

const QUARTER = 15 * 60;

/** What may fail how often (THREAT 58 to 60). Each is counted for the key that its comment names. */
export const failureRules = {
  /** Client id and network, never the client alone: who guesses must not lock out who knows. */
  secret: { failures: 30, seconds: 60 },
  /** Network: whoever tries one client after the other. */
  secrets: { failures: 300, seconds: QUARTER },
  /** The /24 or /48 of a network: whoever has many addresses. */
  wideSecrets: {
    failures: 1200,
    seconds: QUARTER,
    alarm: 'the secrets of clients are guessed from a range of addresses',
  },
  /** Account and network. */
  password: { failures: 5, seconds: QUARTER },
  /** Account: beyond it every attempt is slowed down, and none refused. */
  account: { failures: 20, seconds: 60 * 60 },
  /** Network. */
  network: { failures: 100, seconds: QUARTER },
  /** The /24 or /48 of a network. */
  wideNetwork: {
    failures: 400,
    seconds: QUARTER,
    alarm: 'the passwords of users are guessed from a range of addresses',
  },
  /** Everybody: nobody is refused by it, but the operator is told (THREAT 59). */
  everybody: { failures: 1000, seconds: QUARTER, alarm: 'many logins fail: somebody may be trying stolen passwords' },
  /** Account: wrong second factors. */
  secondFactor: { failures: 10, seconds: 60 * 60 },
  /** Network: requests of apps, good or bad, each of which is kept for a while. */
  authorize: { failures: 3000, seconds: 15 * 60 },
} as const satisfies Record<string, FailureRule>;

/** How many refused requests are recorded one by one (docs/decisions/0010). All have the same time. */
export const strangerRules = {
  network: { failures: 100, seconds: QUARTER },
  wideNetwork: { failures: 400, seconds: QUARTER },
  everybody: { failures: 5000, seconds: QUARTER },
  credential: { failures: 100, seconds: QUARTER },
} as const satisfies Record<string, FailureRule>;

/** A key that is counted, and how far. */
export type Limit = readonly [key: string, rule: FailureRule];

/** What counts for a proof by secret: who guesses locks out neither the client itself nor, before long, their neighbours. */
export function secretLimits(id: string, ip: string): readonly Limit[] {
  const network = networkOf(ip);
  return [
    [`secret ${id.slice(0, 64)} ${network}`, failureRules.secret],
    [`secrets ${network}`, failureRules.secrets],
    [`secrets of ${wideNetworkOf(ip)}`, failureRules.wideSecrets],
  ];
}

/** What counts for a proof by password. The account alone refuses nobody: it only makes attempts slower. */
export function loginLimits(email: string, ip: string) {
  const network = networkOf(ip);
  return {
    network: [`login ${network}`, failureRules.network],
    both: [`login ${email} ${network}`, failureRules.password],
    range: [`login of ${wideNetworkOf(ip)}`, failureRules.wideNetwork],
    account: [`login ${email}`, failureRules.account],
  } as const satisfies Record<string, Limit>;
}

/** All failed logins of everybody. */
export const EVERYBODY: Limit = ['login', failureRules.everybody];

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

/** Of what an organization may ask, what one sender may take at the most. */
export interface Share {
  readonly perMinute: number;
  readonly burst: number;
}

/** One of several apps: the rest is left for the others. Who is alone may take everything. */
export const SHARE: Share = { perMinute: 0.8, burst: 0.8 };

/**
 * Kinds of senders whose share is the same whether others are there or not. A patient makes keys as they like: one of
 * their apps must starve neither those of other patients nor, all together, what the organization itself runs.
 */
export const kindShares: ReadonlyMap<string, { readonly each: Share; readonly together: Share }> = new Map([
  ['portal', { each: { perMinute: 0.1, burst: 0.25 }, together: { perMinute: 0.5, burst: 0.5 } }],
]);

/** A part of a plan; whoever may ask at all may ask once. */
export const partOf = (plan: Plan, share: Share): Plan => ({
  perMinute: Math.max(1, Math.floor(plan.perMinute * share.perMinute)),
  burst: Math.max(1, Math.floor(plan.burst * share.burst)),
});
