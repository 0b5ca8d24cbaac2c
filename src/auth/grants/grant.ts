import type { AuthOptions } from '../issue.js';
import type { OAuthRequest } from '../oauth-request.js';
import type { Credential } from '../store.js';

/** The answer of the token endpoint (RFC 6749 section 5.1, SMART). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly patient?: string;
  readonly encounter?: string;
  readonly fhirContext?: unknown;
  readonly intent?: string;
  readonly need_patient_banner?: boolean;
  readonly smart_style_url?: string;
  readonly tenant?: string;
}

/** One grant type, for a client that has proved who it is. */
export type Grant = (client: Credential, request: OAuthRequest, options: AuthOptions) => Promise<TokenResponse>;
