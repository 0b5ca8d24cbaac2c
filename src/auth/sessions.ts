import { randomBytes } from 'node:crypto';
import { networkOf } from '../limits/network.js';
import { EVERYBODY, failureRules, loginLimits, slowedBy, type Limit } from '../limits/rules.js';
import { OutcomeError } from '../outcome.js';
import { statement } from '../store/database.js';
import { accountByEmail, accountById, rehashPassword, type Account } from './accounts.js';
import { issueAccessToken, type AuthOptions, type Claims } from './issue.js';
import { isOutdated, passwordMatches } from './passwords.js';
import { issueRefresh, readRefresh, revokeFamily, useRefresh } from './refresh.js';
import { denyToken } from './revoke.js';
import { roleScopes, type Role } from './roles.js';
import { normaliseEmail } from './users.js';

const ACCESS_SECONDS = 900;
/** From the login on: rotation does not make a session longer. */
const REFRESH_SECONDS = 7 * 24 * 3600;

/** What a login and a refresh answer (SMART section 4). */
export interface SessionTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: 'Bearer';
  readonly expiresIn: number;
  readonly refreshExpiresIn: number;
  readonly user: { readonly id: string; readonly org: string; readonly roles: readonly Role[] };
}

export interface Login {
  readonly email: string;
  readonly password: string;
  readonly organization: string | undefined;
  readonly ip: string;
}

/** Whose login it was, as far as that is known, and whether it was good. */
export interface Proved {
  readonly account: Account | undefined;
  readonly passed: boolean;
}

/**
 * Checks a password. Unknown, wrong, disabled and of another organization are one answer after the same work. Errors:
 * LimitedError for a network, the range that it lies in, or an account and a network, that failed too often; 503 when
 * too many log in at once.
 */
export async function provePassword({ own, failures }: AuthOptions, login: Login): Promise<Proved> {
  const { password, organization, ip } = login;
  const email = normaliseEmail(login.email);
  const { network, both, range, account: slowing } = loginLimits(email, ip);
  await failures.attempt(...network);
  await failures.attempt(...both);
  await failures.attempt(...range).catch(takenBack(failures, network, both));
  await wait(slowedBy((await failures.of(...slowing)).count));
  const account = await accountByEmail(own, email);
  const matches = await passwordMatches(password, account?.passwordHash).catch(
    takenBack(failures, network, both, range),
  );
  const passed = matches && (organization === undefined || organization === account?.tenant);
  if (!passed) {
    await failures.count(slowing, EVERYBODY);
    return { account, passed };
  }
  await failures.forgive(network, both, range);
  if (account && isOutdated(account.passwordHash)) await rehashPassword(own, account, password);
  return { account, passed };
}

/** What was not looked at was not wrong: a crowd at the door must not lock out who waits in it. */
const takenBack =
  (failures: AuthOptions['failures'], ...limits: readonly Limit[]) =>
  async (error: unknown): Promise<never> => {
    await failures.forgive(...limits);
    throw error;
  };

const wait = (milliseconds: number): Promise<void> | undefined =>
  milliseconds === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, milliseconds));

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('session').insert({
    id: $('id'),
    org: $('tenant'),
    user_id: $('user'),
    mfa_at: $('mfaAt'),
    created_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

/** Begins a session of somebody who has proved who they are. */
export async function beginSession(options: AuthOptions, account: Account, mfa: boolean): Promise<SessionTokens> {
  const { own, now: clock } = options;
  const now = clock();
  const id = randomBytes(16).toString('base64url');
  const expiresAt = now + REFRESH_SECONDS * 1000;
  const row = { id, tenant: account.tenant, user: account.id, mfaAt: mfa ? now : null, now, expiresAt };
  await own.commit({ statements: [await insert.plan(own, row, 1)] });
  const refreshToken = await issueRefresh(own, { session: id, expiresAt }, now);
  return tokens(options, account, { id, expiresAt }, refreshToken);
}

async function tokens(
  options: AuthOptions,
  { id: user, tenant, epoch, roles, fhirUser }: Account,
  { id: session, expiresAt }: { id: string; expiresAt: number },
  refreshToken: string,
): Promise<SessionTokens> {
  const { scopes, patient } = roleScopes(roles, fhirUser);
  const holder = {
    ...{ tenant, kind: 'session', clientId: 'session', user: { id: user, epoch }, session },
    ...(patient !== undefined && { patient }),
  };
  const { token, expiresInSeconds } = await issueAccessToken(options, holder, scopes, ACCESS_SECONDS, expiresAt);
  return {
    accessToken: token,
    refreshToken,
    tokenType: 'Bearer',
    expiresIn: expiresInSeconds,
    refreshExpiresIn: Math.floor((expiresAt - options.now()) / 1000),
    user: { id: user, org: tenant, roles },
  };
}

const bySession = statement<{ id: string; now: number }>((knex, $) =>
  knex('session').where('id', $('id')).where('expires_at', '>', $('now')).whereNull('revoked_at').select('user_id'),
);

export interface Refreshed {
  readonly account: Account | undefined;
  /** Undefined for a token that is unknown, has ended or was used before: then its session has ended too. */
  readonly tokens: SessionTokens | undefined;
}

/** Spends a refresh token for the next pair. Errors: LimitedError. */
export async function refreshSession(options: AuthOptions, token: string, ip: string): Promise<Refreshed> {
  const { own, failures, now } = options;
  const key = `refresh ${networkOf(ip)}`;
  await failures.check(key, failureRules.network);
  const known = await readRefresh(own, token, now());
  const session = known && 'session' in known ? known.session : undefined;
  const row = session === undefined ? undefined : await bySession.first(own, { id: session, now: now() });
  const account = row && (await accountById(own, row['user_id'] as string));
  const used = account && (await useRefresh(own, token, now()));
  if (!account || !used || typeof used === 'string' || session === undefined) {
    await failures.count([key, failureRules.network]);
    return { account, tokens: undefined };
  }
  const expiresAt = used.expiresAt;
  return { account, tokens: await tokens(options, account, { id: session, expiresAt }, used.successor) };
}

/** Ends a session: its tokens are dead with the next request, everywhere. A session that has ended stays so. */
export async function endSession(options: AuthOptions, claims: Claims, refreshToken?: string): Promise<void> {
  const { own, now } = options;
  const { sid: session, jti, exp = 0 } = claims;
  if (session === undefined || jti === undefined)
    throw new OutcomeError(401, 'login', 'This is no access token of a session');
  await revokeFamily(own, { session }, now());
  await denyToken(own, jti, exp * 1000);
  // Whoever has it may give it up.
  const known = refreshToken === undefined ? undefined : await readRefresh(own, refreshToken, now());
  if (known && 'session' in known) await revokeFamily(own, known, now());
}
