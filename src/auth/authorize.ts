import { networkOf } from '../limits/network.js';
import { failureRules } from '../limits/rules.js';
import { OutcomeError } from '../outcome.js';
import { saveRequest, type Asked } from './authorize-request.js';
import type { AuthOptions } from './issue.js';
import { useLaunch } from './launch.js';
import { isRegistered } from './redirect-uri.js';
import { isPublic, liveCredential, type Credential } from './store.js';

/** Errors that go back to the app (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6). */
export type AuthorizeErrorCode =
  | 'invalid_request'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'interaction_required'
  | 'request_not_supported'
  | 'request_uri_not_supported';

/** Where an answer goes, and what the app recognises it by. */
export interface Back {
  readonly redirectUri: string;
  readonly state: string | undefined;
}

/** Something that is wrong with a request whose app and redirect URI are known: the app is told. */
export class AuthorizeError extends Error {
  override readonly name = 'AuthorizeError';
  constructor(
    readonly error: AuthorizeErrorCode,
    description: string,
    readonly back: Back,
  ) {
    super(description);
  }
}

const LONGEST = { state: 2048, nonce: 512, scope: 4096 } as const;
const prompts: readonly string[] = ['none', 'login', 'consent', 'select_account'];

/**
 * Reads what an app asks of a user (https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html) and keeps it; the id
 * under which its pages go on. Errors: OutcomeError 400 for an app or a redirect URI that is not known, which nobody is
 * sent back to; AuthorizeError for everything else; LimitedError.
 */
export async function beginAuthorize(
  pairs: readonly (readonly [name: string, value: string])[],
  ip: string,
  options: AuthOptions,
): Promise<string> {
  await options.failures.attempt(`authorize ${networkOf(ip)}`, failureRules.authorize);
  const fields = new Map(pairs);
  if (fields.size < pairs.length) throw onPage('A parameter is given more than once');
  const field = (name: string): string | undefined => fields.get(name) || undefined;
  const client = await clientOf(field, options);
  const back = { redirectUri: field('redirect_uri') as string, state: field('state') };
  const asked = readAsked(field, back, options);
  const launch = field('launch');
  const launched = launch === undefined ? undefined : await useLaunch(options.own, launch, client, options.now());
  if (launch !== undefined && !launched)
    throw new AuthorizeError('invalid_request', 'the launch is unknown, used or over', back);
  return saveRequest(options.own, { tenant: client.tenant, client: client.id, asked, launched }, options.now());
}

type Field = (name: string) => string | undefined;

/** Errors: 400. Until both are known there is nobody to answer to but the user (THREAT 26, 27). */
async function clientOf(field: Field, { own, now }: AuthOptions): Promise<Credential> {
  const [id = '', redirectUri = ''] = [field('client_id'), field('redirect_uri')];
  const client = /^[\w-]{1,64}$/.test(id) ? await liveCredential(own, id, now()) : undefined;
  if (client?.kind !== 'app') throw onPage('The app that sent you here is not registered');
  if (!isRegistered(redirectUri, client.redirectUris, isPublic(client)))
    throw onPage('The app that sent you here named an address to return to that is not registered for it');
  return client;
}

const onPage = (text: string): OutcomeError => new OutcomeError(400, 'invalid-parameter', text);

function readAsked(field: Field, back: Back, { audience }: AuthOptions): Asked {
  const refuse = (error: AuthorizeErrorCode, text: string): AuthorizeError => new AuthorizeError(error, text, back);
  const invalid = (text: string): AuthorizeError => refuse('invalid_request', text);
  if (field('request') !== undefined) throw refuse('request_not_supported', 'request objects are not supported');
  if (field('request_uri') !== undefined)
    throw refuse('request_uri_not_supported', 'request objects are not supported');
  const type = field('response_type');
  if (type === undefined) throw invalid('response_type is missing');
  if (type !== 'code') throw refuse('unsupported_response_type', 'response_type must be code');
  if ((field('response_mode') ?? 'query') !== 'query') throw invalid('response_mode must be query');
  const state = field('state');
  if (state === undefined) throw invalid('state is missing');
  if (state.length > LONGEST.state) throw invalid('state is too long');
  if (!isFor(audience, field)) throw invalid('aud must be the FHIR base URL of this server');
  const challenge = field('code_challenge') ?? '';
  if (field('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(challenge))
    throw invalid('PKCE with S256 is required');
  const [scope, nonce] = [field('scope'), field('nonce')];
  if (scope === undefined || scope.length > LONGEST.scope)
    throw refuse('invalid_scope', 'scope is missing or too long');
  if ((nonce?.length ?? 0) > LONGEST.nonce) throw invalid('nonce is too long');
  const prompt = (field('prompt') ?? '').split(' ').filter((each) => each !== '');
  if (!prompt.every((each) => prompts.includes(each)) || (prompt.includes('none') && prompt.length > 1))
    throw invalid('prompt is not one of those that are supported');
  const maxAge = field('max_age');
  if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge)) throw invalid('max_age is a number of seconds');
  return {
    ...{ redirectUri: back.redirectUri, state, scope, challenge, prompt },
    ...(nonce !== undefined && { nonce }),
    ...(maxAge !== undefined && { maxAgeSeconds: Number(maxAge) }),
  };
}

/** `aud` as SMART names it, and `resource` as RFC 8707 does: both, where both are there (THREAT 32). */
function isFor(audience: string, field: Field): boolean {
  const named = [field('aud'), field('resource')].filter((each) => each !== undefined);
  return named.length > 0 && named.every((each) => each === audience || each === `${audience}/`);
}

/** The answer to the app (RFC 6749 section 4.1.2); with `iss`, it is not taken for another server's (RFC 9207). */
export function answerUrl({ redirectUri, state }: Back, issuer: string, answer: Record<string, string>): string {
  const query = new URLSearchParams({ ...answer, ...(state !== undefined && { state }), iss: issuer });
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${query.toString()}`;
}
