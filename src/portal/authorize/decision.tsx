import { answerUrl } from '../../auth/authorize.js';
import { usingRequest, type AuthorizeRequest } from '../../auth/authorize-request.js';
import { planCode } from '../../auth/code.js';
import { coversAlready } from '../../auth/connected.js';
import { AUTHORIZE_PATH } from '../../auth/paths.js';
import { isOwned } from '../../auth/redirect-uri.js';
import { hashSecret } from '../../auth/secrets.js';
import { noteUse } from '../../auth/store.js';
import { grantEnd, planGrant } from '../../auth/user-grant.js';
import { OutcomeError } from '../../outcome.js';
import { committed } from '../../store/database.js';
import type { Reply, Visit } from '../visit.js';
import { askingOf, loginOf, refuse, requestOf, type Asking } from './asking.js';
import { chosenScopes } from './choices.js';
import { consentPage, typesOf } from './consent.js';
import { pickerPage } from './picker.js';

/** The page of a request: login, then whose record, then consent. */
export async function show(visit: Visit): Promise<Reply> {
  const request = await requestOf(visit);
  const isSilent = request.asked.prompt.includes('none');
  const login = loginOf(visit, request);
  if (!login) {
    if (isSilent) throw refuse(request, 'login_required', 'the user is not logged in');
    return { to: `/portal/login?next=${request.id}` };
  }
  const asking = await askingOf(visit, request, login, visit.query.get('patient') ?? undefined);
  if (isSilent) return silently(visit, asking);
  return asking.mustChoose ? pickerPage(visit, asking) : consentPage(visit, asking);
}

/** Without a page, for what the user has allowed this app before; and only where nobody else gets the answer. */
async function silently(visit: Visit, asking: Asking): Promise<Reply> {
  const { request, client, login, scopes, context } = asking;
  if (asking.mustChoose) throw refuse(request, 'interaction_required', 'the user has to choose a patient');
  const { own, now } = visit.options;
  const texts = scopes.map(({ text }) => text);
  const whose = { client: client.id, user: login.account.id, patient: context.patient };
  if (!isOwned(request.asked.redirectUri) || !(await coversAlready(own, whose, texts, now())))
    throw refuse(request, 'consent_required', 'the user has not allowed this before');
  return allow(visit, asking, texts);
}

/** What the user decided. Everything is asked anew: nothing of the page but the choice is believed. */
export async function decide(visit: Visit): Promise<Reply> {
  const { fields } = visit;
  const request = await requestOf(visit);
  const login = loginOf(visit, request);
  if (!login) return { to: `/portal/login?next=${request.id}` };
  const asking = await askingOf(visit, request, login, fields.one('patient') || undefined);
  if (fields.one('decision') !== 'allow') return deny(visit, asking, 'the user did not allow it');
  if (asking.mustChoose) return { to: `${AUTHORIZE_PATH}/${request.id}` };
  const texts = chosenScopes(asking.scopes, typesOf(visit), fields.all('scope'));
  // Who leaves nothing has not allowed it.
  if (!texts.some((each) => each.includes('.') || each === 'openid'))
    return deny(visit, asking, 'the user left nothing of it');
  return allow(visit, asking, texts);
}

async function allow(visit: Visit, asking: Asking, texts: readonly string[]): Promise<Reply> {
  const { options, session, id, record } = visit;
  const { own, now: clock, issuer } = options;
  const { request, client, context, login } = asking;
  const { asked, tenant } = request;
  const now = clock();
  const expiresAt = grantEnd(texts, login.endsAt, now);
  const { id: grant, statement: granting } = await planGrant(
    own,
    {
      ...{ tenant, client: client.id, user: login.account, scope: texts.join(' '), context, expiresAt },
      session: texts.includes('online_access') && !texts.includes('offline_access') ? hashSecret(session) : null,
    },
    now,
  );
  const { redirectUri, challenge, nonce } = asked;
  const authTime = Math.floor(login.since / 1000);
  const { code, statement: coding } = await planCode(own, { grant, redirectUri, challenge, nonce, authTime }, now);
  if (!(await committed(own, [await usingRequest(own, id, session, now), granting, coding]))) throw answeredBefore();
  await noteUse(own, client, now);
  await record({ interaction: 'authorize', action: 'C', credential: client.id, patients: patientsOf(asking) });
  return { away: answerUrl(asked, issuer, { code }) };
}

async function deny(visit: Visit, asking: Asking, text: string): Promise<Reply> {
  const { options, session, id, record } = visit;
  const { own, now } = options;
  if (!(await committed(own, [await usingRequest(own, id, session, now())]))) throw answeredBefore();
  const what = { interaction: 'authorize', action: 'C', status: 403 } as const;
  await record({ ...what, credential: asking.client.id, patients: patientsOf(asking) });
  return denied(asking.request, options.issuer, text);
}

const denied = ({ asked }: AuthorizeRequest, issuer: string, text: string): Reply => ({
  away: answerUrl(asked, issuer, { error: 'access_denied', error_description: text }),
});

const patientsOf = ({ context: { patient } }: Asking): string[] => (patient === undefined ? [] : [patient]);

const answeredBefore = (): OutcomeError =>
  new OutcomeError(410, 'expired', 'This request was answered already. Please go back to the app and begin again.');
