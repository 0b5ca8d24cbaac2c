import type { Spelling } from '../../access/grammar.js';
import { AuthorizeError, type AuthorizeErrorCode } from '../../auth/authorize.js';
import { openRequest, type AuthorizeRequest } from '../../auth/authorize-request.js';
import type { LaunchContext } from '../../auth/launch.js';
import { scopePolicyOf } from '../../auth/orgs.js';
import { liveCredential, type Credential } from '../../auth/store.js';
import type { Account } from '../../auth/accounts.js';
import { grantableScopes, needsPatient } from '../../auth/user-scopes.js';
import { OutcomeError } from '../../outcome.js';
import { personOf, type Person } from '../admin/find-patients.js';
import type { Visit } from '../visit.js';
import type { LoggedIn } from '../session.js';

/** A request, whoever is to answer it, and what they can answer: asked anew for every page and every form. */
export interface Asking {
  readonly request: AuthorizeRequest;
  readonly client: Credential;
  readonly login: LoggedIn;
  /** What the user can allow. */
  readonly scopes: readonly Spelling[];
  readonly context: LaunchContext;
  /** Whose record it is about; undefined where it is about none, or has still to be chosen. */
  readonly patient: Person | undefined;
  readonly mustChoose: boolean;
}

export const refuse = ({ asked }: AuthorizeRequest, error: AuthorizeErrorCode, text: string): AuthorizeError =>
  new AuthorizeError(error, text, asked);

/** Errors: 410 for a request that was answered, is too old, or is another browser's. */
export async function requestOf({ options: { own, now }, id, session }: Visit): Promise<AuthorizeRequest> {
  const request = await openRequest(own, id, session, now());
  if (request) return request;
  throw new OutcomeError(410, 'expired', 'This request has ended. Please go back to the app and begin again.');
}

/** Undefined where somebody has to log in first, or anew. */
export function loginOf({ login, options }: Visit, { asked, createdAt }: AuthorizeRequest): LoggedIn | undefined {
  const anew = asked.prompt.includes('login') || asked.prompt.includes('select_account');
  const oldest = asked.maxAgeSeconds === undefined ? 0 : options.now() - asked.maxAgeSeconds * 1000;
  return login && login.since >= Math.max(anew ? createdAt : 0, oldest) ? login : undefined;
}

/** Errors: AuthorizeError for what this user cannot answer; 410 where the app is not registered any more. */
export async function askingOf(
  visit: Visit,
  request: AuthorizeRequest,
  login: LoggedIn,
  chosen: string | undefined,
): Promise<Asking> {
  const { own, now, scopes: all } = visit.options;
  const { account } = login;
  const { launched, asked } = request;
  const client = await liveCredential(own, request.client, now());
  if (!client) throw new OutcomeError(410, 'expired', 'This app is not registered any more.');
  if (account.tenant !== request.tenant)
    throw refuse(request, 'access_denied', 'the account is of another organization than the app');
  if (launched && launched.user !== account.id)
    throw refuse(request, 'invalid_request', 'the launch is of another user');
  const policy = await scopePolicyOf(own, account.tenant);
  const launch = launched?.context;
  const scopes = grantableScopes(all, { scope: asked.scope, client, policy, roles: account.roles, launch });
  if (!scopes) throw refuse(request, 'invalid_scope', 'nothing of this scope can be allowed');
  const { patient, mustChoose } = await patientFor(visit, { request, account, scopes, chosen });
  const context = { ...launch, ...(patient && { patient: patient.id }) };
  return { request, client, login, scopes, context, patient, mustChoose };
}

interface Choosing {
  readonly request: AuthorizeRequest;
  readonly account: Account;
  readonly scopes: readonly Spelling[];
  readonly chosen: string | undefined;
}

type Chosen = Pick<Asking, 'patient' | 'mustChoose'>;

/** A patient's apps are about the patient, whatever they ask; a clinician's about whom the EHR or the clinician chose. */
async function patientFor(visit: Visit, { request, account, scopes, chosen }: Choosing): Promise<Chosen> {
  const { roles } = account;
  const launched = request.launched?.context.patient;
  if (roles.includes('clinician')) {
    const id = launched ?? (needsPatient(scopes) ? chosen : undefined);
    const patient = id === undefined ? undefined : await personOf(visit.options, account, id);
    if (launched !== undefined && !patient) throw refuse(request, 'access_denied', 'there is no such record');
    return { patient, mustChoose: !patient && needsPatient(scopes) };
  }
  // Whoever is neither opens no record at all.
  const own = roles.includes('patient') ? await personOf(visit.options, account, ownIdOf(account)) : undefined;
  if (launched !== undefined && launched !== own?.id)
    throw refuse(request, 'access_denied', 'the launch is about somebody else');
  if (roles.includes('patient') && !own) throw refuse(request, 'access_denied', 'the account has no record');
  return { patient: own, mustChoose: false };
}

const ownIdOf = ({ fhirUser }: Account): string =>
  fhirUser?.startsWith('Patient/') ? fhirUser.slice('Patient/'.length) : '';
