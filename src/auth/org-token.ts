import type { Access } from '../access/narrow.js';
import { secretLimits } from '../limits/rules.js';
import { OutcomeError } from '../outcome.js';
import type { AuthOptions } from './issue.js';
import { scopePolicyOf } from './orgs.js';
import { liveCredential, noteUse, ownsSecret, type Credential } from './store.js';

const shape = /^pto_([0-9A-Za-z]{16})_[0-9A-Za-z]{49}$/;

/**
 * An organization's token used as it is, on the native API (PULSARA). It is found by its public id and compared as a
 * hash, in constant time; whether it still lives is asked each time. Errors: 401 `expired`, LimitedError.
 */
export async function openOrgToken(token: string, ip: string, options: AuthOptions): Promise<Access> {
  const { own, failures, now } = options;
  const id = shape.exec(token)?.[1] ?? '';
  const limits = secretLimits(id, ip);
  for (const [key, rule] of limits) await failures.check(key, rule);
  const credential = await liveCredential(own, id, now());
  if (!ownsSecret(credential, token, now()) || credential?.kind !== 'org') {
    for (const [key, rule] of limits) await failures.count(key, rule);
    throw new OutcomeError(401, 'expired', 'The token is not valid', {
      headers: { 'WWW-Authenticate': 'Bearer realm="portico", error="invalid_token"' },
    });
  }
  await noteUse(own, credential, now());
  return accessOf(credential, options);
}

/** It opens its ceiling, as far as its organization allows that now. */
async function accessOf({ id, tenant, scopeCeiling, patient }: Credential, options: AuthOptions): Promise<Access> {
  const { own, scopes } = options;
  const ceiling = scopes.readCeiling(scopeCeiling) ?? [];
  const policy = await scopePolicyOf(own, tenant);
  const pinned = patient !== undefined;
  const granted = scopes.withinPolicy(ceiling, policy, pinned);
  return { tenant, credential: id, kind: 'org', grants: scopes.grants(granted), ...(pinned && { patient }) };
}
