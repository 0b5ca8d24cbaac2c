import { randomUUID } from 'node:crypto';
import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import type { TokenResponse } from './grants/grant.js';
import { issueAccessToken, type AuthOptions, type LaunchClaims } from './issue.js';
import type { LaunchContext } from './launch.js';
import { lifetimes } from './lifetimes.js';
import { SMART_STYLE_PATH } from './paths.js';
import type { Credential } from './store.js';

/** What a user allows an app, and in which context. */
export interface NewGrant {
  readonly tenant: string;
  readonly client: string;
  readonly user: { readonly id: string; readonly epoch: number };
  readonly scope: string;
  readonly context: LaunchContext;
  /** The session that it ends with, as the hash of its cookie. */
  readonly session: string | null;
  readonly expiresAt: number;
}

const OFFLINE_MILLISECONDS = 90 * 24 * 3_600_000;

/** How long a grant lives: SMART's refresh tokens say it, and without one it is that of the only access token. */
export function grantEnd(scopes: readonly string[], sessionEndsAt: number, now: number): number {
  if (scopes.includes('offline_access')) return now + OFFLINE_MILLISECONDS;
  // The token is asked for within a minute.
  return scopes.includes('online_access') ? sessionEndsAt : now + (lifetimes.app + 60) * 1000;
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('auth_grant').insert({
    id: $('id'),
    org: $('tenant'),
    credential_id: $('client'),
    user_id: $('user'),
    user_epoch: $('epoch'),
    portal_session: $('session'),
    patient: $('patient'),
    encounter: $('encounter'),
    fhir_context: $('fhirContext'),
    intent: $('intent'),
    need_patient_banner: $('banner'),
    scope: $('scope'),
    created_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

export async function planGrant(
  db: Database,
  { user, context, ...grant }: NewGrant,
  now: number,
): Promise<{ readonly id: string; readonly statement: PlannedStatement }> {
  const id = randomUUID();
  const { patient = null, encounter = null, intent = null, fhirContext, needPatientBanner: banner = true } = context;
  const values = { patient, encounter, intent, fhirContext: fhirContext ? JSON.stringify(fhirContext) : null, banner };
  const row = { ...grant, ...values, id, now, user: user.id, epoch: user.epoch };
  return { id, statement: await insert.plan(db, row, 1) };
}

const live = statement<{ grant: string; client: string; now: number }>((knex, $) =>
  knex('auth_grant as g')
    .join('user_account as u', 'u.id', 'g.user_id')
    .where('g.id', $('grant'))
    .where('g.credential_id', $('client'))
    .where('g.expires_at', '>', $('now'))
    .where('g.user_epoch', knex.ref('u.epoch'))
    .whereNull('g.revoked_at')
    .whereNull('u.disabled_at')
    .select('g.*', 'u.epoch', 'u.fhir_user'),
);

/** What a user allowed an app, while it holds. */
export interface UserGrant {
  readonly id: string;
  readonly user: { readonly id: string; readonly epoch: number; readonly fhirUser: string | undefined };
  readonly scope: string;
  readonly context: LaunchContext;
  readonly expiresAt: number;
}

/** Undefined where it was withdrawn or has ended, or where its user is disabled or changed since. */
export async function liveGrant(
  db: Database,
  grant: string,
  client: string,
  now: number,
): Promise<UserGrant | undefined> {
  const row = await live.first(db, { grant, client, now });
  return row && grantOf(row);
}

function grantOf(row: Row): UserGrant {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const [patient, encounter, intent] = [text('patient'), text('encounter'), text('intent')];
  const fhirContext = text('fhir_context');
  return {
    id: row['id'] as string,
    user: { id: row['user_id'] as string, epoch: row['epoch'] as number, fhirUser: text('fhir_user') },
    scope: row['scope'] as string,
    context: {
      ...(patient !== undefined && { patient }),
      ...(encounter !== undefined && { encounter }),
      ...(intent !== undefined && { intent }),
      ...(fhirContext !== undefined && {
        fhirContext: JSON.parse(fhirContext) as NonNullable<LaunchContext['fhirContext']>,
      }),
      needPatientBanner: row['need_patient_banner'] === null || Boolean(row['need_patient_banner']),
    },
    expiresAt: Number(row['expires_at']),
  };
}

/** An access token of a grant, and what SMART says beside it of the context in which the app runs. */
export async function tokenOfGrant(
  options: AuthOptions,
  client: Credential,
  grant: UserGrant,
  scope: string,
): Promise<TokenResponse> {
  const { id, tenant, kind, expiresAt = Infinity } = client;
  const { patient, needPatientBanner, ...context } = grant.context;
  const holder = {
    ...{ tenant, kind, clientId: id, credential: client, grant: grant.id, user: grant.user },
    ...(patient !== undefined && { patient }),
    launch: claimsOf(context, scope, grant.user.fhirUser),
  };
  const endsAt = Math.min(expiresAt, grant.expiresAt);
  const { token, expiresInSeconds } = await issueAccessToken(options, holder, scope, lifetimes[kind], endsAt);
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    scope,
    ...(patient !== undefined && { patient }),
    ...context,
    need_patient_banner: needPatientBanner ?? true,
    smart_style_url: `${options.issuer}${SMART_STYLE_PATH}`,
    tenant,
  };
}

const claimsOf = (
  context: Omit<LaunchContext, 'patient' | 'needPatientBanner'>,
  scope: string,
  fhirUser: string | undefined,
): LaunchClaims => ({ ...context, ...(fhirUser !== undefined && saysWho(scope) && { fhirUser }) });

/** Whether the app may know who its user is in the record. */
export const saysWho = (scope: string): boolean =>
  scope.split(' ').some((each) => each === 'fhirUser' || each === 'profile');
