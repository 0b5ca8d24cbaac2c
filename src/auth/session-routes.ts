import Router from '@koa/router';
import type { Context } from 'koa';
import { refusedBy, type Asked } from '../audit/event.js';
import { readJson, type JsonBody } from '../http/json-body.js';
import { requireOrganization } from '../http/organization.js';
import { handledOf } from '../http/request-log.js';
import { OutcomeError } from '../outcome.js';
import { accountById, type Account } from './accounts.js';
import type { Bearer } from './bearer.js';
import type { AuthOptions } from './issue.js';
import {
  CHALLENGE_SECONDS,
  challenge,
  confirm,
  disableSecondFactor,
  enrol,
  verifySecondFactor,
} from './second-factor.js';
import { beginSession, endSession, provePassword, refreshSession } from './sessions.js';

export interface SessionRouteOptions extends AuthOptions {
  readonly bearer: Bearer;
}

/** What is kept of a step besides its time and its answer's status: the user, once they are known. */
type Who = Pick<Asked, 'tenant' | 'user' | 'agent' | 'jti'>;

interface Step {
  readonly ctx: Context;
  readonly body: JsonBody;
  /** Says who it was, for the audit trail, whatever becomes of the step. */
  readonly by: (who: Account | Who | undefined) => void;
}

/** The answer's body; undefined for none. */
type Handle = (step: Step, options: SessionRouteOptions) => Promise<object | undefined>;

const BODY_BYTES = 16_384;
const LONGEST_EMAIL = 254;
const LONGEST_TOKEN = 256;

/** Logins of people (SMART section 4). JSON and bearer tokens only: there are no cookies, and none is looked at. */
const steps: readonly (readonly [path: string, interaction: string, handle: Handle])[] = [
  ['/login', 'login', login],
  ['/mfa/verify', 'mfa-verify', verify],
  ['/refresh', 'refresh', refresh],
  ['/logout', 'logout', logout],
  ['/mfa/enrol', 'mfa-enrol', startFactor],
  ['/mfa/confirm', 'mfa-confirm', confirmFactor],
  ['/mfa/disable', 'mfa-disable', dropFactor],
];

export function sessionRoutes(options: SessionRouteOptions): Router {
  const router = new Router({ prefix: '/api/auth' });
  for (const [path, interaction, handle] of steps) router.all(path, (ctx) => serve(ctx, interaction, handle, options));
  return router;
}

async function serve(ctx: Context, interaction: string, handle: Handle, options: SessionRouteOptions): Promise<void> {
  const { requestId } = Object.assign(handledOf(ctx), { interaction });
  ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
  if (ctx.method !== 'POST')
    throw new OutcomeError(405, 'method-not-allowed', 'This route takes POST', { headers: { Allow: 'POST' } });
  let who: Who = { tenant: '' };
  const by: Step['by'] = (known) => (who = known && 'email' in known ? whoOf(known) : (known ?? who));
  const record = (status: number): void | Promise<void> =>
    options.audit(
      {
        credentialKind: 'session',
        ...{ ...who, at: options.now(), interaction, action: 'E', status, requestId, patients: [] },
      },
      ctx.ip,
    );
  try {
    const body = await handle({ ctx, body: await readJson(ctx.req, BODY_BYTES), by }, options);
    ctx.status = body ? 200 : 204;
    if (body) ctx.body = body;
  } catch (error) {
    if (who.tenant === '') who = refusedBy(error);
    await record(error instanceof OutcomeError ? error.status : 500);
    throw error;
  }
  await record(ctx.status);
}

const whoOf = ({ tenant, id, fhirUser }: Account): Who => ({
  ...{ tenant, user: id },
  ...(fhirUser !== undefined && { agent: fhirUser }),
});

async function login({ ctx, body, by }: Step, options: SessionRouteOptions): Promise<object> {
  const { account, passed } = await provePassword(options, {
    email: body.required('email', LONGEST_EMAIL),
    password: body.required('password', 128),
    organization: body.optional('organizationId', 64),
    ip: ctx.ip,
  });
  by(account);
  if (!account || !passed) throw wrongPassword();
  if (account.totpSealed === undefined) return beginSession(options, account, false);
  const mfaToken = await challenge(options, account.id);
  return { mfaRequired: true, mfaToken, methods: ['totp', 'recovery'], expiresIn: CHALLENGE_SECONDS };
}

const wrongPassword = (): OutcomeError =>
  new OutcomeError(401, 'INVALID_CREDENTIALS', 'The e-mail address or the password is wrong');

async function verify({ body, by }: Step, options: SessionRouteOptions): Promise<object> {
  const [token, code] = [body.required('mfaToken', LONGEST_TOKEN), body.required('code', 64)];
  const { account, passed } = await verifySecondFactor(options, token, code);
  by(account);
  if (!account || !passed) throw wrongCode();
  return beginSession(options, account, true);
}

const wrongCode = (): OutcomeError =>
  new OutcomeError(401, 'INVALID_MFA', 'The code is wrong or was used, or the time for it is over');

async function refresh({ ctx, body, by }: Step, options: SessionRouteOptions): Promise<object> {
  const { account, tokens } = await refreshSession(options, body.required('refreshToken', LONGEST_TOKEN), ctx.ip);
  by(account);
  if (tokens) return tokens;
  throw new OutcomeError(401, 'INVALID_REFRESH', 'The refresh token is unknown or was used, or its session has ended');
}

async function logout({ ctx, body, by }: Step, options: SessionRouteOptions): Promise<undefined> {
  const claims = await options.bearer.claims(ctx.get('authorization') || undefined);
  const { org: tenant, uid: user = '', jti = '' } = claims;
  by({ tenant, user, jti });
  requireOrganization(ctx.req.headers['x-organization-id'], tenant);
  await endSession(options, claims, body.optional('refreshToken', LONGEST_TOKEN));
}

/** Whoever is logged in; their password once more, where a thief of the session must not come further. */
async function user({ ctx, body, by }: Step, options: SessionRouteOptions, fresh: boolean): Promise<Account> {
  const access = await options.bearer.authenticate({
    authorization: ctx.get('authorization') || undefined,
    onBehalfOf: undefined,
  });
  const account = access.kind === 'session' ? await accountById(options.own, access.user ?? '') : undefined;
  by(account);
  if (!account) throw new OutcomeError(403, 'insufficient-scope', 'Only somebody who logged in has a second factor');
  if (!fresh) return account;
  const password = body.required('password', 128);
  const { email, tenant: organization } = account;
  const { passed } = await provePassword(options, { email, password, organization, ip: ctx.ip });
  if (!passed) throw wrongPassword();
  return account;
}

async function startFactor(step: Step, options: SessionRouteOptions): Promise<object> {
  const made = await enrol(options, await user(step, options, true));
  if (!made) throw new OutcomeError(409, 'mfa-conflict', 'There is a second factor already');
  return { secret: made.secret, otpauthUri: made.uri };
}

async function confirmFactor(step: Step, options: SessionRouteOptions): Promise<object> {
  const account = await user(step, options, false);
  const recoveryCodes = await confirm(options, account, step.body.required('code', 64));
  if (!recoveryCodes) throw wrongCode();
  return { recoveryCodes };
}

async function dropFactor(step: Step, options: SessionRouteOptions): Promise<undefined> {
  if (await disableSecondFactor(options, await user(step, options, true))) return;
  throw new OutcomeError(409, 'mfa-conflict', 'There is no second factor');
}
