import { createEnrolment } from '../../auth/enrolment.js';
import { createUser, disableUser, enableUser, patientUser, type User } from '../../auth/users.js';
import { OutcomeError } from '../../outcome.js';
import { FORM_FIELD, isFirst, newFormId } from '../forms.js';
import { Facts } from '../facts.js';
import { Alert, Code, dateText, Field, Link, Notice, PostForm, SearchForm, Secret, Table, Toast } from '../layout.js';
import { newToken } from '../session.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { findPeople, MOST_FOUND, personOf, type Person } from './find-patients.js';

export const patientsRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/patients', who: 'admin', handle: search },
  { method: 'GET', path: '/manager/patients/:id', who: 'admin', handle: open },
  { method: 'POST', path: '/manager/patients/:id/enable', who: 'admin', stepUp: true, handle: enable },
  { method: 'POST', path: '/manager/patients/:id/disable', who: 'admin', handle: disable },
];

async function search(visit: Visit): Promise<Reply> {
  const { options, query, record } = visit;
  const text = (query.get('q') ?? '').slice(0, 100).replaceAll('\0', '');
  const people = await findPeople(options, accountOf(visit), text);
  if (text !== '') {
    const patients = people.map(({ id }) => id);
    await record({ interaction: 'patient-search', action: 'E', type: 'Patient', patients });
  }
  return {
    title: 'Patients',
    page: (
      <>
        <h1>Patients</h1>
        <p class="lead">
          Enable a patient to log in to the patient portal. This page shows what tells patients apart, and nothing else.
        </p>
        <SearchForm
          to="/manager/patients"
          label="Find a patient"
          value={text}
          hint="Parts of the name, the date of birth as YYYY-MM-DD, or the id"
        />
        {text !== '' && <People people={people} />}
      </>
    ),
  };
}

function People({ people }: { people: readonly Person[] }) {
  if (people.length === 0) return <p class="card empty">Nobody was found.</p>;
  const table = (
    <Table label="Patients" heads={['Name', 'Born', 'Id', 'Portal access']}>
      {people.map(({ id, name, birthDate }) => (
        <tr key={id}>
          <th scope="row">
            <bdi>{name}</bdi>
          </th>
          <td>{dateText(birthDate)}</td>
          <td>
            <code>{id}</code>
          </td>
          <td class="act">
            <Link to={`/manager/patients/${id}`} class="button quiet">
              Open<span class="unseen">{` the portal access of ${name}`}</span>
            </Link>
          </td>
        </tr>
      ))}
    </Table>
  );
  if (people.length < MOST_FOUND) return table;
  return (
    <>
      {table}
      <p class="hint">
        There may be more: these are the first {MOST_FOUND}. More of the name, or the date of birth, finds fewer.
      </p>
    </>
  );
}

interface Found {
  readonly person: Person;
  readonly user: User | undefined;
}

/** The patient of the path and the user that they are. Errors: 404, also for a patient of another organization. */
async function find(visit: Visit): Promise<Found> {
  const account = accountOf(visit);
  const person = await personOf(visit.options, account, visit.id);
  if (!person) throw new OutcomeError(404, 'unknown-id', 'There is no such patient');
  return { person, user: await patientUser(visit.options.own, account.tenant, person.id) };
}

async function open(visit: Visit): Promise<Reply> {
  const found = await find(visit);
  const patients = [found.person.id];
  await visit.record({ interaction: 'patient-search', action: 'R', type: 'Patient', patients });
  return page(found, visit.query.has('disabled') ? 'disabled' : undefined);
}

function page({ person: { id, name, birthDate }, user }: Found, note?: 'disabled', fault?: string, email = ''): Reply {
  return {
    status: fault === undefined ? 200 : 400,
    title: 'Portal access',
    page: (
      <div class="card narrow">
        {note === 'disabled' && <Toast>The patient can no longer log in, and their keys are deleted.</Toast>}
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <Facts
          facts={[
            ['Born', dateText(birthDate)],
            ['Id', <Code text={id} />],
            [
              'Portal',
              user ? `${user.disabledAt === undefined ? 'enabled' : 'disabled'}, as ${user.email}` : 'not enabled',
            ],
          ]}
        />
        {fault !== undefined && <Alert>{fault}</Alert>}
        {isStaff(user) ? <p>{STAFF}</p> : <Forms id={id} user={user} email={email} />}
        <p>
          <Link to="/manager/patients">Back to the search</Link>
        </p>
      </div>
    ),
  };
}

const STAFF = 'This patient works here too. Their account is on the page of users.';

/** A link sets a password: whoever makes one of somebody with more rights than a patient would have those rights. */
const isStaff = (user: User | undefined): boolean => user?.roles.some((role) => role !== 'patient') === true;

function refuseStaff({ user }: Found): void {
  if (isStaff(user)) throw new OutcomeError(403, 'insufficient-scope', STAFF);
}

const Forms = ({ id, user, email }: { id: string; user: User | undefined; email: string }) => (
  <>
    <PostForm to={`/manager/patients/${id}/enable`}>
      <input type="hidden" name={FORM_FIELD} value={newFormId()} />
      {user === undefined && (
        <Field
          label="E-mail address"
          name="email"
          type="email"
          value={email}
          hint="What the patient logs in with. No mail is sent."
          required
          maxlength={254}
        />
      )}
      <button class="primary">{textOf(user)}</button>
    </PostForm>
    {user?.disabledAt === undefined && user && (
      <PostForm to={`/manager/patients/${id}/disable`}>
        <p class="hint">Disabling logs the patient out and deletes the keys of their apps.</p>
        <button class="danger">Disable the portal</button>
      </PostForm>
    )}
  </>
);

function textOf(user: User | undefined): string {
  if (user === undefined) return 'Enable the portal';
  return user.disabledAt === undefined ? 'Make a new enrolment link' : 'Enable the portal again';
}

/**
 * Makes the patient's user where there is none, and a link by which they set a password: shown in this answer alone.
 * Errors: 403 for somebody who is more than a patient.
 */
async function enable(visit: Visit): Promise<Reply> {
  const { options, fields, session, record } = visit;
  const { own, now, issuer } = options;
  const { id: by, tenant } = accountOf(visit);
  const found = await find(visit);
  refuseStaff(found);
  const { person, user } = found;
  const email = fields.one('email').trim();
  if (!user && !/^[^\s@]{1,64}@[^\s@]{1,189}$/.test(email))
    return page(found, undefined, 'This is not an e-mail address.', email.slice(0, 254));
  if (!(await isFirst(own, session, fields, now())))
    return page(found, undefined, 'This form was sent before. A link is shown once; you can make a new one.');
  if (user?.disabledAt !== undefined) await enableUser(own, tenant, user.email);
  const id = user?.id ?? (await createPatient(visit, person, email));
  if (id === undefined) return page(found, undefined, 'This e-mail address belongs to a user already.', email);
  const token = await createEnrolment(own, id, by, now());
  await record({ interaction: 'portal-enable', action: 'U', type: 'Patient', patients: [person.id] });
  return linkPage(person, `${issuer}/portal/enrol/${token}`);
}

const createPatient = ({ options: { own, now }, account }: Visit, person: Person, email: string) =>
  createUser(
    own,
    {
      ...{ tenant: account?.tenant ?? '', email, name: person.name, roles: ['patient'], canManageKeys: false },
      // Nobody knows it: the link sets the first one.
      ...{ fhirUser: `Patient/${person.id}`, password: newToken() },
    },
    now(),
  );

const linkPage = ({ id, name }: Person, link: string): Reply => ({
  title: 'Enrolment link',
  page: (
    <div class="card narrow">
      <h1>Enrolment link</h1>
      <p>
        Give this link to <bdi>{name}</bdi>. Whoever has it can set the password: it works once, and for seven days.
      </p>
      <Notice>It is shown this once. Links that you made before no longer work.</Notice>
      <Secret label="Link" id="link" value={link} />
      <p>
        <Link to={`/manager/patients/${id}`} class="button primary">
          Done
        </Link>
      </p>
    </div>
  ),
});

async function disable(visit: Visit): Promise<Reply> {
  const { options, record } = visit;
  const { own, now } = options;
  const { tenant } = accountOf(visit);
  const found = await find(visit);
  refuseStaff(found);
  const { person, user } = found;
  if (user) {
    await disableUser(own, tenant, user.email, now());
    await record({ interaction: 'portal-disable', action: 'U', type: 'Patient', patients: [person.id] });
  }
  return { to: `/manager/patients/${person.id}?disabled=1` };
}
