import type { Access } from '../access/narrow.js';
import type { Scopes } from '../access/scopes.js';
import type { Database } from '../store/database.js';
import { liveCredential } from './store.js';

/**
 * What a credential opens now with scopes that it was granted before: as far as it lives, as its ceiling goes and as its
 * organization allows (THREAT 54). Undefined once it is gone.
 */
export const subscriberAccess =
  ({ own, scopes, now }: { readonly own: Database; readonly scopes: Scopes; readonly now: () => number }) =>
  async (tenant: string, id: string, granted: string): Promise<Access | undefined> => {
    const credential = await liveCredential(own, id, now());
    if (!credential || credential.tenant !== tenant) return undefined;
    const { kind, policy, patient, scopeCeiling: ceiling } = credential;
    const left = scopes.effective({ ceiling, policy, patient }, scopes.readCeiling(granted) ?? []);
    const pin = patient === undefined ? {} : { patient };
    return { tenant, credential: id, kind, grants: scopes.grants(left), ...pin };
  };
