import { challenge, verifySecondFactor } from '../auth/second-factor.js';
import { provePassword } from '../auth/sessions.js';
import { enrol, enrolmentOf } from '../auth/enrolment.js';
import { MOST_PASSWORD } from '../auth/passwords.js';
import type { Account } from '../auth/accounts.js';
import { moveRequests, openRequest, type AuthorizeRequest } from '../auth/authorize-request.js';
import { AUTHORIZE_PATH, MANAGE_PATH } from '../auth/paths.js';
import { Alert, Field, Link, Notice, PostForm, Toast } from './layout.js';
import { newPasswordFault, PasswordField, passwordHint } from './my-password.js';
import { beginPortalSession, endPortalSession } from './session.js';
import { mayOpen, type Back, type Reply, type Route, type Visit } from './visit.js';

export const loginRoutes: readonly Route[] = [
  { method: 'GET', path: '/portal/login', who: 'anybody', handle: start },
  { method: 'POST', path: '/portal/login', who: 'anybody', handle: login },
  { method: 'POST', path: '/portal/login/code', who: 'anybody', handle: verify },
  { method: 'POST', path: '/portal/logout', who: 'anybody', handle: logout },
  { method: 'GET', path: '/portal/enrol/:id', who: 'anybody', handle: openEnrolment },
  { method: 'POST', path: '/portal/enrol/:id', who: 'anybody', handle: setPassword },
];

/** Where somebody begins. */
function homeOf({ roles, canManageKeys }: Account): string {
  if (roles.includes('patient')) return '/portal';
  if (!roles.includes('admin')) return MANAGE_PATH;
  return canManageKeys ? '/manager/tokens' : '/manager/users';
}

/** Somebody else may log in than was there before, to whom the page does not open. */
const startOf = (account: Account, back: Back | undefined): string =>
  back && mayOpen(back.who, account) ? back.to : homeOf(account);

/** The hidden field that names the request of an app for which somebody logs in: an id of ours, and never a URL. */
const NEXT = 'next';
/** The field that names the page where somebody was: the server looks it up in its table of pages. */
export const BACK = 'back';

/** The request of an app that goes on after the login; undefined where there is none, or another browser's. */
const nextOf = ({ options: { own, now }, session, fields, query }: Visit): Promise<AuthorizeRequest | undefined> =>
  openRequest(own, fields.one(NEXT) || (query.get(NEXT) ?? ''), session, now());

async function start(visit: Visit): Promise<Reply> {
  const { account, query, back } = visit;
  const next = await nextOf(visit);
  if (account && !next) return { to: startOf(account, back) };
  const done = query.has('enrolled') ? 'Your password is set. Log in with it.' : 'You are logged out.';
  if (query.has('enrolled') || query.has('out')) return loginPage({ next, done });
  if (next) return loginPage({ next, note: 'An app asks for access. Log in to decide about it.' });
  const note = 'Please log in. If you were logged in, your session has ended.';
  return loginPage({ back, ...(query.has('ended') && { note }) });
}

interface LoginPage {
  readonly status?: number;
  readonly email?: string;
  /** What to mind, and what was done. */
  readonly note?: string;
  readonly done?: string;
  readonly fault?: string;
  readonly next?: AuthorizeRequest | undefined;
  readonly back?: Back | undefined;
}

/** Where it goes on after the login. */
const Next = ({ next, back }: Pick<LoginPage, 'next' | 'back'>) => (
  <>
    {next && <input type="hidden" name={NEXT} value={next.id} />}
    {back && <input type="hidden" name={BACK} value={back.to} />}
  </>
);

const loginPage = ({ status = 200, email = '', note, done, fault, next, back }: LoginPage): Reply => ({
  status,
  leadsTo: next?.asked.redirectUri,
  title: 'Log in',
  page: (
    <div class="card narrow">
      <h1>Log in</h1>
      {done !== undefined && <Toast>{done}</Toast>}
      {note !== undefined && <Notice>{note}</Notice>}
      {fault !== undefined && <Alert>{fault}</Alert>}
      <PostForm to="/portal/login">
        <Next next={next} back={back} />
        <Field
          label="E-mail address"
          name="email"
          type="email"
          value={email}
          autocomplete="username"
          required
          maxlength={254}
        />
        <PasswordField label="Password" name="password" autocomplete="current-password" />
        <button class="primary wide">Log in</button>
      </PostForm>
      <p class="hint">No password yet? Your clinic gives you a link with which you set one.</p>
    </div>
  ),
});

async function login(visit: Visit): Promise<Reply> {
  const { options, fields, ip, record, back } = visit;
  const next = await nextOf(visit);
  const [email, password] = [fields.one('email').slice(0, 254), fields.one('password')];
  const proof = { email, password: password.slice(0, MOST_PASSWORD + 1), organization: undefined, ip };
  const { account, passed } = await provePassword(options, proof);
  const status = passed ? 200 : 401;
  await record({ interaction: 'login', action: 'E', status, ...(account && { account }) });
  if (!account || !passed)
    return loginPage({ status: 401, next, back, email, fault: 'The e-mail address or the password is wrong.' });
  if (account.totpSealed === undefined) return enter(visit, account, false, next);
  return codePage(await challenge(options, account.id), { next, back });
}

const codePage = (token: string, { next, back }: Pick<LoginPage, 'next' | 'back'>, fault?: string): Reply => ({
  status: fault === undefined ? 200 : 401,
  leadsTo: next?.asked.redirectUri,
  title: 'Second factor',
  page: (
    <div class="card narrow">
      <h1>One more step</h1>
      {fault !== undefined && <Alert>{fault}</Alert>}
      <PostForm to="/portal/login/code">
        <input type="hidden" name="challenge" value={token} />
        <Next next={next} back={back} />
        <Field
          label="Code"
          name="code"
          autocomplete="one-time-code"
          hint="The six digits that your app shows, or one of your recovery codes."
          required
          maxlength={64}
        />
        <button class="primary wide">Continue</button>
      </PostForm>
      <p>
        <Link to="/portal/login">Begin again</Link>
      </p>
    </div>
  ),
});

async function verify(visit: Visit): Promise<Reply> {
  const { options, fields, record, back } = visit;
  const next = await nextOf(visit);
  const [token, code] = [fields.one('challenge').slice(0, 256), fields.one('code').trim().slice(0, 64)];
  const { account, passed } = await verifySecondFactor(options, token, code);
  await record({ interaction: 'mfa-verify', action: 'E', status: passed ? 200 : 401, ...(account && { account }) });
  if (account && passed) return enter(visit, account, true, next);
  return codePage(token, { next, back }, 'The code is wrong or was used, or the time for it is over.');
}

/** The browser's old session is dead, and the new one has an id that nobody knew before. */
async function enter(
  { options: { own, now }, session, back }: Visit,
  account: Account,
  mfa: boolean,
  next: AuthorizeRequest | undefined,
): Promise<Reply> {
  await endPortalSession(own, session, now());
  const begun = await beginPortalSession(own, account, mfa, now());
  await moveRequests(own, session, begun);
  return { to: next ? `${AUTHORIZE_PATH}/${next.id}` : startOf(account, back), session: begun };
}

async function logout({ options, session, account, record }: Visit): Promise<Reply> {
  await endPortalSession(options.own, session, options.now());
  if (account) await record({ interaction: 'logout', action: 'E' });
  return { to: '/portal/login?out=1' };
}

const enrolmentPage = (token: string, { email, organization }: Account, fault?: string): Reply => ({
  status: fault === undefined ? 200 : 400,
  organization,
  title: 'Set your password',
  page: (
    <div class="card narrow">
      <h1>Set your password</h1>
      <p>
        You will log in as <bdi>{email}</bdi>.
      </p>
      {fault !== undefined && <Alert>{fault}</Alert>}
      <PostForm to={`/portal/enrol/${token}`}>
        <input type="hidden" name="username" autocomplete="username" value={email} />
        <PasswordField label="New password" name="password" autocomplete="new-password" hint={passwordHint} />
        <PasswordField label="The same again" name="again" autocomplete="new-password" />
        <button class="primary wide">Set the password</button>
      </PostForm>
    </div>
  ),
});

const deadLink: Reply = {
  status: 410,
  title: 'This link has ended',
  page: (
    <div class="card narrow">
      <h1>This link has ended</h1>
      <Alert>A link works once, and for seven days. Please ask your clinic for a new one.</Alert>
      <p>
        <Link to="/portal/login">Log in</Link>
      </p>
    </div>
  ),
};

async function openEnrolment({ options: { own, now }, id }: Visit): Promise<Reply> {
  const account = await enrolmentOf(own, id, now());
  return account ? enrolmentPage(id, account) : deadLink;
}

async function setPassword(visit: Visit): Promise<Reply> {
  const { options, id, fields, record } = visit;
  const { own, now } = options;
  const account = await enrolmentOf(own, id, now());
  if (!account) return deadLink;
  const fault = newPasswordFault(visit);
  if (fault !== undefined) return enrolmentPage(id, account, fault);
  if (!(await enrol(own, { token: id, user: account.id, password: fields.one('password') }, now()))) return deadLink;
  await record({ interaction: 'enrol', action: 'U', account });
  return { to: '/portal/login?enrolled=1' };
}
