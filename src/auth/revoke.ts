import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import type { Bearer } from './bearer.js';
import { authenticateClient } from './client-auth.js';
import { claimsOf } from './introspect.js';
import type { AuthOptions } from './issue.js';
import { required, type OAuthRequest } from './oauth-request.js';
import { readRefresh, revokeFamily } from './refresh.js';
import type { Credential } from './store.js';

/**
 * https://www.rfc-editor.org/rfc/rfc7009: a client gives up a token of its own. A refresh token takes its grant with it,
 * and so does an access token that came of one. For an unknown token, or somebody else's, the answer is the same and
 * nothing happens. Errors: 400 `invalid_request`, 401 `invalid_client`.
 */
export async function revoke(request: OAuthRequest, options: AuthOptions, bearer: Bearer): Promise<void> {
  const client = await authenticateClient(request, options);
  const token = required(request, 'token');
  if (token.startsWith('ptr_')) await revokeRefresh(token.slice(0, 256), client, options);
  else await revokeAccess(token, client, options, bearer);
}

const ofClient = statement<{ grant: string; client: string }>((knex, $) =>
  knex('auth_grant')
    .where({ id: $('grant'), credential_id: $('client') })
    .select('id'),
);

async function revokeRefresh(token: string, client: Credential, { own, now }: AuthOptions): Promise<void> {
  const known = await readRefresh(own, token, now());
  if (!known || !('grant' in known)) return;
  if (await ofClient.first(own, { grant: known.grant, client: client.id })) await revokeFamily(own, known, now());
}

async function revokeAccess(token: string, client: Credential, { own, now }: AuthOptions, bearer: Bearer) {
  const claims = await claimsOf(token, bearer);
  if (claims?.jti === undefined || claims.cid !== client.id) return;
  await denyToken(own, claims.jti, (claims.exp ?? 0) * 1000);
  if (claims.gid !== undefined) await revokeFamily(own, { grant: claims.gid }, now());
}

const deny = statement<{ jti: string; expiresAt: number }>((knex, $) =>
  knex('revoked_jti')
    .insert({ jti: $('jti'), expires_at: $('expiresAt') })
    .onConflict('jti')
    .ignore(),
);

/** One access token opens nothing any more, with no process, from the next request on. */
export async function denyToken(db: Database, jti: string, expiresAt: number): Promise<void> {
  await db.commit({ statements: [await deny.plan(db, { jti, expiresAt })] });
}
