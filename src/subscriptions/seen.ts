import { narrow, tryNarrow, type Access } from '../access/narrow.js';
import { OutcomeError } from '../outcome.js';
import type { Registry } from '../registry.js';
import { parse } from '../search/parse.js';
import type { Entry } from '../store/render.js';
import type { Rows } from '../store/rows.js';
import { refused, type Terms } from './terms.js';

export interface SeenOptions {
  readonly rows: Rows;
  readonly registry: Registry;
  readonly base: string;
  readonly now: () => number;
}

/** What a credential opens now with these scopes; undefined once it is gone. */
export type LiveAccess = (tenant: string, credential: string, scopes: string) => Promise<Access | undefined>;

/**
 * The resource, where the criteria find it now and the access shows it: the criteria are an ordinary search, held to the
 * narrowing of whoever is told (THREAT 54). Undefined for everything else, so that nothing is told by silence either.
 */
export async function seen(
  { rows, registry, base, now }: SeenOptions,
  access: Access,
  { resource, pairs, content }: Terms,
  id: string,
): Promise<Entry | undefined> {
  const narrowing = tryNarrow(access, resource, ['s']);
  if (!narrowing) return undefined;
  const asked = [...pairs, ['_id', id], ['_count', '1']] as const;
  const reach = (other: Parameters<typeof narrow>[1]) => narrow(access, other, 's');
  try {
    const search = parse(resource, asked, { registry, base, handling: 'strict', now: now(), reach });
    const [entry] = (await rows.find(resource, search, narrowing)).entries;
    if (!entry || !isWhole(content)) return entry;
    // To find it is not yet to read it.
    const reading = tryNarrow(access, resource, ['r']);
    return reading && (await rows.read(resource, id, reading));
  } catch (error) {
    // A scope or a parameter that it needs is not there any more.
    if (error instanceof OutcomeError && error.status < 500) return undefined;
    throw error;
  }
}

export const isWhole = (content: Terms['content']): boolean => content === 'full-resource' || content === 'put';

/** Errors: 403 where the token's scopes do not open what is asked for, 422 where the criteria are no search. */
export function checkSearch(
  { registry, base, now }: SeenOptions,
  access: Access,
  { resource, pairs, content }: Terms,
): void {
  narrow(access, resource, 's');
  if (isWhole(content)) narrow(access, resource, 'r');
  const reach = (other: Parameters<typeof narrow>[1]) => narrow(access, other, 's');
  try {
    parse(resource, pairs, { registry, base, handling: 'strict', now: now(), reach });
  } catch (error) {
    if (error instanceof OutcomeError && error.status === 400) throw refused('criteria', error.message);
    throw error;
  }
}
