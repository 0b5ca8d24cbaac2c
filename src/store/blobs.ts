import { createHash } from 'node:crypto';
import type { RegisteredResource } from '../registry.js';
import { OutcomeError } from '../outcome.js';
import type { Database } from './database.js';
import { statement } from './database.js';
import type { Author } from './history.js';
import type { PlannedStatement } from './plan.js';

/** Bytes as they are stored; served as Binary/[id] through the resource that owns them. */
export interface Blob {
  readonly id: string;
  readonly contentType: string;
  readonly size: number;
  /** Base64 SHA-1, which is what Attachment.hash is. */
  readonly sha1: string;
  readonly sha256: string;
  readonly bytes: Buffer;
}

export interface StoredBlob extends Blob {
  readonly patient: string | undefined;
  /** Who sent them, as `posterOf` says it. */
  readonly poster: string | undefined;
  /** Whether a resource attached them. Until then they are for whoever sent them. */
  readonly claimed: boolean;
  /** Milliseconds since 1970 UTC. */
  readonly createdAt: number;
}

/** Who sends bytes: a credential, or a user without one. */
export const posterOf = ({ credential, user }: Author): string | undefined =>
  credential ?? (user === undefined ? undefined : `user ${user}`);

const byId = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('blob').where('organization_id', $('tenant')).where('id', $('id')).select('*'),
);

export async function readBlob(db: Database, tenant: string, id: string): Promise<StoredBlob | undefined> {
  const row = await byId.first(db, { tenant, id });
  if (!row) return undefined;
  return {
    id,
    contentType: row['content_type'] as string,
    size: Number(row['size']),
    sha1: row['sha1'] as string,
    sha256: row['sha256'] as string,
    bytes: row['bytes'] as Buffer,
    patient: (row['patient_id'] as string | null) ?? undefined,
    poster: (row['credential_id'] as string | null) ?? undefined,
    claimed: row['claimed_at'] !== null,
    createdAt: Number(row['created_at']),
  };
}

const insert = statement<{
  tenant: string;
  id: string;
  contentType: string;
  size: number;
  sha1: string;
  sha256: string;
  at: number;
  poster: string | null;
  patient: string | null;
  claimed: number | null;
  bytes: Buffer;
}>((knex, $) =>
  knex('blob')
    .insert({
      organization_id: $('tenant'),
      id: $('id'),
      content_type: $('contentType'),
      size: $('size'),
      sha1: $('sha1'),
      sha256: $('sha256'),
      created_at: $('at'),
      credential_id: $('poster'),
      claimed_at: $('claimed'),
      patient_id: $('patient'),
      bytes: $('bytes'),
    })
    .onConflict(['organization_id', 'id'])
    .ignore(),
);

/** Stores bytes; those that are there already stay as they are. */
export const insertBlob = (
  db: Database,
  blob: Blob,
  of: { tenant: string; patient: string | undefined; author: Author; at: number; claimed?: boolean },
): Promise<PlannedStatement> => {
  const { tenant, patient = null, author, at, claimed } = of;
  const poster = posterOf(author) ?? null;
  return insert.plan(db, { ...blob, tenant, patient, poster, at, claimed: claimed ? at : null });
};

const ownerOf = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('blob')
    .where('organization_id', $('tenant'))
    .where('id', $('id'))
    .select('patient_id', 'claimed_at', 'credential_id'),
);

interface Claim extends Record<string, unknown> {
  tenant: string;
  id: string;
  patient: string | null;
  before: string | null;
  poster: string | null;
  at: number;
}

const claim = statement<Claim>((knex, $) =>
  knex('blob')
    .where({ organization_id: $('tenant'), id: $('id') })
    .where((q) => void q.whereNotNull('claimed_at').orWhereNull('credential_id').orWhere('credential_id', $('poster')))
    .where((q) => void q.whereNull('patient_id').orWhere('patient_id', $('before')).orWhere('patient_id', $('patient')))
    .update({ patient_id: $('patient'), claimed_at: knex.raw('coalesce(claimed_at, ?)', [$('at')]) }),
);

/** What a writer may attach beside what they sent. */
export interface Attaching {
  /** The patient of the resource that attaches the bytes already; absent where it does not. */
  readonly before?: { readonly patient: string | undefined };
  /** Whether something attaches them that the writer sees; absent where the writer sees all of the organization. */
  readonly sees?: () => Promise<boolean>;
}

/**
 * Bytes belong to the patient of the first resource that attaches them: nobody else's document may borrow them. A
 * resource that had attached them alone may be corrected, and then takes them along to its patient. Who sees a part of
 * an organization attaches what they sent or see: a document that names bytes before they come would have them when
 * somebody else sends them. Errors: 422 `invalid-resource`.
 */
export async function claimBlob(
  db: Database,
  id: string,
  of: { tenant: string; patient: string | undefined; author: Author; at: number },
  { before: attached, sees }: Attaching,
): Promise<PlannedStatement> {
  const { tenant, patient, author, at } = of;
  const poster = posterOf(author) ?? null;
  const stored = await ownerOf.first(db, { tenant, id });
  const { claimed_at: claimed, credential_id: sender } = stored ?? {};
  const before = (stored?.['patient_id'] as string | null | undefined) ?? undefined;
  const takesAlong = attached !== undefined && attached.patient === before;
  if (stored && claimed !== null && before !== patient && !takesAlong) throw borrowed();
  if (stored && claimed !== null && sees && !(await sees())) throw borrowed();
  // Bytes that nothing attached yet are their sender's to attach.
  if (stored && claimed === null && sender !== null && sender !== poster) throw borrowed();
  const values = { tenant, id, patient: patient ?? null, before: before ?? null, poster, at };
  if (stored) return claim.plan(db, values, 1);
  // Bytes that come in the same transaction are not there yet.
  return sees ? { ...(await claim.plan(db, values, 1)), refusal: borrowed() } : claim.plan(db, values);
}

const borrowed = (): OutcomeError =>
  new OutcomeError(422, 'invalid-resource', 'An attachment is the Binary of another patient, or none that there is');

const unclaimed = statement<{ before: number }>((knex, $) =>
  knex('blob').whereNull('claimed_at').where('created_at', '<', $('before')).delete(),
);

/** Deletes bytes that were sent before a moment and that nothing has attached. */
export async function discardUnclaimed(db: Database, before: number): Promise<void> {
  await db.commit({ statements: [await unclaimed.plan(db, { before })] });
}

const remove = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('blob')
    .where({ organization_id: $('tenant'), id: $('id') })
    .delete(),
);

export const deleteBlob = (db: Database, tenant: string, id: string): Promise<PlannedStatement> =>
  remove.plan(db, { tenant, id });

export function blobOf(id: string, contentType: string, bytes: Buffer): Blob {
  const digest = (algorithm: 'sha1' | 'sha256'): Buffer => createHash(algorithm).update(bytes).digest();
  return {
    id,
    contentType,
    size: bytes.length,
    sha1: digest('sha1').toString('base64'),
    sha256: digest('sha256').toString('hex'),
    bytes,
  };
}

interface Attachment {
  contentType?: string;
  data?: string;
  url?: string;
  size?: number;
  hash?: string;
}

/**
 * Moves the inline data of a resource's attachments to Binaries: the attachment then has their URL, size and hash.
 * The id of a Binary follows from its owner, its type and its bytes, so that the same import twice is the same Binary.
 */
export function detach(
  resource: RegisteredResource,
  sent: Readonly<Record<string, unknown>>,
  id: string,
): { readonly sent: Readonly<Record<string, unknown>>; readonly blobs: readonly Blob[] } {
  if (!resource.attachments) return { sent, blobs: [] };
  const blobs: Blob[] = [];
  const moved = mapAt(sent, resource.attachments.path.split('.'), resource.type, (value, expression) => {
    const { data, ...attachment } = value as Attachment;
    if (data === undefined) return value;
    const blob = decode(`${resource.type}/${id}`, attachment, data, expression);
    blobs.push(blob);
    return { ...attachment, url: `Binary/${blob.id}`, size: blob.size, hash: blob.sha1 };
  });
  return { sent: moved as Readonly<Record<string, unknown>>, blobs };
}

function decode(
  owner: string,
  { contentType, url, size, hash }: Omit<Attachment, 'data'>,
  data: string,
  at: string,
): Blob {
  const refuse = (text: string): OutcomeError => new OutcomeError(422, 'invalid-resource', text, { expression: [at] });
  if (contentType === undefined) throw refuse('att-1: an attachment with data needs a contentType');
  if (url !== undefined) throw refuse('An attachment has either data or a url: the data will have one of its own');
  const bytes = decodeBase64(data, at);
  const blob = blobOf(binaryId(owner, contentType, bytes), contentType, bytes);
  if (size !== undefined && size !== blob.size)
    throw refuse(`The size is not that of the data, which is ${String(blob.size)}`);
  if (hash !== undefined && hash !== blob.sha1) throw refuse('The hash is not the SHA-1 of the data');
  return blob;
}

/** The id of the Binary that inline data of a resource becomes. */
export const binaryId = (owner: string, contentType: string, bytes: Buffer): string =>
  createHash('sha256').update(`${owner}\0${contentType}\0`).update(bytes).digest('hex').slice(0, 40);

/** Errors: 422 `invalid-resource` where the text is not base64 throughout. */
export function decodeBase64(data: string, expression: string): Buffer {
  const base64 = data.replace(/\s/g, '');
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, ''))
    throw new OutcomeError(422, 'invalid-resource', 'The data is not base64', { expression: [expression] });
  return bytes;
}

/** A copy with every value at a path replaced; lists on the way are walked through. */
function mapAt(
  value: unknown,
  [member, ...rest]: readonly string[],
  expression: string,
  replace: (found: unknown, expression: string) => unknown,
): unknown {
  if (Array.isArray(value))
    return value.map((item: unknown, index) =>
      mapAt(item, member === undefined ? [] : [member, ...rest], `${expression}[${String(index)}]`, replace),
    );
  if (typeof value !== 'object' || value === null) return value;
  if (member === undefined) return replace(value, expression);
  const inner = (value as Record<string, unknown>)[member];
  if (inner === undefined) return value;
  return { ...value, [member]: mapAt(inner, rest, `${expression}.${member}`, replace) };
}
