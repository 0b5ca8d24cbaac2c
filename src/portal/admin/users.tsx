import type { Role } from '../../auth/roles.js';
import {
  disableUser,
  enableUser,
  endUserSessions,
  listStaff,
  resetSecondFactor,
  setCanManageKeys,
  setRoles,
  userById,
  type User,
} from '../../auth/users.js';
import { OutcomeError } from '../../outcome.js';
import { Alert, Link, PostForm, Table, Toast } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';

export const userRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/users', who: 'admin', handle: list },
  { method: 'GET', path: '/manager/users/:id', who: 'admin', handle: open },
  { method: 'POST', path: '/manager/users/:id', who: 'admin', stepUp: true, handle: edit },
  { method: 'POST', path: '/manager/users/:id/disable', who: 'admin', handle: disable },
  { method: 'POST', path: '/manager/users/:id/enable', who: 'admin', handle: enable },
  { method: 'POST', path: '/manager/users/:id/reset-mfa', who: 'admin', stepUp: true, handle: resetMfa },
  { method: 'POST', path: '/manager/users/:id/end-sessions', who: 'admin', handle: endSessions },
];

const State = ({ user: { disabledAt } }: { user: User }) =>
  disabledAt === undefined ? <span class="badge">active</span> : <span class="badge off">disabled</span>;

async function list(visit: Visit): Promise<Reply> {
  const users = await listStaff(visit.options.own, accountOf(visit).tenant);
  return {
    title: 'Users',
    page: (
      <>
        <h1>Users</h1>
        <p class="lead">
          The people of the organization. Whoever runs Portico adds them, with <code>portico user create</code>;
          patients are enabled on the page of patients.
        </p>
        <Table label="Users" heads={['Name', 'E-mail', 'Roles', 'Can Manage Keys', 'Second factor', 'State', 'Edit']}>
          {users.map((user) => (
            <tr key={user.id}>
              <th scope="row">
                <bdi>{user.name}</bdi>
              </th>
              <td>
                <bdi>{user.email}</bdi>
              </td>
              <td>{user.roles.join(', ')}</td>
              <td>{user.canManageKeys ? 'Yes' : 'No'}</td>
              <td>{user.hasSecondFactor ? 'Yes' : 'No'}</td>
              <td>
                <State user={user} />
              </td>
              <td class="act">
                <Link to={`/manager/users/${user.id}`} class="button quiet">
                  Edit<span class="unseen">{` ${user.name}`}</span>
                </Link>
              </td>
            </tr>
          ))}
        </Table>
      </>
    ),
  };
}

/** Errors: 404 for a mere patient and for a user of another organization too. */
async function userOf(visit: Visit): Promise<User> {
  const found = await userById(visit.options.own, accountOf(visit).tenant, visit.id);
  if (!found || found.roles.join(' ') === 'patient') throw new OutcomeError(404, 'unknown-id', 'There is no such user');
  return found;
}

/** Nobody changes their own rights: an admin without keys does not get them without another admin. */
async function changeable(visit: Visit): Promise<User> {
  const user = await userOf(visit);
  if (user.id === visit.account?.id)
    throw new OutcomeError(403, 'insufficient-scope', 'Another admin has to change your own account');
  return user;
}

async function open(visit: Visit): Promise<Reply> {
  const user = await userOf(visit);
  return page(user, user.id === visit.account?.id, visit.query.has('saved'));
}

const page = (user: User, isMe: boolean, saved: boolean, fault?: string): Reply => ({
  status: fault === undefined ? 200 : 400,
  title: 'Edit a user',
  page: (
    <div class="card narrow">
      {saved && <Toast>The change is saved.</Toast>}
      <h1>
        <bdi>{user.name}</bdi>
      </h1>
      <p>
        <bdi>{user.email}</bdi> <State user={user} />
      </p>
      {fault !== undefined && <Alert>{fault}</Alert>}
      {isMe ? <p>This is your own account: another admin has to change it.</p> : <Changes user={user} />}
      <p>
        <Link to="/manager/users">Back to the users</Link>
      </p>
    </div>
  ),
});

const editable: readonly (readonly [role: Role, says: string])[] = [
  ['clinician', 'Clinician: works with the data of all patients'],
  ['admin', 'Admin: manages users and patients, and reads no clinical data by that'],
];

function Changes({ user: { id, roles, canManageKeys, hasSecondFactor, disabledAt } }: { user: User }) {
  const path = `/manager/users/${id}`;
  return (
    <>
      <PostForm to={path}>
        <fieldset>
          <legend>Roles</legend>
          {editable.map(([role, says]) => (
            <label key={role} class="check">
              <input type="checkbox" name="role" value={role} checked={roles.includes(role)} />
              <span>{says}</span>
            </label>
          ))}
        </fieldset>
        <fieldset>
          <legend>Can Manage Keys</legend>
          {(['Yes', 'No'] as const).map((each) => (
            <label key={each} class="check">
              <input type="radio" name="keys" value={each} checked={canManageKeys === (each === 'Yes')} />
              <span>{each}</span>
            </label>
          ))}
        </fieldset>
        <button class="primary">Save</button>
      </PostForm>
      <h2>Account</h2>
      <div class="actions">
        {hasSecondFactor && (
          <PostForm to={`${path}/reset-mfa`}>
            <button>Reset the second factor</button>
          </PostForm>
        )}
        {disabledAt === undefined && (
          <PostForm to={`${path}/end-sessions`}>
            <button>End all sessions</button>
          </PostForm>
        )}
        <PostForm to={`${path}/${disabledAt === undefined ? 'disable' : 'enable'}`}>
          <button class={disabledAt === undefined ? 'danger' : undefined}>
            {disabledAt === undefined ? 'Disable the user' : 'Enable the user'}
          </button>
        </PostForm>
      </div>
    </>
  );
}

async function edit(visit: Visit): Promise<Reply> {
  const { options, fields } = visit;
  const user = await changeable(visit);
  const { tenant, email } = user;
  const chosen = fields.all('role');
  const roles = [
    ...editable.map(([role]) => role).filter((role) => chosen.includes(role)),
    ...user.roles.filter((role) => role === 'patient'),
  ];
  // A mere patient would be gone from this list.
  if (roles.every((role) => role === 'patient'))
    return page(user, false, false, 'A user has at least one of the roles.');
  const keys = fields.one('keys') === 'Yes';
  if (keys !== user.canManageKeys) await setCanManageKeys(options.own, tenant, email, keys);
  if (roles.join(' ') !== user.roles.join(' ')) await setRoles(options.own, tenant, email, roles);
  return saved(visit, user, 'user-change');
}

async function disable(visit: Visit): Promise<Reply> {
  const { own, now } = visit.options;
  const user = await changeable(visit);
  await disableUser(own, user.tenant, user.email, now());
  return saved(visit, user, 'user-disable');
}

async function enable(visit: Visit): Promise<Reply> {
  const user = await changeable(visit);
  await enableUser(visit.options.own, user.tenant, user.email);
  return saved(visit, user, 'user-enable');
}

async function resetMfa(visit: Visit): Promise<Reply> {
  const { own, now } = visit.options;
  const user = await changeable(visit);
  await resetSecondFactor(own, user.tenant, user.email, now());
  return saved(visit, user, 'mfa-reset');
}

async function endSessions(visit: Visit): Promise<Reply> {
  const { own, now } = visit.options;
  const user = await changeable(visit);
  await endUserSessions(own, user.tenant, user.email, now());
  return saved(visit, user, 'sessions-end');
}

async function saved({ record }: Visit, { id }: User, interaction: string): Promise<Reply> {
  await record({ interaction, action: 'U', entity: `user/${id}` });
  return { to: `/manager/users/${id}?saved=1` };
}
