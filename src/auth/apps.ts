import type { Scopes } from '../access/scopes.js';
import { ACT_AS_USER } from '../access/grammar.js';
import { scopeFault } from '../access/scope-fault.js';
import { firstFault, launchUrlFault, originFault, originsOf, redirectUriFault } from './redirect-uri.js';

/** What is registered of an app besides its name and its proof. */
export interface AppDetails {
  readonly scopeCeiling: string;
  readonly redirectUris: readonly string[];
  /** The pages that may use its tokens; by default those of its redirect URIs. */
  readonly origins: readonly string[];
  readonly launchUrl?: string;
}

/** What an app may ask for when its maker names nothing. */
export const APP_CEILING =
  'launch launch/patient launch/encounter openid fhirUser online_access offline_access patient/*.rs';

/** Checks what somebody wants to register. The faults are for them; details come without any. */
export function checkedApp(
  scopes: Scopes,
  {
    scopeCeiling,
    redirectUris,
    origins,
    launchUrl,
  }: Omit<AppDetails, 'origins'> & { readonly origins?: readonly string[] },
): { readonly details: AppDetails; readonly faults: readonly string[] } {
  const found = [
    redirectUris.length === 0 ? 'An app needs a redirect URI' : undefined,
    firstFault(redirectUris, 'redirect URI', redirectUriFault),
    firstFault(origins ?? [], 'origin', originFault),
    firstFault(launchUrl === undefined ? [] : [launchUrl], 'launch URL', launchUrlFault),
    appScopeFault(scopes, scopeCeiling),
  ];
  const faults = found.filter((fault) => fault !== undefined);
  const pages = origins === undefined || origins.length === 0 ? undefined : origins;
  const details = {
    ...{ scopeCeiling, redirectUris },
    origins: pages ?? (faults.length === 0 ? originsOf(redirectUris) : []),
    ...(launchUrl !== undefined && { launchUrl }),
  };
  return { details, faults };
}

/** An app acts for a user who is there: it has no scopes of the system. */
function appScopeFault(scopes: Scopes, text: string): string | undefined {
  const fault = scopeFault(scopes, text);
  if (fault !== undefined) return `scopes: ${fault}`;
  const ceiling = scopes.readCeiling(text) ?? [];
  const wrong = ceiling.find(
    (each) =>
      each.text === ACT_AS_USER ||
      each.kind === 'all' ||
      each.kind === 'native' ||
      (each.kind === 'smart' && each.level === 'system'),
  );
  return wrong && `scopes: ${wrong.text} is for services; an app has those of patient/ and user/`;
}
