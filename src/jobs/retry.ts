import type { Job } from './job.js';

/** How long a queue goes on trying. */
export interface RetryRule {
  /** Before the second attempt; each further wait is twice as long. */
  readonly firstMilliseconds: number;
  readonly mostMilliseconds: number;
  /** From the first attempt on. */
  readonly forMilliseconds: number;
  /** Also counts those that ended with their process, so that a job which kills it does not do so for ever. */
  readonly attempts: number;
}

/** Why an attempt failed, in a word that the code chose: it is shown and logged, and never quotes anybody. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly final: boolean;
  /** Milliseconds since 1970 UTC: what the other side asked for. */
  readonly notBefore: number;

  constructor(
    readonly reason: string,
    options: { readonly final?: boolean; readonly notBefore?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(reason, { cause: options.cause });
    this.final = options.final ?? false;
    this.notBefore = options.notBefore ?? 0;
  }
}

/** When a job is tried again after a failure, or undefined when it is given up. */
export function nextTry(job: Job, rule: RetryRule, now: number, notBefore = 0): number | undefined {
  const end = (job.firstTriedAt ?? now) + rule.forMilliseconds;
  if (now >= end || job.attempts >= rule.attempts) return undefined;
  const wait = Math.min(rule.firstMilliseconds * 2 ** (job.attempts - 1), rule.mostMilliseconds);
  // Half of it is chance, so that those who failed together do not come back together.
  const chosen = wait / 2 + Math.random() * (wait / 2);
  return Math.max(Math.min(now + Math.round(chosen), end), notBefore);
}
