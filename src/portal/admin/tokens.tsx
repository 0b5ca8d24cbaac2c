import { activityOf } from '../../audit/activity.js';
import { listOrgs } from '../../auth/orgs.js';
import { createCredential, orgTokens, revokeCredential, type Credential } from '../../auth/store.js';
import { OutcomeError } from '../../outcome.js';
import { isFirst, MOST_NAME, nameOf } from '../forms.js';
import { Code, Link, Notice, PostForm, Secret, Table, Time, Toast } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { offeredScopes, type ScopeGroup } from './offered-scopes.js';
import { tokenForm } from './token-form.js';

export const tokenRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/tokens', who: 'keys', handle: list },
  { method: 'POST', path: '/manager/tokens', who: 'keys', stepUp: true, handle: create },
  { method: 'GET', path: '/manager/tokens/new', who: 'keys', handle: async (visit) => tokenForm(await offered(visit)) },
  { method: 'GET', path: '/manager/tokens/:id/activity', who: 'keys', handle: activity },
  { method: 'GET', path: '/manager/tokens/:id/revoke', who: 'keys', handle: confirmRevocation },
  { method: 'POST', path: '/manager/tokens/:id/revoke', who: 'keys', handle: revoke },
];

/** What is older is on the page of the audit trail. */
const ON_A_PAGE = 200;

/** As many as one request of a token may name. */
const MOST_SCOPES = 64;

async function offered(visit: Visit): Promise<ScopeGroup[]> {
  const { own, scopes, facade } = visit.options;
  const org = (await listOrgs(own)).find(({ id }) => id === accountOf(visit).tenant);
  return offeredScopes(scopes, facade.registry, org?.scopePolicy);
}

function stateOf({ disabledAt, expiresAt }: Credential, now: number): 'active' | 'revoked' | 'expired' {
  if (disabledAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active';
}

async function list(visit: Visit): Promise<Reply> {
  const { options, query } = visit;
  const tokens = await orgTokens(options.own, accountOf(visit).tenant);
  return {
    title: 'API Tokens',
    page: (
      <>
        {query.has('revoked') && <Toast>The token is revoked. It opens nothing any more.</Toast>}
        {query.has('gone') && <Toast>The token was revoked already.</Toast>}
        <div class="head">
          <h1>API Tokens</h1>
          <Link to="/manager/tokens/new" class="button primary">
            + API Token
          </Link>
        </div>
        <p class="lead">A token lets a system of yours use the API in the name of the organization.</p>
        {tokens.length === 0 ? (
          <p class="card empty">There are no tokens yet.</p>
        ) : (
          <Table
            label="API tokens"
            heads={['Name', 'State', 'Created', 'Last used', 'Expires', 'Activity log', 'Revoke']}
          >
            {tokens.map((token) => tokenRow(token, stateOf(token, options.now())))}
          </Table>
        )}
      </>
    ),
  };
}

function tokenRow({ id, name, createdAt, lastUsedAt, expiresAt }: Credential, state: 'active' | 'revoked' | 'expired') {
  const of = (
    <span class="unseen">
      {' '}
      <bdi>{name}</bdi>
    </span>
  );
  return (
    <tr key={id}>
      <th scope="row">
        <bdi>{name}</bdi>
      </th>
      <td>
        <span class={state === 'active' ? 'badge' : 'badge off'}>{state}</span>
      </td>
      <td>
        <Time at={createdAt} />
      </td>
      <td>
        <Time at={lastUsedAt} />
      </td>
      <td>
        <Time at={expiresAt} />
      </td>
      <td class="act">
        <Link to={`/manager/tokens/${id}/activity`} class="button quiet">
          View{of}
        </Link>
      </td>
      <td class="act">
        {state !== 'revoked' && (
          <Link to={`/manager/tokens/${id}/revoke`} class="button quiet">
            Revoke{of}
          </Link>
        )}
      </td>
    </tr>
  );
}

/** The token is in this answer and nowhere else. */
async function create(visit: Visit): Promise<Reply> {
  const { options, fields, session, record } = visit;
  const { own, now } = options;
  const groups = await offered(visit);
  const typed = { name: fields.one('name').slice(0, 500), expires: fields.one('expires'), scopes: fields.all('scope') };
  const name = nameOf(fields.one('name'));
  const expiresAt = endOf(typed.expires);
  const known = new Set(groups.flatMap((group) => group.scopes.map(({ text }) => text)));
  const chosen = [...new Set(typed.scopes)];
  const again = (fault: string): Reply => tokenForm(groups, fault, typed);
  if (name === undefined) return again(`A name has 1 to ${String(MOST_NAME)} characters.`);
  if (chosen.length === 0) return again('Choose at least one scope.');
  if (chosen.length > MOST_SCOPES) return again(`A token has at most ${String(MOST_SCOPES)} scopes.`);
  if (!chosen.every((each) => known.has(each))) return again('Your organization does not allow one of these scopes.');
  if (expiresAt !== undefined && !(expiresAt > now())) return again('The last day is today or later.');
  if (!(await isFirst(own, session, fields, now())))
    return again(
      'This form was sent before, and nothing was made now. A token is shown once; you can make another one.',
    );
  const { tenant, id: createdBy } = accountOf(visit);
  const made = await createCredential(
    own,
    {
      ...{ tenant, kind: 'org', name, scopeCeiling: chosen.join(' '), createdBy },
      ...(expiresAt !== undefined && { expiresAt }),
    },
    now(),
  );
  await record({ interaction: 'token-create', action: 'C', credential: made.id });
  return madePage(name, made.secret);
}

/** The end of a day in UTC; undefined for no day, NaN for what is none. */
const endOf = (day: string): number | undefined =>
  day === '' ? undefined : /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) + 24 * 3_600_000 : NaN;

const madePage = (name: string, token: string): Reply => ({
  title: 'Your new API token',
  page: (
    <div class="card narrow">
      <h1>
        API token <bdi>{name}</bdi>
      </h1>
      <Notice>Copy the token now. When you leave this page, nobody can show it again.</Notice>
      <Secret label="Token" id="token" value={token} />
      <p>
        <Link to="/manager/tokens" class="button primary">
          Done
        </Link>
      </p>
    </div>
  ),
});

/** Errors: 404, also for a token of another organization. */
async function tokenOf(visit: Visit): Promise<Credential> {
  const found = (await orgTokens(visit.options.own, accountOf(visit).tenant)).find(({ id }) => id === visit.id);
  if (!found) throw new OutcomeError(404, 'unknown-id', 'There is no such token');
  return found;
}

async function activity(visit: Visit): Promise<Reply> {
  const { own, trail } = visit.options;
  const token = await tokenOf(visit);
  await trail.flush();
  const entries = (await activityOf(own, accountOf(visit).tenant, token.id)).slice(0, ON_A_PAGE);
  // It is a part of the trail, and not of what the token did.
  await visit.record({ interaction: 'audit-read', action: 'R' });
  return {
    title: 'Activity log',
    page: (
      <>
        <h1>
          Activity log of <bdi>{token.name}</bdi>
        </h1>
        <p class="lead">The newest {String(ON_A_PAGE)} entries. All of them are in the audit trail.</p>
        <details>
          <summary>Scopes</summary>
          <p>
            <code>{token.scopeCeiling}</code>
          </p>
        </details>
        <Table label="Activity log" heads={['When', 'What', 'Resource', 'Status', 'Request id']}>
          {entries.map((each, index) => (
            <tr key={index}>
              <td class="when">
                <Time at={each.at} />
              </td>
              <td>{each.interaction}</td>
              <td>
                <Code text={each.entity ?? each.type ?? ''} />
              </td>
              <td>{each.status}</td>
              <td>
                <Code text={each.requestId ?? ''} />
              </td>
            </tr>
          ))}
        </Table>
        <p>
          <Link to="/manager/tokens">Back to the tokens</Link>
        </p>
      </>
    ),
  };
}

async function confirmRevocation(visit: Visit): Promise<Reply> {
  const { id, name } = await tokenOf(visit);
  return {
    title: 'Revoke a token',
    page: (
      <div class="card narrow">
        <h1>
          Revoke <bdi>{name}</bdi>?
        </h1>
        <p>The system that has it is refused with its next request. This cannot be undone.</p>
        <PostForm to={`/manager/tokens/${id}/revoke`}>
          <div class="actions">
            <button class="danger">Revoke</button>
            <Link to="/manager/tokens">Keep it</Link>
          </div>
        </PostForm>
      </div>
    ),
  };
}

async function revoke(visit: Visit): Promise<Reply> {
  const { options, record } = visit;
  const { id, tenant } = await tokenOf(visit);
  if (!(await revokeCredential(options.own, tenant, id, options.now()))) return { to: '/manager/tokens?gone=1' };
  await record({ interaction: 'token-revoke', action: 'D', credential: id });
  return { to: '/manager/tokens?revoked=1' };
}
