import type { Resource } from '@medplum/fhirtypes';
import { tryNarrow, type Access } from '../../access/narrow.js';
import type { Account } from '../../auth/accounts.js';
import { OutcomeError } from '../../outcome.js';
import type { Pairs } from '../../search/options.js';
import { parse } from '../../search/parse.js';
import type { Entry } from '../../store/render.js';
import { shorterPage } from '../../store/shorter.js';
import type { PortalOptions } from '../visit.js';

/** The patient that a user is. It follows from the session alone: no page takes it from a form or a path. */
export function patientOf({ fhirUser }: Account): string {
  if (fhirUser?.startsWith('Patient/')) return fhirUser.slice('Patient/'.length);
  throw new OutcomeError(403, 'insufficient-scope', 'Your account is not linked to a record; please ask your clinic');
}

/** What patients may see of their own record: the same narrowing that their apps have, whatever else they are. */
export function ownAccess({ scopes }: Pick<PortalOptions, 'scopes'>, account: Account): Access {
  const grants = scopes.grants(scopes.readCeiling('patient/*.rs') ?? []);
  const { tenant, id: user, fhirUser } = account;
  return {
    ...{ tenant, credential: '', kind: 'session', patient: patientOf(account), grants, user },
    ...(fhirUser !== undefined && { fhirUser }),
  };
}

/** What a search of the patient's own record finds, and nothing where the type is not served. */
export async function ownEntries(
  { facade: { registry, rows, base, now } }: PortalOptions,
  access: Access,
  type: string,
  pairs: Pairs,
): Promise<Entry[]> {
  const resource = registry.get(type);
  const narrowing = resource && tryNarrow(access, resource, ['s']);
  if (!resource || !narrowing) return [];
  const request = parse(resource, pairs, { registry, base, handling: 'strict', now: now() });
  return [...(await shorterPage(rows, resource, request, narrowing)).entries];
}

export const resourcesOf = <T extends Resource>(entries: readonly Entry[]): T[] =>
  entries.map(({ text }) => JSON.parse(text) as T);
