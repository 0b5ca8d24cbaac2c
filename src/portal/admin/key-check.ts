import { readJwks } from '../../auth/jwks.js';
import { OutboundError, safeFetch, type OutboundOptions } from '../../outbound/safe-fetch.js';

/** What the URL of a client's keys answers now. */
export interface KeyCheck {
  readonly keys: readonly { readonly kid: string; readonly kind: string }[];
  readonly faults: readonly string[];
}

export const UNREACHED = 'it does not answer over https, from a public address, at once and without a redirect';

/** Asks a JWKS URL as the token endpoint would; what it says beside its keys is shown to nobody (THREAT 19, 20). */
export async function checkKeys(url: string, outbound: OutboundOptions): Promise<KeyCheck> {
  try {
    const { status, body } = await safeFetch(url, outbound);
    if (status !== 200) return { keys: [], faults: [`it answers with status ${String(status)}`] };
    const { keys, faults } = readJwks(body.toString('utf8'));
    return { keys: keys.map(({ kid = '', kty, crv }) => ({ kid, kind: [kty, crv].join(' ').trim() })), faults };
  } catch (error) {
    // Why it was not reached would tell of a network that only this machine sees.
    if (error instanceof OutboundError) return { keys: [], faults: [UNREACHED] };
    throw error;
  }
}
