import type { Spelling } from '../access/grammar.js';
import type { Scopes } from '../access/scopes.js';
import type { LaunchContext } from './launch.js';
import type { Role } from './roles.js';
import type { Credential } from './store.js';

const MOST_SCOPES = 64;

/** What the roles of a user let their apps have. A patient's are confined to their own record, whatever their level. */
const limitOf = (roles: readonly Role[]): string =>
  roles.includes('clinician')
    ? 'patient/*.cruds user/*.cruds'
    : roles.includes('patient')
      ? 'patient/*.rs user/*.rs'
      : '';

interface Asking {
  readonly scope: string;
  readonly client: Credential;
  /** The most that the organization allows; undefined for no limit. */
  readonly policy: string | undefined;
  readonly roles: readonly Role[];
  /** What the EHR has open; undefined where none launched the app. */
  readonly launch: LaunchContext | undefined;
}

/**
 * What a user can allow of what an app asks (SMART section 3): what is unknown, or more than the app is registered for,
 * than the organization allows, or than the user may do, falls away. Undefined where nothing is left that is of any use.
 */
export function grantableScopes(scopes: Scopes, asking: Asking): readonly Spelling[] | undefined {
  const { client, policy, roles, launch } = asking;
  const texts = [...new Set(asking.scope.split(' ').filter((each) => each !== ''))];
  if (texts.length > MOST_SCOPES) return undefined;
  const ceiling = scopes.readCeiling(client.scopeCeiling) ?? [];
  const known = scopes.under(
    ceiling,
    texts.flatMap((each) => scopes.readCeiling(each) ?? []),
  );
  const context = known.filter(({ kind, text }) => kind === 'context' && isMeant(text, launch));
  let data = known.filter(({ kind }) => kind === 'smart');
  if (policy !== undefined) data = scopes.under(scopes.readCeiling(policy) ?? [], data, true);
  data = scopes.under(scopes.readCeiling(limitOf(roles)) ?? [], data);
  const left = [...context, ...data].slice(0, MOST_SCOPES);
  return left.some(({ kind, text }) => kind === 'smart' || text === 'openid') ? left : undefined;
}

/** A context that nobody can give is not granted. */
function isMeant(text: string, launch: LaunchContext | undefined): boolean {
  if (text === 'launch') return launch !== undefined;
  return text !== 'launch/encounter' || launch?.encounter !== undefined;
}

/** Whether a patient must be chosen: scopes of the patient's level mean nothing without one. */
export const needsPatient = (granted: readonly Spelling[]): boolean =>
  granted.some((each) => each.text === 'launch/patient' || (each.kind === 'smart' && each.level === 'patient'));
