import { LEAST_PASSWORD, MOST_PASSWORD } from '../auth/passwords.js';
import { provePassword } from '../auth/sessions.js';
import { Field } from './layout.js';
import { accountOf, type Visit } from './visit.js';

/** A session that was left open must not change how its user logs in: these forms ask for the password. */
export const MyPasswordField = () => (
  <PasswordField label="Current password" name="current" autocomplete="current-password" />
);

export const PasswordField = (props: { label: string; name: string; autocomplete: string; hint?: string }) => (
  <Field type="password" required maxlength={MOST_PASSWORD} {...props} />
);

/** What is wrong with a new password that was typed twice. */
export function newPasswordFault({ fields }: Visit): string | undefined {
  const password = fields.one('password');
  if (password.length < LEAST_PASSWORD || password.length > MOST_PASSWORD)
    return `A password has ${String(LEAST_PASSWORD)} to ${String(MOST_PASSWORD)} characters.`;
  return password === fields.one('again') ? undefined : 'The two passwords are not the same.';
}

/** Errors: LimitedError for an account, or a network, that failed too often. */
export async function isMyPassword(visit: Visit): Promise<boolean> {
  const { options, fields, ip, record } = visit;
  const { email, tenant: organization } = accountOf(visit);
  const password = fields.one('current').slice(0, MOST_PASSWORD + 1);
  const { passed } = await provePassword(options, { email, password, organization, ip });
  if (!passed) await record({ interaction: 'password-check', action: 'E', status: 401 });
  return passed;
}

export const WRONG_PASSWORD = 'The current password is wrong.';
export const passwordHint = `At least ${String(LEAST_PASSWORD)} characters; several words are best.`;
