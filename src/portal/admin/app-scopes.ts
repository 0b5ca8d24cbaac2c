import { meaning } from '../authorize/choices.js';
import type { Scopes } from '../../access/scopes.js';
import type { Registry } from '../../registry.js';
import type { ScopeGroup } from './offered-scopes.js';

/** Scopes that an app can be registered for, as far as the organization allows them. */
export function appScopes(scopes: Scopes, registry: Registry, policy: string | undefined): ScopeGroup[] {
  const types = ['*', ...registry.types];
  const limit = policy === undefined ? undefined : (scopes.readCeiling(policy) ?? []);
  const data = (['patient', 'user'] as const).map((level) => ({
    name: names[level],
    scopes: types
      .map((type) => `${level}/${type}.rs`)
      .flatMap((text) => {
        const [scope] = scopes.readCeiling(text) ?? [];
        const isAllowed = scope && (limit === undefined || scopes.within([scope], limit, true).length === 1);
        return isAllowed ? [{ text, says: meaning(scope) }] : [];
      }),
  }));
  return [{ name: 'The user and the launch', scopes: context }, ...data].filter((group) => group.scopes.length > 0);
}

const names = {
  patient: 'The record of one patient',
  user: 'Whatever the user may see',
} as const;

const context: ScopeGroup['scopes'] = [
  { text: 'openid', says: 'Sign users in' },
  { text: 'fhirUser', says: 'Know which person of the record the user is' },
  { text: 'launch', says: 'Be launched from an EHR, with what it has open' },
  { text: 'launch/patient', says: 'Have a patient chosen' },
  { text: 'launch/encounter', says: 'Know the visit that the EHR has open' },
  { text: 'online_access', says: 'Keep access until the user logs out' },
  { text: 'offline_access', says: 'Keep access while the user is away, for up to 90 days' },
];
