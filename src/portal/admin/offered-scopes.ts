import { nativeScopes } from '../../../fhir/native-scopes.js';
import type { Scopes } from '../../access/scopes.js';
import type { Registry } from '../../registry.js';

/** Scopes that a token can be given, as a list for people has them. */
export interface ScopeGroup {
  readonly name: string;
  readonly scopes: readonly { readonly text: string; readonly says: string }[];
}

/** What this server serves, and of that what the organization allows. A token never gets more (THREAT 56). */
export function offeredScopes(scopes: Scopes, registry: Registry, policy: string | undefined): ScopeGroup[] {
  const limit = policy === undefined ? undefined : (scopes.readCeiling(policy) ?? []);
  const allowed = (text: string): boolean =>
    limit === undefined || scopes.within(scopes.readCeiling(text) ?? [], limit, false).length === 1;
  return [...general, ...native, smart(registry)]
    .map((group) => ({ ...group, scopes: group.scopes.filter(({ text }) => allowed(text)) }))
    .filter((group) => group.scopes.length > 0);
}

const general: readonly ScopeGroup[] = [
  { name: 'Everything', scopes: [{ text: 'apiv2', says: 'All patients and all data of the organization' }] },
];

const native: readonly ScopeGroup[] = Object.entries(nativeScopes).map(([name, group]) => ({
  name,
  scopes: Object.keys(group).map((each) => ({
    text: `system/${each}.read`,
    says: `Read ${each.replaceAll(/[_-]/g, ' ')}`,
  })),
}));

const smart = (registry: Registry): ScopeGroup => ({
  name: 'SMART on FHIR',
  scopes: [
    { text: 'system/*.rs', says: 'Read and search all resources but audit events' },
    ...registry.types.map((type) => ({ text: `system/${type}.rs`, says: `Read and search ${type}` })),
  ],
});
