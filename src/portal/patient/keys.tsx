import { createCredential, patientKeys, revokeCredential, type Credential, type Made } from '../../auth/store.js';
import { OutcomeError } from '../../outcome.js';
import { FORM_FIELD, isFirst, MOST_NAME, nameOf, newFormId } from '../forms.js';
import { Alert, Field, Link, Notice, PostForm, Secret, Table, Time, Toast } from '../layout.js';
import { qrImage } from '../qr.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { patientOf } from './own.js';

export const keyRoutes: readonly Route[] = [
  { method: 'GET', path: '/portal/keys', who: 'patient', handle: list },
  { method: 'POST', path: '/portal/keys', who: 'patient', handle: generate },
  { method: 'GET', path: '/portal/keys/new', who: 'patient', handle: async () => newPage() },
  { method: 'GET', path: '/portal/keys/:id/delete', who: 'patient', handle: confirmDeletion },
  { method: 'POST', path: '/portal/keys/:id/delete', who: 'patient', handle: remove },
];

/** More than anybody has apps. */
const MOST_KEYS = 50;

const keysOf = (visit: Visit): Promise<Credential[]> => {
  const account = accountOf(visit);
  return patientKeys(visit.options.own, account.tenant, patientOf(account));
};

/** Enough to tell keys apart, and no key. */
const prefixOf = ({ id }: Credential): string => `${id.slice(0, 6)}…`;

async function list(visit: Visit): Promise<Reply> {
  const keys = await keysOf(visit);
  const { query } = visit;
  return {
    title: 'FHIR API Access',
    page: (
      <>
        {query.has('deleted') && <Toast>The credentials are deleted. They no longer share your data.</Toast>}
        {query.has('gone') && <Toast>These credentials were deleted already.</Toast>}
        <div class="head">
          <h1>FHIR API Access</h1>
          <Link to="/portal/keys/new" class="button primary">
            Generate New Credentials
          </Link>
        </div>
        <p class="lead">
          An app that has a key and its secret can read your whole record, until you delete them here. Make a set for
          each app, so that you can end one without the others.
        </p>
        {keys.length === 0 ? (
          <p class="card empty">No app has a key to your record. Generate a set when an app asks you for one.</p>
        ) : (
          <Table label="Your credentials" heads={['Name', 'Key begins with', 'Created', 'Last used', 'Delete']}>
            {keys.map((key) => (
              <tr key={key.id}>
                <th scope="row">
                  <bdi>{key.name}</bdi>
                </th>
                <td>
                  <code>{prefixOf(key)}</code>
                </td>
                <td>
                  <Time at={key.createdAt} />
                </td>
                <td>
                  <Time at={key.lastUsedAt} />
                </td>
                <td class="act">
                  <Link to={`/portal/keys/${key.id}/delete`} class="icon">
                    <Trash />
                    <span class="unseen">
                      Delete <bdi>{key.name}</bdi>
                    </span>
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

const Trash = () => (
  <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
    <path
      d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  </svg>
);

const newPage = (fault?: string, name = ''): Reply => ({
  status: fault === undefined ? 200 : 400,
  title: 'Generate New Credentials',
  page: (
    <div class="card narrow">
      <h1>Generate New Credentials</h1>
      {fault !== undefined && <Alert>{fault}</Alert>}
      <PostForm to="/portal/keys">
        <input type="hidden" name={FORM_FIELD} value={newFormId()} />
        <Field label="Name" name="name" value={name} hint="The app that they are for." required autocomplete="off" />
        <div class="actions">
          <button class="primary">Submit</button>
          <Link to="/portal/keys">Cancel</Link>
        </div>
      </PostForm>
    </div>
  ),
});

/** The secret is in this answer and nowhere else: there is no redirect, and a second sending of the form makes nothing. */
async function generate(visit: Visit): Promise<Reply> {
  const { options, fields, session, record } = visit;
  const { own, now } = options;
  const name = nameOf(fields.one('name'));
  if (name === undefined)
    return newPage(`A name has 1 to ${String(MOST_NAME)} characters.`, fields.one('name').slice(0, 500));
  if ((await keysOf(visit)).length >= MOST_KEYS)
    return newPage('You have very many credentials. Please delete some that you no longer need.', name);
  if (!(await isFirst(own, session, fields, now()))) return sentBefore;
  const { id: createdBy, tenant } = accountOf(visit);
  const patient = patientOf(accountOf(visit));
  const key = { tenant, kind: 'portal', name, patient, scopeCeiling: 'patient/*.rs', createdBy } as const;
  const made = await createCredential(own, key, now());
  await record({ interaction: 'key-create', action: 'C', credential: made.id, patients: [patient] });
  return madePage(name, made, options.facade);
}

const sentBefore: Reply = {
  status: 409,
  title: 'Nothing was made',
  page: (
    <div class="card narrow">
      <h1>Nothing was made</h1>
      <Alert>
        This form was sent before. A secret is shown once; if you did not copy it, delete the set and make a new one.
      </Alert>
      <p>
        <Link to="/portal/keys">Back to your credentials</Link>
      </p>
    </div>
  ),
};

async function madePage(
  name: string,
  { id, secret }: Made,
  { base, tokenUrl }: { base: string; tokenUrl: string },
): Promise<Reply> {
  const image = await qrImage(JSON.stringify({ fhir: base, token: tokenUrl, key: id, secret }));
  return {
    title: 'Your new credentials',
    page: (
      <div class="card narrow">
        <h1>
          Credentials for <bdi>{name}</bdi>
        </h1>
        <Notice>Copy the secret now. When you leave this page, nobody can show it again.</Notice>
        <Secret label="Key" id="key" value={id} />
        <Secret label="Secret" id="secret" value={secret} />
        <Secret label="FHIR base URL" id="base" value={base} />
        <Secret label="Token URL" id="token" value={tokenUrl} />
        <details>
          <summary>Show as a QR code</summary>
          <img class="qr" src={image} alt="QR code with the four values above" width="240" height="240" />
        </details>
        <p>
          <Link to="/portal/keys" class="button primary">
            Done
          </Link>
        </p>
      </div>
    ),
  };
}

/** A key of somebody else is no key here. */
async function keyOf(visit: Visit): Promise<Credential | undefined> {
  return (await keysOf(visit)).find(({ id }) => id === visit.id);
}

async function confirmDeletion(visit: Visit): Promise<Reply> {
  const key = await keyOf(visit);
  if (!key) throw new OutcomeError(404, 'unknown-id', 'There are no such credentials. They may be deleted already.');
  return {
    title: 'Delete credentials',
    page: (
      <div class="card narrow">
        <h1>
          Delete <bdi>{key.name}</bdi>?
        </h1>
        <p>The app that has them can no longer read your record, at once. This cannot be undone.</p>
        <PostForm to={`/portal/keys/${key.id}/delete`}>
          <div class="actions">
            <button class="danger">Delete</button>
            <Link to="/portal/keys">Keep them</Link>
          </div>
        </PostForm>
      </div>
    ),
  };
}

async function remove(visit: Visit): Promise<Reply> {
  const { options, record } = visit;
  const account = accountOf(visit);
  const key = await keyOf(visit);
  const done = key !== undefined && (await revokeCredential(options.own, account.tenant, key.id, options.now()));
  if (!done) return { to: '/portal/keys?gone=1' };
  await record({ interaction: 'key-delete', action: 'D', credential: key.id, patients: [patientOf(account)] });
  return { to: '/portal/keys?deleted=1' };
}
