import { isPublic, type Credential } from '../../auth/store.js';
import { Facts } from '../facts.js';
import { Alert, Code, Link, Notice, PostForm, Secret, Toast } from '../layout.js';
import type { Reply } from '../visit.js';
import type { KeyCheck } from './key-check.js';

export const madePage = (name: string, { id, secret }: { id: string; secret?: string }, base: string): Reply => ({
  title: 'The app is registered',
  page: (
    <div class="card narrow">
      <h1>
        <bdi>{name}</bdi> is registered
      </h1>
      {secret !== undefined && (
        <Notice>Copy the secret now. When you leave this page, nobody can show it again.</Notice>
      )}
      <Secret label="Client id" id="client" value={id} />
      {secret !== undefined && <Secret label="Client secret" id="secret" value={secret} />}
      <Secret label="FHIR base URL" id="base" value={base} />
      <p>
        <Link to="/manager/apps" class="button primary">
          Done
        </Link>
      </p>
    </div>
  ),
});

const proofOf = (client: Credential): string => {
  if (client.jwksUrl !== undefined) return `by signatures; its keys are at ${client.jwksUrl}`;
  if (client.jwks !== undefined) return 'by signatures; its keys are registered';
  return isPublic(client) ? 'not at all: PKCE and its redirect URIs alone' : 'by a secret';
};

const Lines = ({ texts }: { texts: readonly string[] }) => (
  <ul class="plain">
    {texts.map((text) => (
      <li key={text}>
        <code>{text}</code>
      </li>
    ))}
  </ul>
);

export const appPage = (client: Credential): Reply => shown(client, undefined);

/** The same, with what the URL of its keys has just answered. */
export const checkedPage = (client: Credential, check: KeyCheck): Reply => shown(client, check);

const shown = (client: Credential, check: KeyCheck | undefined): Reply => ({
  title: 'An app',
  page: (
    <div class="card">
      <h1>
        <bdi>{client.name}</bdi>
      </h1>
      {check && <Checked check={check} />}
      <Facts
        facts={[
          ['Client id', <Code text={client.id} />],
          ['It proves itself', proofOf(client)],
          ['Launch URL', client.launchUrl !== undefined && <Code text={client.launchUrl} />],
          ['Redirect URIs', client.redirectUris.length > 0 && <Lines texts={client.redirectUris} />],
          ['Origins', client.origins.length > 0 && <Lines texts={client.origins} />],
          ['The most that it may ask for', <Lines texts={client.scopeCeiling.split(' ')} />],
        ]}
      />
      <div class="actions">
        {client.jwksUrl !== undefined && client.disabledAt === undefined && (
          <PostForm to={`/manager/apps/${client.id}/test`}>
            <button>Test the URL of its keys</button>
          </PostForm>
        )}
        {client.disabledAt === undefined && (
          <Link to={`/manager/apps/${client.id}/revoke`} class="button danger">
            Delete
          </Link>
        )}
        <Link to="/manager/apps">Back to the apps</Link>
      </div>
    </div>
  ),
});

function Checked({ check: { keys, faults } }: { check: KeyCheck }) {
  if (keys.length === 0) return <Alert>{`The URL of its keys cannot be used: ${faults.join('; ')}`}</Alert>;
  const found = keys.map(({ kid, kind }) => `${kid} (${kind})`).join(', ');
  return (
    <>
      <Toast>{`The URL answers. Keys that can be used: ${found}`}</Toast>
      {faults.length > 0 && <Alert>{`Keys that cannot: ${faults.join('; ')}`}</Alert>}
    </>
  );
}

export const revocationPage = ({ id, name }: Credential): Reply => ({
  title: 'Delete an app',
  page: (
    <div class="card narrow">
      <h1>
        Delete <bdi>{name}</bdi>?
      </h1>
      <p>It is refused with its next request, whatever users allowed it. This cannot be undone.</p>
      <PostForm to={`/manager/apps/${id}/revoke`}>
        <div class="actions">
          <button class="danger">Delete</button>
          <Link to="/manager/apps">Keep it</Link>
        </div>
      </PostForm>
    </div>
  ),
});
