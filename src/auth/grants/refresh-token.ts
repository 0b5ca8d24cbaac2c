import { OAuthError } from '../../outcome.js';
import { statement } from '../../store/database.js';
import { refreshedScope } from '../granted-scope.js';
import type { AuthOptions } from '../issue.js';
import { required } from '../oauth-request.js';
import { readRefresh, useRefresh } from '../refresh.js';
import { liveCredential, type Credential } from '../store.js';
import { liveGrant, tokenOfGrant } from '../user-grant.js';
import type { Grant } from './grant.js';

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
  const grant = known && 'grant' in known ? await liveGrant(own, known.grant, client.id, now()) : undefined;
  if (!grant) throw invalidGrant();
  const scope = refreshedScope(options.scopes, client, grant.scope, request.field('scope'));
  const used = await useRefresh(own, token, now());
  if (typeof used === 'string') throw invalidGrant();
  return { ...(await tokenOfGrant(options, client, grant, scope)), refresh_token: used.successor };
};

const clientOf = statement<{ grant: string }>((knex, $) =>
  knex('auth_grant').where('id', $('grant')).select('credential_id'),
);

/** The app that a refresh token was given to. Errors: 400 `invalid_grant` for one that is unknown, or has ended. */
export async function clientOfRefresh(token: string, { own, now }: AuthOptions): Promise<Credential> {
  const known = await readRefresh(own, token.slice(0, 256), now());
  const row = known && 'grant' in known ? await clientOf.first(own, { grant: known.grant }) : undefined;
  const client = row && (await liveCredential(own, row['credential_id'] as string, now()));
  if (!client) throw invalidGrant();
  return client;
}

/** One text for unknown, used, expired, revoked and somebody else's. */
const invalidGrant = (): OAuthError => new OAuthError(400, 'invalid_grant', 'the refresh token cannot be used');
