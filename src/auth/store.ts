import type { Asked } from '../audit/event.js';
import type { Database, Row } from '../store/database.js';
import { committed, statement } from '../store/database.js';
import { makeId, makeSecret, prefixes, secretMatches } from './secrets.js';

export const credentialKinds = ['portal', 'org', 'client', 'backend', 'app'] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** What an app or a service proves itself with. It is never erased: a deleted one is kept for the record. */
export interface Credential {
  readonly id: string;
  readonly tenant: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly secretHash: string | undefined;
  /** The secret before the last rotation, while it still works. */
  readonly previous: { readonly hash: string; readonly expiresAt: number } | undefined;
  /** A JWK Set, or where one is: what a client has whose proof is a signature. */
  readonly jwks: string | undefined;
  readonly jwksUrl: string | undefined;
  /** The one patient whose data it opens. */
  readonly patient: string | undefined;
  readonly scopeCeiling: string;
  /** The most that its organization allows, where it has been asked whether it lives. */
  readonly policy: string | undefined;
  /** Of an app: where users may be sent back to, and the pages that may use its tokens. */
  readonly redirectUris: readonly string[];
  readonly origins: readonly string[];
  /** The page of an app that an EHR opens. */
  readonly launchUrl: string | undefined;
  /** Whether it may ask about tokens of others in its organization. */
  readonly canIntrospect: boolean;
  /** Raised when something changes that tokens already issued must not survive. */
  readonly epoch: number;
  readonly createdBy: string | undefined;
  /** Milliseconds since 1970 UTC. */
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly disabledAt: number | undefined;
}

/** How a client that signs proves who it is. */
export type ClientKeySource = { readonly jwks: string } | { readonly jwksUrl: string };

export interface NewCredential {
  /** Its public id, where somebody must know it before it is made. */
  readonly id?: string;
  readonly tenant: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly scopeCeiling: string;
  readonly patient?: string;
  readonly expiresAt?: number;
  readonly canIntrospect?: boolean;
  readonly createdBy?: string;
  readonly redirectUris?: readonly string[];
  readonly origins?: readonly string[];
  readonly launchUrl?: string;
}

/** An app that cannot keep a secret: nothing but its redirect URIs and PKCE says who it is. */
export const isPublic = ({ kind, secretHash, jwks, jwksUrl }: Credential): boolean =>
  kind === 'app' && (secretHash ?? jwks ?? jwksUrl) === undefined;

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('credential').insert({
    id: $('id'),
    org: $('tenant'),
    kind: $('kind'),
    name: $('name'),
    secret_hash: $('hash'),
    jwks: $('jwks'),
    jwks_url: $('jwksUrl'),
    patient: $('patient'),
    scope_ceiling: $('scopeCeiling'),
    redirect_uris: $('redirects'),
    origins: $('pages'),
    launch_url: $('launchUrl'),
    can_introspect: $('canIntrospect'),
    created_by: $('createdBy'),
    created_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

export interface Made {
  readonly id: string;
  readonly secret: string;
}

/** Makes a credential. The secret is in this answer and nowhere else. */
export async function createCredential(db: Database, credential: NewCredential, now: number): Promise<Made> {
  const { id, secret, hash } = makeSecret(prefixes[credential.kind], credential.id);
  await add(db, credential, { id, hash, now });
  return { id, secret };
}

/** Makes a credential that has no secret: it proves itself by signatures, or is an app without a proof. Its public id. */
export async function registerCredential(
  db: Database,
  credential: NewCredential,
  keys: ClientKeySource | undefined,
  now: number,
): Promise<string> {
  const { id = makeId() } = credential;
  await add(db, credential, { id, now, ...keys });
  return id;
}

async function add(db: Database, credential: NewCredential, more: Record<string, unknown>): Promise<void> {
  const absent = { patient: null, expiresAt: null, createdBy: null, canIntrospect: false, launchUrl: null };
  const { redirectUris, origins } = credential;
  const lists = { redirects: redirectUris?.join(' ') ?? null, pages: origins?.join(' ') ?? null };
  const row = { ...absent, hash: null, jwks: null, jwksUrl: null, ...credential, ...lists, ...more };
  await db.commit({ statements: [await insert.plan(db, row, 1)] });
}

const byId = statement<{ id: string }>((knex, $) =>
  knex('credential as c')
    .join('org as o', 'o.id', 'c.org')
    .where('c.id', $('id'))
    .where('o.active', true)
    .select('c.*', 'o.scope_policy'),
);

/** A credential that can be used now; undefined when it is unknown, deleted, expired or its organization is inactive. */
export async function liveCredential(db: Database, id: string, now: number): Promise<Credential | undefined> {
  const row = await byId.first(db, { id });
  const credential = row && credentialOf(row);
  if (!credential || credential.disabledAt !== undefined) return undefined;
  return credential.expiresAt !== undefined && credential.expiresAt <= now ? undefined : credential;
}

const inAnyState = statement<{ id: string }>((knex, $) => knex('credential').where('id', $('id')).select('*'));

/** A credential whether or not it can be used: a proof that failed goes into its log. */
export async function knownCredential(db: Database, id: string): Promise<Credential | undefined> {
  const row = await inAnyState.first(db, { id });
  return row && credentialOf(row);
}

/** Who tried, for the audit trail. */
export const credentialAsked = ({ tenant, id, kind }: Credential): Asked => ({
  ...{ tenant, credential: id, credentialKind: kind },
});

/** Whether a secret is the credential's, or the one before it. Both are compared, whichever fits: the time says nothing. */
export function ownsSecret(credential: Credential | undefined, secret: string, now: number): boolean {
  const previous = credential?.previous;
  const fits = [
    secretMatches(secret, credential?.secretHash),
    secretMatches(secret, previous && previous.expiresAt > now ? previous.hash : undefined),
  ];
  return fits.includes(true);
}

const ofTenant = statement<{ tenant: string }>((knex, $) =>
  knex('credential').where('org', $('tenant')).orderBy('created_at').orderBy('id').select('*'),
);

export async function listCredentials(db: Database, tenant: string): Promise<Credential[]> {
  return (await ofTenant.all(db, { tenant })).map(credentialOf);
}

const ofPatient = statement<{ tenant: string; patient: string }>((knex, $) =>
  knex('credential')
    .where({ org: $('tenant'), patient: $('patient'), kind: 'portal' })
    .whereNull('disabled_at')
    .orderBy('created_at')
    .orderBy('id')
    .select('*'),
);

/** The keys that a patient made and has not deleted. */
export async function patientKeys(db: Database, tenant: string, patient: string): Promise<Credential[]> {
  return (await ofPatient.all(db, { tenant, patient })).map(credentialOf);
}

const ofOrg = statement<{ tenant: string }>((knex, $) =>
  knex('credential')
    .where({ org: $('tenant'), kind: 'org' })
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .select('*'),
);

/** The tokens of an organization itself, newest first, with those that were revoked. */
export async function orgTokens(db: Database, tenant: string): Promise<Credential[]> {
  return (await ofOrg.all(db, { tenant })).map(credentialOf);
}

const disable = statement<{ id: string; tenant: string; now: number }>((knex, $) =>
  knex('credential')
    .where({ id: $('id'), org: $('tenant') })
    .whereNull('disabled_at')
    .update({ disabled_at: $('now'), epoch: knex.raw('epoch + 1') }),
);

/** Deletes a credential: its tokens are dead on the next request. False when there is none that is not deleted already. */
export async function revokeCredential(db: Database, tenant: string, id: string, now: number): Promise<boolean> {
  return committed(db, [await disable.plan(db, { id, tenant, now }, 1)]);
}

const touch = statement<{ id: string; now: number }>((knex, $) =>
  knex('credential')
    .where('id', $('id'))
    .update({ last_used_at: $('now') }),
);

/** A write for every token would cost more than the token. */
const USE_MILLISECONDS = 60_000;

/** Remembers the last use to the minute. */
export async function noteUse(db: Database, { id, lastUsedAt = -Infinity }: Credential, now: number): Promise<void> {
  if (now - lastUsedAt < USE_MILLISECONDS) return;
  await db.commit({ statements: [await touch.plan(db, { id, now })] });
}

function credentialOf(row: Row): Credential {
  const time = (name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]));
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  const list = (name: string): string[] => (text(name) ?? '').split(' ').filter((each) => each !== '');
  const [hash, until] = [text('previous_secret_hash'), time('previous_expires_at')];
  return {
    id: row['id'] as string,
    tenant: row['org'] as string,
    kind: row['kind'] as CredentialKind,
    name: row['name'] as string,
    secretHash: text('secret_hash'),
    previous: hash === undefined || until === undefined ? undefined : { hash, expiresAt: until },
    jwks: text('jwks'),
    jwksUrl: text('jwks_url'),
    patient: text('patient'),
    scopeCeiling: row['scope_ceiling'] as string,
    policy: (row['scope_policy'] as string | null | undefined) ?? undefined,
    redirectUris: list('redirect_uris'),
    origins: list('origins'),
    launchUrl: text('launch_url'),
    canIntrospect: Boolean(row['can_introspect']),
    epoch: row['epoch'] as number,
    createdBy: text('created_by'),
    createdAt: Number(row['created_at']),
    lastUsedAt: time('last_used_at'),
    expiresAt: time('expires_at'),
    disabledAt: time('disabled_at'),
  };
}
