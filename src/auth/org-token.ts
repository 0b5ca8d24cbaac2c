import type { Access } from '../access/narrow.js';
import { RefusedToken } from '../audit/event.js';
import { secretLimits } from '../limits/rules.js';
import type { AuthOptions } from './issue.js';
import { DEAD } from './bearer.js';
import { credentialAsked, knownCredential, liveCredential, noteUse, ownsSecret, type Credential } from './store.js';

const shape = /^pto_([0-9A-Za-z]{16})_[0-9A-Za-z]{49}$/;

/**
 * An organization's token used as it is, on the native API (PULSARA). It is found by its public id and compared as a
 * hash, in constant time; whether it still lives is asked each time. Errors: 401 `expired`, LimitedError.
 */
export async function openOrgToken(token: string, ip: string, options: AuthOptions): Promise<Access> {
  const { own, failures, now } = options;
  const id = shape.exec(token)?.[1] ?? '';
  const limits = secretLimits(id, ip);
  await failures.checkAll(limits);
  const credential = await liveCredential(own, id, now());
  if (!ownsSecret(credential, token, now()) || credential?.kind !== 'org') {
    await failures.count(...limits);
    const known = await knownCredential(own, id);
    throw new RefusedToken(known ? credentialAsked(known) : { tenant: '' }, 'expired', 'The token is not valid', DEAD);
  }
  await noteUse(own, credential, now());
  return accessOf(credential, options);
}

/** It opens its ceiling, as far as its organization allows that now. */
function accessOf({ id, tenant, scopeCeiling: ceiling, policy, patient }: Credential, { scopes }: AuthOptions): Access {
  const grants = scopes.grants(scopes.effective({ ceiling, policy, patient }));
  return { tenant, credential: id, kind: 'org', grants, ...(patient !== undefined && { patient }) };
}
