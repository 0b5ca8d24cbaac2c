import { logoUrl } from '../../auth/app-logo.js';
import { AUTHORIZE_PATH } from '../../auth/paths.js';
import { isOwned } from '../../auth/redirect-uri.js';
import { Link, Notice, PostForm } from '../layout.js';
import type { Reply, Visit } from '../visit.js';
import type { Asking } from './asking.js';
import { contextChoices, dataChoices, type Choice } from './choices.js';

/** The types that a scope of all types opens. */
export const typesOf = ({ options: { facade } }: Visit): string[] =>
  facade.registry.types.filter((type) => !facade.registry.get(type)?.named);

/** What the app asks, in plain words, and the choice of it. */
export async function consentPage(visit: Visit, asking: Asking): Promise<Reply> {
  const { request, client, scopes, patient, login } = asking;
  const { redirectUri } = request.asked;
  const logo = await logoUrl(visit.options.own, client.id);
  const isOwn = !login.account.roles.includes('clinician');
  const path = `${AUTHORIZE_PATH}/${request.id}`;
  return {
    title: 'Allow an app',
    leadsTo: redirectUri,
    page: (
      <div class="card consent">
        {logo !== undefined && <img class="logo" src={logo} alt="" width="64" height="64" />}
        <h1>
          Allow <bdi>{client.name}</bdi>?
        </h1>
        <p>
          It asks for access {patient ? <Whose name={patient.name} isOwn={isOwn} /> : 'to what you may see'}. You return
          to <bdi>{placeOf(redirectUri)}</bdi>.
        </p>
        {!isOwned(redirectUri) && (
          <Notice>This app runs on your device. Go on only if you have just opened it yourself.</Notice>
        )}
        <PostForm to={path}>
          {patient && <input type="hidden" name="patient" value={patient.id} />}
          <Choices legend="Data" choices={dataChoices(scopes, typesOf(visit))} />
          <Choices legend="You" choices={contextChoices(scopes)} />
          <details>
            <summary>Exact scopes, for developers</summary>
            <p>
              <code class="hint">{scopes.map(({ text }) => text).join(' ')}</code>
            </p>
          </details>
          <p class="hint">Leave out what you do not want to share. The app may then do less for you.</p>
          <div class="actions">
            <button class="primary" name="decision" value="allow">
              Allow
            </button>
            <button name="decision" value="deny">
              Do not allow
            </button>
            {!isOwn && patient && request.launched?.context.patient === undefined && (
              <Link to={path}>Choose another patient</Link>
            )}
          </div>
        </PostForm>
        <p class="hint">You can take this back at any time, under Connected apps.</p>
      </div>
    ),
  };
}

const Whose = ({ name, isOwn }: { name: string; isOwn: boolean }) => (
  <>
    to {isOwn ? 'your record' : 'the record of one patient'}: <bdi>{name}</bdi>
  </>
);

function placeOf(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri);
  return /^https?:$/.test(protocol) ? host : 'an app on this device';
}

const Choices = ({ legend, choices }: { legend: string; choices: readonly Choice[] }) =>
  choices.length === 0 ? null : (
    <fieldset>
      <legend>{legend}</legend>
      {choices.map(({ value, says }) => (
        <label key={value} class="check">
          <input type="checkbox" name="scope" value={value} checked />
          <span>{says}</span>
        </label>
      ))}
    </fieldset>
  );
