import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import { makeSecret } from './secrets.js';

export const credentialKinds = ['portal', 'org', 'client', 'backend', 'app'] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** What an app or a service proves itself with. It is never erased: a deleted one is kept for the record. */
export interface Credential {
  readonly id: string;
  readonly tenant: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly secretHash: string | undefined;
  /** The one patient whose data it opens. */
  readonly patient: string | undefined;
  readonly scopeCeiling: string;
  /** Raised when something changes that tokens already issued must not survive. */
  readonly epoch: number;
  /** Milliseconds since 1970 UTC. */
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly disabledAt: number | undefined;
}

export interface NewCredential {
  readonly tenant: string;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly scopeCeiling: string;
  readonly patient?: string;
  readonly expiresAt?: number;
}

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('credential').insert({
    id: $('id'),
    org: $('tenant'),
    kind: $('kind'),
    name: $('name'),
    secret_hash: $('hash'),
    patient: $('patient'),
    scope_ceiling: $('scopeCeiling'),
    created_at: $('now'),
    expires_at: $('expiresAt'),
  }),
);

/** Makes a credential. The secret is in this answer and nowhere else. */
export async function createCredential(
  db: Database,
  credential: NewCredential,
  now: number,
): Promise<{ readonly id: string; readonly secret: string }> {
  const { id, secret, hash } = makeSecret(credential.kind === 'portal' ? 'ptk' : 'ptc');
  const { patient = null, expiresAt = null } = credential;
  await db.commit({ statements: [await insert.plan(db, { ...credential, patient, expiresAt, id, hash, now }, 1)] });
  return { id, secret };
}

const byId = statement<{ id: string }>((knex, $) =>
  knex('credential as c')
    .join('org as o', 'o.id', 'c.org')
    .where('c.id', $('id'))
    .where('o.active', true)
    .select('c.*'),
);

/** A credential that can be used now; undefined when it is unknown, deleted, expired or its organization is inactive. */
export async function liveCredential(db: Database, id: string, now: number): Promise<Credential | undefined> {
  const row = await byId.first(db, { id });
  const credential = row && credentialOf(row);
  if (!credential || credential.disabledAt !== undefined) return undefined;
  return credential.expiresAt !== undefined && credential.expiresAt <= now ? undefined : credential;
}

const ofTenant = statement<{ tenant: string }>((knex, $) =>
  knex('credential').where('org', $('tenant')).orderBy('created_at').select('*'),
);

export async function listCredentials(db: Database, tenant: string): Promise<Credential[]> {
  return (await ofTenant.all(db, { tenant })).map(credentialOf);
}

const disable = statement<{ id: string; tenant: string; now: number }>((knex, $) =>
  knex('credential')
    .where({ id: $('id'), org: $('tenant') })
    .whereNull('disabled_at')
    .update({ disabled_at: $('now'), epoch: knex.raw('epoch + 1') }),
);

/** Deletes a credential: its tokens are dead on the next request. False when there is no such live one. */
export async function revokeCredential(db: Database, tenant: string, id: string, now: number): Promise<boolean> {
  const before = await liveCredential(db, id, 0);
  if (before?.tenant !== tenant) return false;
  await db.commit({ statements: [await disable.plan(db, { id, tenant, now })] });
  return true;
}

const touch = statement<{ id: string; now: number }>((knex, $) =>
  knex('credential')
    .where('id', $('id'))
    .update({ last_used_at: $('now') }),
);

export async function noteUse(db: Database, id: string, now: number): Promise<void> {
  await db.commit({ statements: [await touch.plan(db, { id, now })] });
}

function credentialOf(row: Row): Credential {
  const time = (name: string): number | undefined => (row[name] === null ? undefined : Number(row[name]));
  return {
    id: row['id'] as string,
    tenant: row['org'] as string,
    kind: row['kind'] as CredentialKind,
    name: row['name'] as string,
    secretHash: (row['secret_hash'] as string | null) ?? undefined,
    patient: (row['patient'] as string | null) ?? undefined,
    scopeCeiling: row['scope_ceiling'] as string,
    epoch: row['epoch'] as number,
    createdAt: Number(row['created_at']),
    lastUsedAt: time('last_used_at'),
    expiresAt: time('expires_at'),
    disabledAt: time('disabled_at'),
  };
}
