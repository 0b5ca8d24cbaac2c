import { randomBytes } from 'node:crypto';
import { CHALLENGE_ATTEMPTS, failureRules } from '../limits/rules.js';
import { committed, statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import { accountById, type Account } from './accounts.js';
import type { AuthOptions } from './issue.js';
import { hashRecovery, newRecoveryCodes } from './recovery.js';
import { hashSecret } from './secrets.js';
import { newTotp, sealTotp, totpStep } from './totp.js';

export const CHALLENGE_SECONDS = 300;

const insertChallenge = statement<Record<string, unknown>>((knex, $) =>
  knex('mfa_challenge').insert({ hash: $('hash'), user_id: $('user'), expires_at: $('expiresAt') }),
);

/** Between the password and the second factor: a token that opens nothing but `verifySecondFactor`. */
export async function challenge({ own, now }: AuthOptions, user: string): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const row = { hash: hashSecret(token), user, expiresAt: now() + CHALLENGE_SECONDS * 1000 };
  await own.commit({ statements: [await insertChallenge.plan(own, row, 1)] });
  return token;
}

const challenged = statement<{ hash: string; now: number }>((knex, $) =>
  knex('mfa_challenge')
    .where('hash', $('hash'))
    .where('expires_at', '>', $('now'))
    .whereNull('used_at')
    .select('user_id'),
);

const tryChallenge = statement<{ hash: string; now: number }>((knex, $) =>
  knex('mfa_challenge')
    .where('hash', $('hash'))
    .where('attempts', '<', CHALLENGE_ATTEMPTS)
    .where('expires_at', '>', $('now'))
    .whereNull('used_at')
    .update({ attempts: knex.raw('attempts + 1') }),
);

const useChallenge = statement<{ hash: string; now: number }>((knex, $) =>
  knex('mfa_challenge')
    .where('hash', $('hash'))
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

const useStep = statement<{ user: string; step: number }>((knex, $) =>
  knex('user_account')
    .where('id', $('user'))
    .where((or) => void or.whereNull('totp_last_step').orWhere('totp_last_step', '<', $('step')))
    .update({ totp_last_step: $('step') }),
);

const useRecovery = statement<{ user: string; hash: string; now: number }>((knex, $) =>
  knex('recovery_code')
    .where({ user_id: $('user'), hash: $('hash') })
    .whereNull('used_at')
    .update({ used_at: $('now') }),
);

/** Whose challenge it was, and whether the code was theirs. */
export interface Answered {
  readonly account: Account | undefined;
  readonly passed: boolean;
}

/**
 * Answers a challenge with a code of the app or from the paper; each code and each challenge is used once, however many
 * come at the same time. Errors: LimitedError for an account that failed too often.
 */
export async function verifySecondFactor(options: AuthOptions, token: string, code: string): Promise<Answered> {
  const { own, failures, now } = options;
  const hash = hashSecret(token);
  const found = await challenged.first(own, { hash, now: now() });
  const account = found && (await accountById(own, found['user_id'] as string));
  if (!account) return { account: undefined, passed: false };
  await failures.attempt(`second factor ${account.id}`, failureRules.secondFactor);
  if (!(await committed(own, [await tryChallenge.plan(own, { hash, now: now() }, 1)])))
    return { account, passed: false };
  const using = await usingOf(options, account, code);
  if (!using) return { account, passed: false };
  const passed = await committed(own, [await useChallenge.plan(own, { hash, now: now() }, 1), using]);
  if (passed) await failures.forgive([`second factor ${account.id}`, failureRules.secondFactor]);
  return { account, passed };
}

/** What uses a code up; undefined for a wrong one. */
async function usingOf(
  { own, secret, now }: AuthOptions,
  { id: user, totpSealed: sealed, totpLastStep: lastStep }: Account,
  code: string,
): Promise<PlannedStatement | undefined> {
  if (sealed === undefined) return undefined;
  if (!/^\d{6}$/.test(code)) return useRecovery.plan(own, { user, hash: hashRecovery(code), now: now() }, 1);
  const step = await totpStep(secret, { user, sealed, lastStep }, code, now());
  return step === undefined ? undefined : useStep.plan(own, { user, step }, 1);
}

const setPending = statement<{ user: string; sealed: string }>((knex, $) =>
  knex('user_account')
    .where('id', $('user'))
    .whereNull('totp_sealed')
    .update({ totp_pending: $('sealed') }),
);

/** A secret that is not asked for yet: first a code must show that it was copied. Undefined where there is a factor. */
export async function enrol({ own, issuer, secret: key }: AuthOptions, { id: user, email }: Account) {
  const { secret, uri } = await newTotp(new URL(issuer).host, email);
  const sealed = sealTotp(key, user, secret);
  return (await committed(own, [await setPending.plan(own, { user, sealed }, 1)])) ? { secret, uri } : undefined;
}

const confirmed = statement<{ user: string; sealed: string; step: number }>((knex, $) =>
  knex('user_account')
    .where({ id: $('user'), totp_pending: $('sealed') })
    .whereNull('totp_sealed')
    .update({ totp_sealed: $('sealed'), totp_pending: null, totp_last_step: $('step') }),
);

const dropCodes = statement<{ user: string }>((knex, $) => knex('recovery_code').where('user_id', $('user')).delete());

const insertCode = statement<{ user: string; hash: string }>((knex, $) =>
  knex('recovery_code').insert({ user_id: $('user'), hash: $('hash') }),
);

/** From now on a login asks for it. The recovery codes, which are shown once; undefined for a wrong code. */
export async function confirm(options: AuthOptions, account: Account, code: string) {
  const { own, secret, failures, now } = options;
  const { id: user, totpPending: sealed } = account;
  if (sealed === undefined) return undefined;
  await failures.attempt(`second factor ${user}`, failureRules.secondFactor);
  const step = await totpStep(secret, { user, sealed, lastStep: undefined }, code, now());
  if (step === undefined) return undefined;
  const { codes, hashes } = newRecoveryCodes();
  const statements = [await confirmed.plan(own, { user, sealed, step }, 1), await dropCodes.plan(own, { user })];
  for (const hash of hashes) statements.push(await insertCode.plan(own, { user, hash }, 1));
  if (!(await committed(own, statements))) return undefined;
  await failures.forgive([`second factor ${user}`, failureRules.secondFactor]);
  return codes;
}

const dropFactor = statement<{ user: string }>((knex, $) =>
  knex('user_account')
    .where('id', $('user'))
    .whereNotNull('totp_sealed')
    .update({ totp_sealed: null, totp_pending: null, totp_last_step: null }),
);

/** False where there is none. */
export async function disableSecondFactor({ own }: AuthOptions, { id: user }: Account): Promise<boolean> {
  return committed(own, [await dropFactor.plan(own, { user }, 1), await dropCodes.plan(own, { user })]);
}
