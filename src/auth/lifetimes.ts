import type { CredentialKind } from './store.js';

/** Seconds that an access token lives; it dies with its credential whatever they are (SMART section 2). */
export const lifetimes: Readonly<Record<CredentialKind, number>> = {
  portal: 3600,
  org: 36_000,
  client: 36_000,
  backend: 300,
  app: 900,
};

export const LONGEST_LIFE = Math.max(...Object.values(lifetimes));
