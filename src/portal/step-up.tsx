import { challenge, verifySecondFactor } from '../auth/second-factor.js';
import { CSRF_FIELD } from './forms.js';
import { Alert, Field, Link, PostForm } from './layout.js';
import { provePortalSession } from './session.js';
import type { Reply, Visit } from './visit.js';

/** For so long nobody is asked again. */
const FRESH_MILLISECONDS = 10 * 60_000;
const CODE_FIELD = 'step_up_code';

/**
 * Asks whoever has a second factor for a code before a form that gives power is taken: a session that was left open, or
 * stolen, makes no keys (THREAT 56). The form waits in the page that asks. Undefined where nothing has to be asked.
 * Errors: LimitedError for an account that failed too often.
 */
export async function stepUp(visit: Visit): Promise<Reply | undefined> {
  const { options, account, provedAt, fields, session, record } = visit;
  const { own, now } = options;
  const isFresh = provedAt !== undefined && now() - provedAt < FRESH_MILLISECONDS;
  if (account?.totpSealed === undefined || isFresh) return undefined;
  const code = fields.one(CODE_FIELD).trim().slice(0, 64);
  if (code === '') return question(visit);
  const { passed } = await verifySecondFactor(options, await challenge(options, account.id), code);
  await record({ interaction: 'mfa-verify', action: 'E', status: passed ? 200 : 401 });
  if (!passed) return question(visit, 'The code is wrong or was used.');
  await provePortalSession(own, session, now());
  return undefined;
}

const question = ({ path, fields }: Visit, fault?: string): Reply => ({
  status: fault === undefined ? 200 : 401,
  title: 'Is it you?',
  page: (
    <div class="card narrow">
      <h1>Is it you?</h1>
      <p>What you are about to do gives power to somebody. Please show your second factor once more.</p>
      {fault !== undefined && <Alert>{fault}</Alert>}
      <PostForm to={path}>
        {fields.pairs
          .filter(([name]) => name !== CSRF_FIELD && name !== CODE_FIELD)
          .map(([name, value]) => (
            <input key={`${name} ${value}`} type="hidden" name={name} value={value} />
          ))}
        <Field
          label="Code"
          name={CODE_FIELD}
          autocomplete="one-time-code"
          hint="The six digits that your app shows, or one of your recovery codes."
          required
          maxlength={64}
        />
        <div class="actions">
          <button class="primary">Continue</button>
          <Link to="/manager">Cancel</Link>
        </div>
      </PostForm>
    </div>
  ),
});
