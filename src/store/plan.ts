/**
 * A write that is ready to run: plain data, so that committing it is short and nothing is awaited in between.
 * Statements are in the driver's own notation.
 */
export interface PlannedStatement {
  readonly sql: string;
  readonly bindings: readonly unknown[];
  /** How many rows it must change; anything else means that somebody else was faster. */
  readonly rows?: number;
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

/** All or nothing of several plans. */
export const together = (plans: readonly Plan[]): Plan => ({ statements: plans.flatMap((plan) => plan.statements) });
