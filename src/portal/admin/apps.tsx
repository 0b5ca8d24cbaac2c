import { checkedApp, type AppDetails } from '../../auth/apps.js';
import { logoOf, setLogo, type Logo } from '../../auth/app-logo.js';
import { scopePolicyOf } from '../../auth/orgs.js';
import {
  createCredential,
  isPublic,
  listCredentials,
  registerCredential,
  revokeCredential,
  type Credential,
} from '../../auth/store.js';
import { allowedUrl, OutboundError, safeFetch } from '../../outbound/safe-fetch.js';
import { OutcomeError } from '../../outcome.js';
import { isFirst, MOST_NAME, nameOf, type Fields } from '../forms.js';
import { Link, Table, Time, Toast } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { appForm, proofs, type TypedApp } from './app-form.js';
import { appPage, checkedPage, madePage, revocationPage } from './app-pages.js';
import { appScopes } from './app-scopes.js';
import { checkKeys, UNREACHED } from './key-check.js';

export const appRoutes: readonly Route[] = [
  { method: 'GET', path: '/manager/apps', who: 'keys', handle: list },
  { method: 'POST', path: '/manager/apps', who: 'keys', stepUp: true, handle: register },
  {
    method: 'GET',
    path: '/manager/apps/new',
    who: 'keys',
    handle: async (visit) => appForm(await offered(visit), blank),
  },
  { method: 'GET', path: '/manager/apps/:id', who: 'keys', handle: async (visit) => appPage(await clientOf(visit)) },
  { method: 'POST', path: '/manager/apps/:id/test', who: 'keys', handle: test },
  {
    method: 'GET',
    path: '/manager/apps/:id/revoke',
    who: 'keys',
    handle: async (visit) => revocationPage(await clientOf(visit)),
  },
  { method: 'POST', path: '/manager/apps/:id/revoke', who: 'keys', handle: revoke },
];

const blank: TypedApp = {
  ...{ name: '', proof: 'public', jwksUrl: '', redirectUris: '', origins: '', launchUrl: '', logoUrl: '' },
  scopes: ['openid', 'fhirUser', 'launch', 'launch/patient', 'offline_access', 'patient/*.rs'],
};

async function offered({ options: { own, scopes, facade }, account }: Visit) {
  return appScopes(scopes, facade.registry, await scopePolicyOf(own, account?.tenant ?? ''));
}

const clientsOf = async (visit: Visit): Promise<Credential[]> =>
  (await listCredentials(visit.options.own, accountOf(visit).tenant)).filter(
    ({ kind }) => kind === 'app' || kind === 'backend',
  );

/** Errors: 404, also for an app of another organization. */
async function clientOf(visit: Visit): Promise<Credential> {
  const found = (await clientsOf(visit)).find(({ id }) => id === visit.id);
  if (!found) throw new OutcomeError(404, 'unknown-id', 'There is no such app');
  return found;
}

const kindOf = (client: Credential): string =>
  client.kind === 'backend' ? 'backend service' : isPublic(client) ? 'app, public' : 'app, confidential';

async function list(visit: Visit): Promise<Reply> {
  const clients = await clientsOf(visit);
  return {
    title: 'Apps',
    page: (
      <>
        {visit.query.has('revoked') && <Toast>The registration is deleted. What it had opens nothing any more.</Toast>}
        <div class="head">
          <h1>Apps and backend services</h1>
          <Link to="/manager/apps/new" class="button primary">
            + App
          </Link>
        </div>
        <p class="lead">Apps that users of the organization may allow to act for them, and services that sign.</p>
        {clients.length === 0 ? (
          <p class="card empty">There are no apps yet.</p>
        ) : (
          <Table label="Apps" heads={['Name', 'Kind', 'Client id', 'State', 'Created', 'Last used']}>
            {clients.map((client) => (
              <tr key={client.id}>
                <th scope="row">
                  <Link to={`/manager/apps/${client.id}`}>
                    <bdi>{client.name}</bdi>
                  </Link>
                </th>
                <td>{kindOf(client)}</td>
                <td>
                  <code>{client.id}</code>
                </td>
                <td>{client.disabledAt === undefined ? 'active' : 'deleted'}</td>
                <td>
                  <Time at={client.createdAt} />
                </td>
                <td>
                  <Time at={client.lastUsedAt} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </>
    ),
  };
}

function typedIn(fields: Fields): TypedApp {
  const text = (name: string): string => fields.one(name).slice(0, 8000).trim();
  return {
    ...{ name: fields.one('name').slice(0, 500), proof: text('proof'), jwksUrl: text('jwksUrl') },
    ...{ redirectUris: text('redirectUris'), origins: text('origins'), launchUrl: text('launchUrl') },
    ...{ logoUrl: text('logoUrl'), scopes: fields.all('scope') },
  };
}

const linesOf = (text: string): string[] => text.split(/\s+/).filter((each) => each !== '');

/** A secret, where there is one, is in this answer and nowhere else. */
async function register(visit: Visit): Promise<Reply> {
  const { options, fields, session, record } = visit;
  const { own, now } = options;
  const typed = typedIn(fields);
  const groups = await offered(visit);
  const name = nameOf(fields.one('name'));
  const { details, logo, faults } = await checked(
    visit,
    typed,
    new Set(groups.flatMap((group) => group.scopes.map(({ text }) => text))),
  );
  if (name === undefined) faults.unshift(`A name has 1 to ${String(MOST_NAME)} characters.`);
  if (faults.length > 0 || name === undefined) return appForm(groups, typed, faults);
  if (!(await isFirst(own, session, fields, now())))
    return appForm(groups, typed, ['This form was sent before, and nothing was made now.']);
  const { tenant, id: createdBy } = accountOf(visit);
  const app = { tenant, kind: 'app', name, createdBy, ...details } as const;
  const keys = typed.proof === 'keys' ? { jwksUrl: typed.jwksUrl } : undefined;
  const made =
    typed.proof === 'secret'
      ? await createCredential(own, app, now())
      : { id: await registerCredential(own, app, keys, now()) };
  if (logo) await setLogo(own, made.id, logo);
  await record({ interaction: 'app-create', action: 'C', credential: made.id });
  return madePage(name, made, options.facade.base);
}

async function checked(visit: Visit, typed: TypedApp, offered: ReadonlySet<string>) {
  const { options } = visit;
  const chosen = [...new Set(typed.scopes)];
  const asked = {
    ...{ scopeCeiling: chosen.join(' '), redirectUris: linesOf(typed.redirectUris), origins: linesOf(typed.origins) },
    ...(typed.launchUrl !== '' && { launchUrl: typed.launchUrl }),
  };
  const { details, faults } = checkedApp(options.scopes, asked);
  const { logo, fault } = await logoAt(visit, typed.logoUrl);
  const found = [
    ...faults,
    proofFault(visit, typed),
    chosen.every((each) => offered.has(each)) ? undefined : 'Your organization does not allow one of these scopes.',
    fault,
  ].filter((each) => each !== undefined);
  return { details, logo, faults: found } satisfies { details: AppDetails; logo: Logo | undefined; faults: string[] };
}

function proofFault({ options: { outbound } }: Visit, { proof, jwksUrl }: TypedApp): string | undefined {
  if (!proofs.some(([value]) => value === proof)) return 'Choose how it proves itself.';
  if ((proof === 'keys') !== (jwksUrl !== ''))
    return 'An app that signs has the URL of its keys, and no other has one.';
  return jwksUrl === '' ? undefined : urlFault(jwksUrl, outbound, 'The URL of its keys');
}

function urlFault(url: string, outbound: Visit['options']['outbound'], what: string): string | undefined {
  try {
    allowedUrl(url, outbound);
    return undefined;
  } catch (error) {
    if (error instanceof OutboundError) return `${what} cannot be used: ${error.message}`;
    throw error;
  }
}

/** The logo is copied once: a page that shows it asks nothing of its host. */
async function logoAt(
  { options: { outbound } }: Visit,
  url: string,
): Promise<{ readonly logo?: Logo; readonly fault?: string }> {
  if (url === '') return {};
  try {
    const { status, body } = await safeFetch(url, outbound);
    const logo = status === 200 ? logoOf(body) : undefined;
    return logo ? { logo } : { fault: 'The logo is no PNG or JPEG of at most 64 kB.' };
  } catch (error) {
    if (error instanceof OutboundError) return { fault: `The logo cannot be fetched: ${UNREACHED}.` };
    throw error;
  }
}

async function test(visit: Visit): Promise<Reply> {
  const client = await clientOf(visit);
  if (client.jwksUrl === undefined) throw new OutcomeError(404, 'unknown-id', 'This app has no URL of keys');
  await visit.record({ interaction: 'app-test', action: 'E', credential: client.id });
  return checkedPage(client, await checkKeys(client.jwksUrl, visit.options.outbound));
}

async function revoke(visit: Visit): Promise<Reply> {
  const { own, now } = visit.options;
  const { id, tenant } = await clientOf(visit);
  if (await revokeCredential(own, tenant, id, now()))
    await visit.record({ interaction: 'app-revoke', action: 'D', credential: id });
  return { to: '/manager/apps?revoked=1' };
}
