import { connectedApps, withdraw, type ConnectedApp } from '../auth/connected.js';
import { MANAGE_PATH } from '../auth/paths.js';
import { OutcomeError } from '../outcome.js';
import { contextChoices, meaning } from './authorize/choices.js';
import { Link, PostForm, Table, Time, Toast } from './layout.js';
import { accountOf, type Reply, type Route, type Visit } from './visit.js';

/** Where users see which apps they allowed what, and take it back: SMART's management_endpoint. */
export const appsRoutes: readonly Route[] = [
  { method: 'GET', path: MANAGE_PATH, who: 'user', handle: list },
  { method: 'GET', path: `${MANAGE_PATH}/:id`, who: 'user', handle: confirm },
  { method: 'POST', path: `${MANAGE_PATH}/:id`, who: 'user', handle: remove },
];

const appsOf = (visit: Visit): Promise<ConnectedApp[]> =>
  connectedApps(visit.options.own, accountOf(visit).id, visit.options.now());

async function list(visit: Visit): Promise<Reply> {
  const apps = await appsOf(visit);
  return {
    title: 'Connected apps',
    page: (
      <>
        {visit.query.has('withdrawn') && <Toast>The access is withdrawn. The app can read nothing any more.</Toast>}
        <h1>Connected apps</h1>
        <p class="lead">Apps that you allowed to use data in your name. You can take it back at any time.</p>
        {apps.length === 0 ? (
          <p class="card empty">You have not allowed any app. An app asks you when you open it.</p>
        ) : (
          <Table label="Connected apps" heads={['App', 'It may', 'Since', 'Until', 'Withdraw']}>
            {apps.map((app) => (
              <tr key={app.id}>
                <th scope="row">
                  <bdi>{app.name}</bdi>
                </th>
                <td class="long">
                  <ul class="plain">
                    {wordsOf(visit, app).map((says) => (
                      <li key={says}>{says}</li>
                    ))}
                  </ul>
                </td>
                <td>
                  <Time at={app.since} />
                </td>
                <td>
                  <Time at={app.endsAt} />
                </td>
                <td class="act">
                  <Link to={`${MANAGE_PATH}/${app.id}`} class="button quiet">
                    Withdraw<span class="unseen">{` ${app.name}`}</span>
                  </Link>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </>
    ),
  };
}

/** What it may, as the page said on which it was allowed. */
function wordsOf({ options: { scopes } }: Visit, app: ConnectedApp): string[] {
  const known = app.scopes.flatMap((each) => scopes.readCeiling(each) ?? []);
  const data = known.filter(({ kind }) => kind === 'smart').map((each) => meaning(each));
  return [...new Set([...data, ...contextChoices(known).map(({ says }) => says)])];
}

/** Errors: 404, also for an app that somebody else allowed something. */
async function appOf(visit: Visit): Promise<ConnectedApp> {
  const app = (await appsOf(visit)).find(({ id }) => id === visit.id);
  if (app) return app;
  throw new OutcomeError(404, 'unknown-id', 'You have not allowed such an app anything. It may be withdrawn already.');
}

async function confirm(visit: Visit): Promise<Reply> {
  const { id, name } = await appOf(visit);
  return {
    title: 'Withdraw access',
    page: (
      <div class="card narrow">
        <h1>
          Withdraw the access of <bdi>{name}</bdi>?
        </h1>
        <p>It is refused with its next request. What it has read already, it may have kept.</p>
        <PostForm to={`${MANAGE_PATH}/${id}`}>
          <div class="actions">
            <button class="danger">Withdraw</button>
            <Link to={MANAGE_PATH}>Keep it</Link>
          </div>
        </PostForm>
      </div>
    ),
  };
}

async function remove(visit: Visit): Promise<Reply> {
  const { own, now } = visit.options;
  const { id, patients } = await appOf(visit);
  await withdraw(own, accountOf(visit).id, id, now());
  await visit.record({ interaction: 'withdraw', action: 'D', credential: id, patients });
  return { to: `${MANAGE_PATH}?withdrawn=1` };
}
