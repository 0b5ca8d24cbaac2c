import { printScopes, type Spelling } from '../access/grammar.js';
import type { Scopes } from '../access/scopes.js';
import { OAuthError } from '../outcome.js';
import type { Credential } from './store.js';

/**
 * The scopes of a client_credentials token (SMART section 3): those asked for, when every one is within the ceiling;
 * without a request, `apiv2` where the ceiling has it, else the ceiling. The answer keeps the spelling of the request,
 * but for what the organization's policy takes away. Errors: 400 `invalid_scope`.
 */
export function grantedScope(scopes: Scopes, credential: Credential, asked: string | undefined): string {
  const ceiling = scopes.readCeiling(credential.scopeCeiling) ?? [];
  if (asked === undefined) return left(scopes, credential, byDefault(credential, ceiling));
  const wanted = scopes.read(asked) ?? [];
  const pinned = credential.patient !== undefined;
  const within = scopes.within(wanted, ceiling, pinned);
  if (within.length < wanted.length || !wanted.every((each) => isForServices(each, pinned))) throw refused();
  return left(scopes, credential, wanted);
}

function byDefault({ kind, patient }: Credential, ceiling: readonly Spelling[]): readonly Spelling[] {
  // SMART Backend Services name what they need.
  if (kind === 'backend') throw refused();
  const all = ceiling.filter((each) => each.kind === 'all');
  return all.length > 0 ? all : ceiling.filter((each) => isForServices(each, patient !== undefined));
}

/**
 * The scopes of a refreshed token (RFC 6749 section 6): some of those that the user allowed, by default all of them. What
 * the client may no longer have falls away; the grant itself stays as it was. Errors: 400 `invalid_scope`.
 */
export function refreshedScope(scopes: Scopes, client: Credential, granted: string, asked: string | undefined): string {
  const original = scopes.readCeiling(granted) ?? [];
  const wanted = asked === undefined ? original : (scopes.read(asked) ?? []);
  // At the levels that the user allowed: a patient's scope is not hidden in a wider one of the system.
  if (scopes.within(wanted, original, false).length < wanted.length) throw refused();
  return left(scopes, { ...client, patient: undefined }, wanted);
}

/** What a token is made for: a text that says what it opens now, and that can be read again. */
function left(
  scopes: Scopes,
  { scopeCeiling: ceiling, policy, patient }: Credential,
  wanted: readonly Spelling[],
): string {
  const text = printScopes(scopes.effective({ ceiling, policy, patient }, wanted));
  if (text === '' || !scopes.read(text)) throw refused();
  return text;
}

/** No user is there: nothing at a user's level, and no context of a launch. */
function isForServices(scope: Spelling, pinned: boolean): boolean {
  if (scope.kind === 'context') return scope.text === 'act_as_user';
  return scope.kind !== 'smart' || (scope.level !== 'user' && (scope.level !== 'patient' || pinned));
}

const refused = (): OAuthError =>
  new OAuthError(400, 'invalid_scope', 'a scope is unknown or beyond what this client may have');
