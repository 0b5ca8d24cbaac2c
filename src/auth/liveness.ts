import type { Knex } from 'knex';
import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import type { Claims } from './issue.js';
import { roleScopes, type Role } from './roles.js';

/** What a token's credential, grant, session and user are now: asked on every request, and never cached. */
export interface Alive {
  /** The scopes that the token may still use. */
  readonly ceiling: string;
  /** The most that its organization allows. */
  readonly policy: string | undefined;
  /** The only patient whose data it opens. */
  readonly patient: string | undefined;
  /** The person that the user is, as `Type/id`. */
  readonly fhirUser?: string;
  /** The pages that may use the tokens of an app, space-separated. */
  readonly origins?: string;
}

/** Undefined where anything that the token depends on is gone, disabled, expired or changed. */
export async function alive(db: Database, claims: Claims, now: number): Promise<Alive | undefined> {
  if (claims.jti === undefined) return undefined;
  if (claims.sid !== undefined) return sessionAlive(await ofSession.first(db, keysOf(claims)), claims, now);
  const row =
    claims.gid === undefined ? await ofCredential.first(db, keysOf(claims)) : await ofGrant.first(db, keysOf(claims));
  return credentialAlive(row, claims, now);
}

interface Keys extends Record<string, unknown> {
  jti: string;
  tenant: string;
  credential: string;
  grant: string;
  session: string;
  user: string;
}

const keysOf = ({ jti = '', org, cid = '', gid = '', sid = '', uid = '' }: Claims): Keys => ({
  ...{ jti, tenant: org, credential: cid, grant: gid, session: sid, user: uid },
});

type Slots = (name: keyof Keys & string) => Knex.Value;

const dead = (knex: Knex, $: Slots): Knex.QueryBuilder =>
  knex('revoked_jti').where('jti', $('jti')).select(knex.raw('1')).as('dead');

const credentials = (knex: Knex, $: Slots): Knex.QueryBuilder =>
  knex('credential as c')
    .join('org as o', 'o.id', 'c.org')
    .where('c.id', $('credential'))
    .where('c.org', $('tenant'))
    .whereNull('c.disabled_at')
    .select('c.epoch', 'c.patient', 'c.expires_at', 'c.scope_ceiling', 'c.origins', 'o.active', 'o.scope_policy');

const ofCredential = statement<Keys>((knex, $) => credentials(knex, $).select(dead(knex, $)));

const ofGrant = statement<Keys>((knex, $) =>
  credentials(knex, $)
    .join('auth_grant as g', 'g.credential_id', 'c.id')
    .join('user_account as u', 'u.id', 'g.user_id')
    .where('g.id', $('grant'))
    .where('u.id', $('user'))
    .whereNull('g.revoked_at')
    .whereNull('u.disabled_at')
    .select('u.epoch as user_epoch', 'u.fhir_user', 'g.expires_at as grant_expires_at', 'g.patient as grant_patient')
    .select(dead(knex, $)),
);

const ofSession = statement<Keys>((knex, $) =>
  knex('session as s')
    .join('user_account as u', 'u.id', 's.user_id')
    .join('org as o', 'o.id', 's.org')
    .where('s.id', $('session'))
    .where('u.id', $('user'))
    .where('u.org', $('tenant'))
    .whereNull('s.revoked_at')
    .whereNull('u.disabled_at')
    .select('s.expires_at', 'u.epoch', 'u.roles', 'u.fhir_user', 'o.active', 'o.scope_policy', dead(knex, $)),
);

function credentialAlive(row: Row | undefined, claims: Claims, now: number): Alive | undefined {
  if (!row || !isCurrent(row, claims.cep, now)) return undefined;
  if (claims.gid !== undefined && (row['user_epoch'] !== claims.uep || Number(row['grant_expires_at']) <= now))
    return undefined;
  const pin = text(row['patient']);
  if (pin !== undefined && pin !== claims.patient) return undefined;
  if (claims.gid !== undefined && text(row['grant_patient']) !== claims.patient) return undefined;
  const [fhirUser, origins] = [text(row['fhir_user']), text(row['origins'])];
  return {
    ...{ ceiling: row['scope_ceiling'] as string, policy: text(row['scope_policy']), patient: claims.patient },
    ...(fhirUser !== undefined && { fhirUser }),
    ...(origins !== undefined && { origins }),
  };
}

function sessionAlive(row: Row | undefined, claims: Claims, now: number): Alive | undefined {
  if (!row || !isCurrent(row, claims.uep, now)) return undefined;
  const fhirUser = text(row['fhir_user']);
  const { scopes, patient } = roleScopes((row['roles'] as string).split(' ') as Role[], fhirUser);
  return { ceiling: scopes, policy: text(row['scope_policy']), patient, ...(fhirUser !== undefined && { fhirUser }) };
}

const isCurrent = (row: Row, epoch: number | undefined, now: number): boolean =>
  Boolean(row['active']) &&
  row['dead'] === null &&
  row['epoch'] === epoch &&
  (row['expires_at'] === null || Number(row['expires_at']) > now);

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
