import { confirm, disableSecondFactor, enrol } from '../auth/second-factor.js';
import { Alert, Field, Link, Notice, PostForm, Secret } from './layout.js';
import { isMyPassword, MyPasswordField, WRONG_PASSWORD } from './my-password.js';
import { qrImage } from './qr.js';
import { beginPortalSession, endPortalSession } from './session.js';
import { accountOf, type Reply, type Route, type Visit } from './visit.js';

const PATH = '/portal/account/factor';

/** A second factor is begun, proved once, and from then on asked for by every login. */
export const factorRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, who: 'user', handle: async (visit) => start(visit) },
  { method: 'POST', path: PATH, who: 'user', handle: begin },
  { method: 'POST', path: `${PATH}/confirm`, who: 'user', handle: prove },
  { method: 'POST', path: `${PATH}/off`, who: 'user', handle: turnOff },
];

function start(visit: Visit, fault?: string): Reply {
  const isOn = accountOf(visit).totpSealed !== undefined;
  const title = isOn ? 'Turn off your second factor' : 'Set up a second factor';
  return {
    status: fault === undefined ? 200 : 400,
    title,
    page: (
      <div class="card narrow">
        <h1>{title}</h1>
        {fault !== undefined && <Alert>{fault}</Alert>}
        <p>
          {isOn
            ? 'From then on your password alone logs you in.'
            : 'You need an authenticator app on your phone. It shows a new code every 30 seconds.'}
        </p>
        <PostForm to={isOn ? `${PATH}/off` : PATH}>
          <MyPasswordField />
          <div class="actions">
            <button class={isOn ? 'danger' : 'primary'}>{isOn ? 'Turn it off' : 'Continue'}</button>
            <Link to="/portal/account">Cancel</Link>
          </div>
        </PostForm>
      </div>
    ),
  };
}

async function begin(visit: Visit): Promise<Reply> {
  if (!(await isMyPassword(visit))) return start(visit, WRONG_PASSWORD);
  const made = await enrol(visit.options, accountOf(visit));
  await visit.record({ interaction: 'mfa-enrol', action: 'E', status: made ? 200 : 409 });
  if (!made) return start(visit, 'You have a second factor already.');
  const image = await qrImage(made.uri);
  return {
    title: 'Set up a second factor',
    page: (
      <div class="card narrow">
        <h1>Set up a second factor</h1>
        <p>Scan this with your authenticator app, then type the code that it shows.</p>
        <img class="qr" src={image} alt="QR code for the authenticator app" width="240" height="240" />
        <details>
          <summary>Type it in instead</summary>
          <Secret label="Setup key" id="setup" value={made.secret} />
        </details>
        <CodeForm />
      </div>
    ),
  };
}

const CodeForm = () => (
  <PostForm to={`${PATH}/confirm`}>
    <Field
      label="Code"
      name="code"
      autocomplete="one-time-code"
      hint="The six digits that your app shows."
      required
      maxlength={6}
    />
    <div class="actions">
      <button class="primary">Turn it on</button>
      <Link to="/portal/account">Cancel</Link>
    </div>
  </PostForm>
);

/** The recovery codes are in this answer and nowhere else. The session gets another id, as at a login. */
async function prove(visit: Visit): Promise<Reply> {
  const { options, fields, session, record } = visit;
  const account = accountOf(visit);
  const codes = await confirm(options, account, fields.one('code').trim().slice(0, 64));
  await record({ interaction: 'mfa-confirm', action: 'U', status: codes ? 200 : 401 });
  if (!codes) return wrongCode;
  await endPortalSession(options.own, session, options.now());
  return {
    session: await beginPortalSession(options.own, account, true, options.now()),
    title: 'Your recovery codes',
    page: (
      <div class="card narrow">
        <h1>Your second factor is on</h1>
        <Notice>Keep these recovery codes on paper. When you leave this page, nobody can show them again.</Notice>
        <p>Each logs you in once, without your phone.</p>
        <ul class="codes" aria-label="Recovery codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <Link to="/portal/account" class="button primary">
          Done
        </Link>
      </div>
    ),
  };
}

const wrongCode: Reply = {
  status: 401,
  title: 'Set up a second factor',
  page: (
    <div class="card narrow">
      <h1>Set up a second factor</h1>
      <Alert>The code is wrong, or its time is over. Type the next one, or begin again.</Alert>
      <CodeForm />
    </div>
  ),
};

async function turnOff(visit: Visit): Promise<Reply> {
  if (!(await isMyPassword(visit))) return start(visit, WRONG_PASSWORD);
  const done = await disableSecondFactor(visit.options, accountOf(visit));
  if (done) await visit.record({ interaction: 'mfa-disable', action: 'U' });
  return { to: '/portal/account?factor-off=1' };
}
