import { AUTHORIZE_PATH } from '../../auth/paths.js';
import { findPeople } from '../admin/find-patients.js';
import { dateText, Link, PostForm, SearchForm, Table } from '../layout.js';
import type { Reply, Visit } from '../visit.js';
import type { Asking } from './asking.js';

/** For users who may see several patients: whose record the app shall open. */
export async function pickerPage(visit: Visit, { request, client, login }: Asking): Promise<Reply> {
  const { options, query, record } = visit;
  const text = (query.get('q') ?? '').slice(0, 200);
  const people = text.trim() === '' ? [] : await findPeople(options, login.account, text);
  const path = `${AUTHORIZE_PATH}/${request.id}`;
  if (people.length > 0)
    await record({ interaction: 'patient-search', action: 'E', type: 'Patient', patients: people.map(({ id }) => id) });
  return {
    title: 'Choose a patient',
    leadsTo: request.asked.redirectUri,
    page: (
      <>
        <h1>Choose a patient</h1>
        <p class="lead">
          <bdi>{client.name}</bdi> opens one patient’s record. Whose?
        </p>
        <SearchForm
          to={path}
          label="Name, date of birth or id"
          value={text}
          hint="For example parts of the name, or 1980-12-31"
        />
        {text !== '' && people.length === 0 && <p class="card empty">Nobody was found.</p>}
        {people.length > 0 && (
          <Table label="Patients" heads={['Name', 'Born', 'Id', 'Choose']}>
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
                  <Link class="button quiet" to={`${path}?patient=${encodeURIComponent(id)}`}>
                    Choose<span class="unseen">{` ${name}`}</span>
                  </Link>
                </td>
              </tr>
            ))}
          </Table>
        )}
        <PostForm to={path}>
          <button name="decision" value="deny">
            Cancel and return to the app
          </button>
        </PostForm>
      </>
    ),
  };
}
