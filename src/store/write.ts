import { randomUUID } from 'node:crypto';
import type { Context, DraftRow } from '../define/elements/element.js';
import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { blobOf, claimBlob, decodeBase64, deleteBlob, detach, insertBlob, readBlob, type Attaching } from './blobs.js';
import { soleOf } from './compartment.js';
import type { Database } from './database.js';
import { draftOf, refuseUnkept, rowOf, type Draft, type Sent } from './draft.js';
import { latestVersion, recordVersion, type Author, type Version } from './history.js';
import { removeOverflow, saveOverflow } from './overflow-values.js';
import { GuardError, together, type Plan } from './plan.js';
import { clientMeta, rendererOf, type Entry } from './render.js';
import { gatherStatistics } from './statistics.js';
import { refuseOutside, refuseShared, staysInside } from './outside.js';
import { removeRow, saveRow } from './row-statements.js';
import type { Rows } from './rows.js';
import { textOf } from './texts.js';

/** What a write would do, and the plan that does it. */
export interface Planned {
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'deleted';
  /** The resource as it will be read; absent after a deletion. */
  readonly entry?: Entry;
  readonly plan: Plan;
}

/** What is there before a write, as far as the writer may see it. */
export interface Current {
  readonly entry: Entry | undefined;
  /** The last version where there is no row, or none that the writer sees. */
  readonly last: Version | undefined;
}

/** For an id that was just made. */
export const NOTHING: Current = { entry: undefined, last: undefined };

/** The one write path: planned, then committed. */
export class Writer {
  constructor(
    private readonly db: Database,
    private readonly rows: Rows,
    private readonly context: Context,
    /** Whose texts its own are. */
    private readonly edition: string,
    private readonly now: () => number,
  ) {}

  async current(resource: RegisteredResource, id: string, narrowing: Narrowing): Promise<Current> {
    const entry = await this.rows.read(resource, id, narrowing);
    const { tenant } = narrowing;
    return { entry, last: entry ? undefined : await latestVersion(this.db, { tenant, type: resource.type, id }) };
  }

  /** Creates or replaces the resource of an id. Without an id, one is made. */
  async planSave(
    resource: RegisteredResource,
    { resource: body, literals }: Sent,
    narrowing: Narrowing,
    author: Author,
    id: string = randomUUID(),
    current?: Current,
  ): Promise<Planned> {
    const { type } = resource;
    if (!resource.write || !resource.fromFhir) throw new OutcomeError(405, 'read-only', `${type} is only read here`);
    const { tenant } = narrowing;
    const key = { tenant, type, id };
    const { entry: existing, last } = current ?? (await this.current(resource, id, narrowing));
    const before = existing ? Number(existing.versionId) : last?.version;
    const { sent, blobs } = detach(resource, body, id);
    const draft = draftOf(resource, { resource: sent, literals }, id, this.context);
    refuseOutside(resource, draft, narrowing);
    const at = Math.max(this.now(), (existing?.lastUpdated ?? last?.at ?? 0) + 1);
    const row = rowOf(resource, draft, { tenant, id, version: (before ?? 0) + 1, at });
    const entry = this.#render(resource, row, tenant);
    if (existing && this.#same(resource, draft, existing))
      return { outcome: 'unchanged', entry: existing, plan: { statements: [] } };
    const { patient } = draft;
    const method = existing ? 'PUT' : before === undefined ? 'POST' : 'PUT';
    const previous = existing && versionOf(existing);
    const version = { version: (before ?? 0) + 1, method, at, patient, native: draft.native } as const;
    for (const param of draft.overflow.keys()) this.rows.overflow.note(tenant, type, param);
    const statements = [
      ...(await saveRow(this.db, resource, row, key, existing ? Number(existing.versionId) : undefined)),
      ...(await saveOverflow(this.db, resource, key, row, patient, draft.overflow, existing !== undefined)),
      ...(await Promise.all(blobs.map((blob) => insertBlob(this.db, blob, { tenant, patient, author, at })))),
      ...(await Promise.all(
        attached(resource, row).map((blob) =>
          claimBlob(
            this.db,
            blob,
            { tenant, patient, author, at },
            {
              ...attachedBefore(existing, blob),
              // Whoever has the bytes may attach them.
              ...(!blobs.some(({ id: sentNow }) => sentNow === blob) && this.#sees(resource, blob, patient, narrowing)),
            },
          ),
        ),
      )),
      ...(await recordVersion(this.db, key, version, textOf(entry, this.edition), author, previous)),
      ...(await staysInside(this.rows, resource, draft, narrowing, id)),
    ];
    return { outcome: existing ? 'updated' : 'created', entry, plan: { statements } };
  }

  /** Deletes a resource; what was deleted before, or never was, is nothing to do. */
  async planDelete(
    resource: RegisteredResource,
    id: string,
    narrowing: Narrowing,
    author: Author,
    current?: Current,
  ): Promise<Planned> {
    const { type } = resource;
    const { tenant } = narrowing;
    const { entry: existing } = current ?? (await this.current(resource, id, narrowing));
    if (!existing) return { outcome: 'unchanged', plan: { statements: [] } };
    refuseShared(resource, narrowing);
    const key = { tenant, type, id };
    const version = Number(existing.versionId);
    // As for the row: what belongs to two patients belongs to none of them alone.
    const patient = existing.patients.length === 1 ? existing.patients[0] : undefined;
    const at = Math.max(this.now(), (existing.lastUpdated ?? 0) + 1);
    const deletion = { version: version + 1, method: 'DELETE', at, patient, native: existing.native } as const;
    const statements = [
      ...(await removeRow(this.db, resource, key, version)),
      await removeOverflow(this.db, type, tenant, id),
      ...(await recordVersion(this.db, key, deletion, undefined, author, versionOf(existing))),
    ];
    return { outcome: 'deleted', plan: { statements } };
  }

  /** Stores a Binary that came by itself. Nobody can read it before a resource of the tenant attaches it. */
  async planBinary(binary: Sent['resource'], narrowing: Narrowing, author: Author): Promise<Planned> {
    const { tenant } = narrowing;
    const { resourceType: _type, id, contentType, data, meta, ...others } = binary as unknown as BinaryBody;
    refuseUnkept('Binary', [...(clientMeta(meta, this.context) ? ['meta'] : []), ...Object.keys(others)]);
    const blob = blobOf(id, contentType, decodeBase64(data ?? '', 'Binary.data'));
    const existing = await readBlob(this.db, tenant, id);
    if (existing && (existing.sha256 !== blob.sha256 || existing.contentType !== blob.contentType))
      throw new OutcomeError(409, 'already-exists', 'There is another Binary of this id; bytes are never replaced');
    if (existing) return { outcome: 'unchanged', plan: { statements: [] } };
    const owner = await this.#ownerOf(id, narrowing);
    const of = { tenant, patient: soleOf(owner?.patients ?? []), author, at: this.now(), claimed: owner !== undefined };
    return { outcome: 'created', plan: { statements: [await insertBlob(this.db, blob, of)] } };
  }

  /** How a writer who sees a part of an organization sees bytes: as a reader does, by what attaches them. */
  #sees(
    resource: RegisteredResource,
    blob: string,
    patient: string | undefined,
    narrowing: Narrowing,
  ): Pick<Attaching, 'sees'> {
    if (narrowing.patient === undefined && narrowing.where.length === 0) return {};
    return {
      sees: async () =>
        (await this.rows.attaching(resource, blob, narrowing)).some(({ patients }) => soleOf(patients) === patient),
    };
  }

  /** What attached the bytes before they came. */
  async #ownerOf(binary: string, narrowing: Narrowing): Promise<Entry | undefined> {
    for (const resource of this.rows.registry.all()) {
      const [owner] = resource.attachments ? await this.rows.attaching(resource, binary, narrowing) : [];
      if (owner) return owner;
    }
    return undefined;
  }

  /** Takes back a Binary that nothing attaches. */
  async discardBinary(tenant: string, id: string): Promise<void> {
    await this.db.commit({ statements: [await deleteBlob(this.db, tenant, id)] });
  }

  /** All of these or none. Answers when they are on disk; a state that changed since planning is a 412. */
  async commit(planned: readonly Planned[]): Promise<void> {
    const plan = together(planned.map((each) => each.plan));
    if (plan.statements.length === 0) return;
    try {
      await this.db.commit(plan);
    } catch (error) {
      if (!(error instanceof GuardError)) throw error;
      throw new OutcomeError(412, 'version-conflict', 'Somebody else changed the resource in between', {
        cause: error,
      });
    }
  }

  /** For who wrote very much: searches are planned for what is there now. */
  async settle(): Promise<void> {
    await gatherStatistics(this.db);
  }

  #render(resource: RegisteredResource, row: DraftRow, tenant: string): Entry {
    const { render, layout } = rendererOf(resource);
    return render(layout.ofDraft(row), tenant, this.context);
  }

  /** Whether the row of the existing version would read the same. */
  #same(resource: RegisteredResource, draft: Draft, existing: Entry): boolean {
    const identity = {
      tenant: existing.tenant,
      id: existing.id,
      version: Number(existing.versionId),
      at: existing.lastUpdated ?? 0,
    };
    return this.#render(resource, rowOf(resource, draft, identity), existing.tenant).text === existing.text;
  }
}

/** The ids of the Binaries that a row attaches. */
function attached({ attachments }: RegisteredResource, row: DraftRow): string[] {
  if (!attachments) return [];
  const items = (row[attachments.child] ?? []) as DraftRow[];
  return items.map((item) => item[attachments.column]).filter((id) => typeof id === 'string');
}

interface BinaryBody {
  readonly resourceType: 'Binary';
  readonly id: string;
  readonly contentType: string;
  readonly data?: string;
  readonly meta?: unknown;
}

/** The version that a write replaces. */
const versionOf = ({ versionId, lastUpdated = 0, patients, native, text }: Entry): Omit<Version, 'method'> => ({
  ...{ version: Number(versionId), at: lastUpdated, patient: soleOf(patients), native, body: text },
});

/** A resource that attached the bytes already, and now may be another patient's. */
const attachedBefore = (existing: Entry | undefined, blob: string): Pick<Attaching, 'before'> =>
  existing?.text.includes(`"url":"Binary/${blob}"`) ? { before: { patient: soleOf(existing.patients) } } : {};
