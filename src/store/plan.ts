import type { OutcomeError } from '../outcome.js';

/**
 * A write that is ready to run: plain data, so that committing it is short and nothing is awaited in between.
 * Statements are in the driver's own notation.
 */
export interface PlannedStatement {
  readonly sql: string;
  readonly bindings: readonly unknown[];
  /** How many rows it must change or, where it selects, find; anything else means that somebody else was faster. */
  readonly rows?: number;
  /** Why nothing may be written when it is another number; without it, somebody else was faster. */
  readonly refusal?: OutcomeError;
}

export interface Plan {
  readonly statements: readonly PlannedStatement[];
  /** Nobody is told that it is on disk: the next plan that has not said so syncs this one too. */
  readonly unsynced?: true;
}

/** A plan met another state than the one it was made for. Nothing of it was written. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
}

/** What a statement that met another number of rows than it must ends its transaction with. */
export const unmet = ({ rows, refusal }: PlannedStatement, met: number | null): Error =>
  refusal ?? new GuardError(`${String(met)} rows, not ${String(rows)}`);

/** All or nothing of several plans. */
export const together = (plans: readonly Plan[]): Plan => ({ statements: plans.flatMap((plan) => plan.statements) });
