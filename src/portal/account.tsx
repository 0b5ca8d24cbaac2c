import { accountById } from '../auth/accounts.js';
import { endUserSessions, setPassword } from '../auth/users.js';
import { Facts } from './facts.js';
import { factorRoutes } from './factor.js';
import { Alert, Link, PostForm, Toast } from './layout.js';
import {
  isMyPassword,
  MyPasswordField,
  newPasswordFault,
  PasswordField,
  passwordHint,
  WRONG_PASSWORD,
} from './my-password.js';
import { beginPortalSession } from './session.js';
import { accountOf, type Reply, type Route, type Visit } from './visit.js';

/** What everybody does with their own account, whatever else they do here. */
export const accountRoutes: readonly Route[] = [
  { method: 'GET', path: '/portal/account', who: 'user', handle: async (visit) => page(visit) },
  { method: 'POST', path: '/portal/account/password', who: 'user', handle: changePassword },
  { method: 'POST', path: '/portal/account/end-sessions', who: 'user', handle: endSessions },
  ...factorRoutes,
];

const notes: readonly (readonly [name: string, text: string])[] = [
  ['changed', 'Your password is changed. You are logged out everywhere else.'],
  ['factor-off', 'Your second factor is turned off.'],
];

function page(visit: Visit, fault?: string): Reply {
  const { name, email, organization, totpSealed } = accountOf(visit);
  const note = notes.find(([each]) => visit.query.has(each));
  return {
    status: fault === undefined ? 200 : 400,
    title: 'My account',
    page: (
      <>
        {note && <Toast>{note[1]}</Toast>}
        <h1>My account</h1>
        <section class="card" aria-label="Who I am">
          <Facts
            facts={[
              ['Name', name],
              ['E-mail', email],
              ['Organization', organization],
            ]}
          />
        </section>
        <div class="beside">
          <PasswordCard fault={fault} />
          <div>
            <section class="card" aria-labelledby="factor">
              <h2 id="factor">
                Second factor{' '}
                <span class={totpSealed === undefined ? 'badge off' : 'badge'}>
                  {totpSealed === undefined ? 'off' : 'on'}
                </span>
              </h2>
              <p>With it, a login asks for a code from your phone too. Whoever learns your password stays out.</p>
              <Link to="/portal/account/factor" class="button">
                {totpSealed === undefined ? 'Set it up' : 'Turn it off'}
              </Link>
            </section>
            <section class="card" aria-labelledby="sessions">
              <h2 id="sessions">Sessions</h2>
              <p>Did you leave a browser logged in somewhere? End all of your sessions, this one too.</p>
              <PostForm to="/portal/account/end-sessions">
                <button>Log out everywhere</button>
              </PostForm>
            </section>
          </div>
        </div>
      </>
    ),
  };
}

const PasswordCard = ({ fault }: { fault: string | undefined }) => (
  <section class="card" aria-labelledby="password-title">
    <h2 id="password-title">Password</h2>
    {fault !== undefined && <Alert>{fault}</Alert>}
    <PostForm to="/portal/account/password">
      <MyPasswordField />
      <PasswordField label="New password" name="password" autocomplete="new-password" hint={passwordHint} />
      <PasswordField label="The same again" name="again" autocomplete="new-password" />
      <button class="primary">Change the password</button>
    </PostForm>
  </section>
);

async function changePassword(visit: Visit): Promise<Reply> {
  const { options, fields, provedAt, record } = visit;
  const { own, now } = options;
  const { id, tenant, email } = accountOf(visit);
  const fault = newPasswordFault(visit) ?? ((await isMyPassword(visit)) ? undefined : WRONG_PASSWORD);
  if (fault !== undefined) return page(visit, fault);
  await setPassword(own, { tenant, email, password: fields.one('password') }, now());
  await record({ interaction: 'password-change', action: 'U' });
  const account = await accountById(own, id);
  if (!account) return { to: '/portal/login?ended=1' };
  const session = await beginPortalSession(own, account, provedAt !== undefined, now());
  return { to: '/portal/account?changed=1', session };
}

async function endSessions(visit: Visit): Promise<Reply> {
  const { own, now } = visit.options;
  const { tenant, email } = accountOf(visit);
  await visit.record({ interaction: 'sessions-end', action: 'E' });
  await endUserSessions(own, tenant, email, now());
  return { to: '/portal/login?out=1' };
}
