import { OAuthError } from '../../outcome.js';
import type { Row } from '../../store/database.js';
import { statement } from '../../store/database.js';
import { refreshedScope } from '../granted-scope.js';
import { issueAccessToken } from '../issue.js';
import { lifetimes } from '../lifetimes.js';
import { required } from '../oauth-request.js';
import { readRefresh, useRefresh } from '../refresh.js';
import type { Credential } from '../store.js';
import type { Grant } from './grant.js';

const granted = statement<{ grant: string; client: string; now: number }>((knex, $) =>
  knex('auth_grant as g')
    .join('user_account as u', 'u.id', 'g.user_id')
    .where('g.id', $('grant'))
    .where('g.credential_id', $('client'))
    .where('g.expires_at', '>', $('now'))
    .whereNull('g.revoked_at')
    .whereNull('u.disabled_at')
    .select('g.*', 'u.epoch as user_epoch'),
);

/**
 * A new access token for what a user allowed, and the next refresh token of the family
 * (https://www.rfc-editor.org/rfc/rfc6749#section-6). Who asks, and for what, is checked before the token is spent.
 */
export const refreshToken: Grant = async (client, request, options) => {
  if (client.kind !== 'app')
    throw new OAuthError(400, 'unauthorized_client', 'this kind of client has no refresh tokens');
  const { own, now } = options;
  const token = required(request, 'refresh_token').slice(0, 256);
  const known = await readRefresh(own, token, now());
  const grant = known && 'grant' in known ? known.grant : '';
  const row = await granted.first(own, { grant, client: client.id, now: now() });
  if (!row) throw invalidGrant();
  const scope = refreshedScope(options.scopes, client, row['scope'] as string, request.field('scope'));
  const used = await useRefresh(own, token, now());
  if (typeof used === 'string') throw invalidGrant();
  return { ...(await accessToken(client, row, scope, options)), refresh_token: used.successor };
};

async function accessToken(client: Credential, row: Row, scope: string, options: Parameters<Grant>[2]) {
  const { id, tenant, kind, expiresAt = Infinity } = client;
  const context = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const [patient, encounter, fhirContext] = [context('patient'), context('encounter'), context('fhir_context')];
  const holder = {
    ...{ tenant, kind, clientId: id, credential: client, grant: row['id'] as string },
    user: { id: row['user_id'] as string, epoch: row['user_epoch'] as number },
    ...(patient !== undefined && { patient }),
  };
  const endsAt = Math.min(expiresAt, Number(row['expires_at']));
  const { token, expiresInSeconds } = await issueAccessToken(options, holder, scope, lifetimes[kind], endsAt);
  return {
    access_token: token,
    token_type: 'Bearer' as const,
    expires_in: expiresInSeconds,
    scope,
    ...(patient !== undefined && { patient }),
    ...(encounter !== undefined && { encounter }),
    ...(fhirContext !== undefined && { fhirContext: JSON.parse(fhirContext) as unknown }),
  };
}

/** One text for unknown, used, expired, revoked and somebody else's. */
const invalidGrant = (): OAuthError => new OAuthError(400, 'invalid_grant', 'the refresh token cannot be used');
