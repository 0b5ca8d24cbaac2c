import { ofPatient, type Access } from '../access/narrow.js';
import { relative } from '../define/elements/references.js';
import { OutcomeError } from '../outcome.js';
import type { Sent } from '../store/draft.js';
import { referencesIn } from '../store/references.js';
import type { Entry } from '../store/render.js';
import type { Facade } from './facade.js';

const local = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/;

/**
 * A patient's credential refers to that patient's own record and to the directory alone: a reference to a row that it
 * does not see would be followed by others who do. What another writer put there stays,
 * and what is written with it is theirs.
 * Errors: 422 `invalid-resource`, for what is hidden and for what does not exist.
 */
export async function refuseForeign(
  { registry, rows, base }: Facade,
  access: Access,
  { resource }: Sent,
  existing: Entry | undefined,
  beside: ReadonlySet<string> = new Set(),
): Promise<void> {
  if (access.patient === undefined) return;
  const kept = new Set(existing ? referencesIn(JSON.parse(existing.text)) : []);
  const byType = new Map<string, string[]>();
  for (const reference of referencesIn(resource)) {
    const [whole, type, id] = local.exec(relative(reference, base)) ?? [];
    if (type === undefined || id === undefined || kept.has(reference) || beside.has(whole as string)) continue;
    byType.set(type, [...(byType.get(type) ?? []), id]);
  }
  const narrowing = ofPatient(access, access.patient);
  for (const [type, ids] of byType) {
    const target = registry.get(type);
    if (!target || target.patient === 'shared') continue;
    const wanted = [...new Set(ids)];
    const found = await rows.readAll(target, wanted, narrowing);
    if (found.length < wanted.length)
      throw new OutcomeError(422, 'invalid-resource', `A reference to ${type} names nothing that the token opens`);
  }
}
