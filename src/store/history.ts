import { randomUUID } from 'node:crypto';
import type { Database } from './database.js';
import { statement } from './database.js';
import type { PlannedStatement } from './plan.js';

/** Who wrote: what Provenance says of a version. */
export interface Author {
  readonly credential?: string;
  readonly user?: string;
  readonly onBehalfOf?: string;
  /** The person that the writer is or acts for, as `Type/id`. */
  readonly agent?: string;
}

/** One version of a resource, with its text: what is current is the row, and its text may be of another edition. */
export interface Version {
  readonly version: number;
  readonly method: 'POST' | 'PUT' | 'DELETE';
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly patient: string | undefined;
  readonly native: string;
  readonly body: string | undefined;
}

interface Key extends Record<string, unknown> {
  tenant: string;
  type: string;
  id: string;
}

const latest = statement<Key>((knex, $) =>
  knex('history')
    .where({ organization_id: $('tenant'), type: $('type'), id: $('id') })
    .orderBy('version', 'desc')
    .limit(1)
    .select('*'),
);

const oneVersion = statement<Key & { version: number }>((knex, $) =>
  knex('history')
    .where({ organization_id: $('tenant'), type: $('type'), id: $('id'), version: $('version') })
    .select('*'),
);

export async function latestVersion(db: Database, key: Key): Promise<Version | undefined> {
  const row = await latest.first(db, key);
  return row && versionOf(row);
}

export async function readVersion(db: Database, key: Key, version: number): Promise<Version | undefined> {
  const row = await oneVersion.first(db, { ...key, version });
  return row && versionOf(row);
}

export function versionOf(row: Readonly<Record<string, unknown>>): Version {
  return {
    version: row['version'] as number,
    method: row['method'] as Version['method'],
    at: Number(row['at']),
    patient: (row['patient_id'] as string | null) ?? undefined,
    native: row['native_resource'] as string,
    body: (row['body'] as string | null) ?? undefined,
  };
}

const insert = statement<Key & Record<string, unknown>>((knex, $) =>
  knex('history').insert({
    organization_id: $('tenant'),
    type: $('type'),
    id: $('id'),
    version: $('version'),
    method: $('method'),
    at: $('at'),
    patient_id: $('patient'),
    native_resource: $('native'),
    credential_id: $('credential'),
    user_id: $('user'),
    on_behalf_of: $('onBehalfOf'),
    agent: $('agent'),
    provenance_id: $('provenance'),
    body: $('body'),
    edition: $('edition'),
  }),
);

/** A version that the native system made by itself is not known here before it is replaced. */
const replaced = statement<Key & Record<string, unknown>>((knex, $) =>
  knex('history')
    .insert({
      organization_id: $('tenant'),
      type: $('type'),
      id: $('id'),
      version: $('version'),
      method: 'PUT',
      at: $('at'),
      patient_id: $('patient'),
      native_resource: $('native'),
      body: $('body'),
      provenance_id: $('provenance'),
    })
    .onConflict(['organization_id', 'type', 'id', 'version'])
    .merge({ body: $('body'), edition: null }),
);

const outbox = statement<Key & Record<string, unknown>>((knex, $) =>
  knex('outbox').insert({
    organization_id: $('tenant'),
    type: $('type'),
    resource_id: $('id'),
    version: $('version'),
    method: $('method'),
    patient_id: $('patient'),
    at: $('at'),
  }),
);

/** Records a version with its text, the text of the one that it replaces, and that others are to be told. */
export async function recordVersion(
  db: Database,
  key: Key,
  version: Omit<Version, 'body'>,
  text: { readonly body: string; readonly edition: string | null } | undefined,
  author: Author,
  previous: Omit<Version, 'method'> | undefined,
): Promise<PlannedStatement[]> {
  const patient = version.patient ?? null;
  const { credential = null, user = null, onBehalfOf = null, agent = null } = author;
  const row = {
    ...key,
    ...version,
    patient,
    credential,
    user,
    onBehalfOf,
    agent,
    provenance: provenanceId(version.at),
    body: text?.body ?? null,
    edition: text?.edition ?? null,
  };
  const before = previous && { ...key, ...previous, patient: previous.patient ?? null };
  return [
    await insert.plan(db, row, 1),
    ...(before ? [await replaced.plan(db, { ...before, provenance: provenanceId(before.at) }, 1)] : []),
    await outbox.plan(db, row),
  ];
}

/** An id of its own, since type, id and version would be too long for one; in order of time, for the sake of its index. */
const provenanceId = (at: number): string => `${at.toString(36).padStart(9, '0')}-${randomUUID().slice(9)}`;
