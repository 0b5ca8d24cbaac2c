import { randomBytes } from 'node:crypto';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { GuardError, type PlannedStatement } from '../store/plan.js';
import { link, linked, rowOf, type AuditEvent, type AuditRow } from './event.js';

/** An event is on disk within this time. */
const FLUSH_MILLISECONDS = 500;
/**
 * Events that are written in one transaction, as soon as there are so many: a server also serves, and what is kept
 * longer is copied by the garbage collector.
 */
const BATCH = 250;
/** Transactions that share a sync while many events wait. */
const SHARED_SYNC = 10;
/** With more than these waiting, requests wait too: nothing is dropped. */
const FULL = 10_000;

interface Waiting {
  readonly row: Linked;
  readonly patients: readonly string[];
  /** The row is there already, in the transaction of the write that it records: only its link is missing. */
  readonly isStored: boolean;
}

/** A row, and its link as soon as it has one. */
type Linked = AuditRow & { readonly writer: string; sequence: number | null; hash: string | null };

const columns = [...linked, 'writer', 'sequence', 'hash'] as const satisfies readonly (keyof Linked)[];

const insert = statement<Pick<Linked, (typeof columns)[number]>>((knex, $) =>
  knex('audit').insert(Object.fromEntries(columns.map((name) => [name, $(name)]))),
);

const insertPatient = statement<Record<string, unknown>>((knex, $) =>
  knex('audit_patient').insert({
    organization_id: $('tenant'),
    audit_id: $('id'),
    position: $('position'),
    patient_id: $('patient'),
  }),
);

const chain = statement<Pick<Linked, 'organization_id' | 'id' | 'writer' | 'sequence' | 'hash'>>((knex, $) =>
  knex('audit')
    .where({ organization_id: $('organization_id'), id: $('id') })
    .whereNull('sequence')
    .update({ writer: $('writer'), sequence: $('sequence'), hash: $('hash') }),
);

const anchor = statement<Record<string, unknown>>((knex, $) =>
  knex('audit_head')
    .insert({ writer: $('writer'), sequence: $('sequence'), hash: $('hash'), at: $('at') })
    .onConflict('writer')
    .merge(),
);

const unlinked = statement<{ before: number }>((knex, $) =>
  knex('audit').whereNull('sequence').where('at', '<', $('before')).orderBy('at').limit(1000).select('*'),
);

const byId = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('audit')
    .where({ organization_id: $('tenant'), id: $('id') })
    .select('sequence'),
);

const patientsOf = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('audit_patient')
    .where({ organization_id: $('tenant'), audit_id: $('id') })
    .orderBy('position')
    .select('patient_id'),
);

/**
 * The audit trail of one process: a chain in which each event vouches for all before it, with its head in the database.
 * Reads are written within a second and when the process stops; the event of a write is part of the write's own
 * transaction, and linked within a second.
 */
export class Trail {
  readonly #writer = randomBytes(6).toString('hex');
  #count = 0;
  #sequence = 0;
  #head = '';
  readonly #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** What was committed last may not be on disk. */
  #unsynced = false;
  /** The database takes nothing: it is tried again by the clock, and not for each event. */
  #failed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: Database,
    private readonly now: () => number,
    /** Told when events cannot be written; they are kept and tried again. */
    private readonly alarm: (error: unknown) => void = () => undefined,
  ) {}

  /** Begins to write, and gives links to the events of writes whose process died before it could. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void (this.#flushing ?? this.#begin()), FLUSH_MILLISECONDS);
    this.#timer.unref();
    await this.#adopt();
  }

  /** Everything is on disk when it answers. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#waiting.length > 0) {
      const before = this.#sequence;
      await this.flush();
      // Nothing could be written: trying for ever would keep the process from ending.
      if (this.#sequence === before) return;
    }
  }

  /** Events that are not on disk, or not linked, yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Records an event. Waits only when the database has fallen far behind. */
  record(event: AuditEvent): void | Promise<void> {
    this.#waiting.push({ row: this.#rowOf(event), patients: event.patients, isStored: false });
    if (this.#waiting.length >= FULL) return this.flush();
    if (this.#waiting.length >= BATCH && !this.#flushing && !this.#failed) void this.#begin(BATCH);
  }

  /** The statements that record a write in its own transaction, and what to do when that is committed. */
  async plan(event: AuditEvent): Promise<{ statements: PlannedStatement[]; committed: () => void }> {
    const row = this.#rowOf(event);
    const { patients } = event;
    return {
      statements: [await insert.plan(this.db, row, 1), ...(await this.#patients(row, patients))],
      committed: () => void this.#waiting.push({ row, patients, isStored: true }),
    };
  }

  /** Writes all that waits now. One at a time: the chain has one end. */
  flush(): Promise<void> {
    if (!this.#flushing) return this.#begin();
    // One that is under way does not write what came after it began.
    return (this.#next ??= this.#flushing.then(() => {
      this.#next = undefined;
      return this.#flushing ?? this.#begin();
    }));
  }

  #begin(most?: number): Promise<void> {
    return (this.#flushing = this.#flush(most).finally(() => (this.#flushing = undefined)));
  }

  /** Everything is on disk when it answers, unless it was to write only so many. */
  async #flush(most = Infinity): Promise<void> {
    // What comes while it writes is the next one's: under load a flush that waited for the end would never end, and
    // write a few events at a time.
    let left = Math.min(this.#waiting.length, most);
    for (let count = 1; left > 0 || (this.#unsynced && most === Infinity); count++) {
      const batch = this.#waiting.slice(0, Math.min(left, BATCH));
      left -= batch.length;
      // A sync of the disk holds up everybody: the last transaction of a flush syncs those before it.
      const unsynced = most !== Infinity || (left > 0 && count % SHARED_SYNC !== 0);
      const { statements, sequence, hash } = await this.#linked(batch);
      try {
        await this.db.commit({ statements, ...(unsynced && { unsynced }) });
      } catch (error) {
        if (error instanceof GuardError && (await this.#forgetLinked(batch))) continue;
        this.#failed = true;
        this.alarm(error);
        return;
      }
      this.#failed = false;
      this.#waiting.splice(0, batch.length);
      this.#sequence = sequence;
      this.#head = hash;
      this.#unsynced = unsynced;
    }
  }

  /** The statements that write these events, each with its link, and where the chain then ends. */
  async #linked(
    batch: readonly Waiting[],
  ): Promise<{ statements: PlannedStatement[]; sequence: number; hash: string }> {
    const [inserting, chaining] = [await insert.planner(this.db), await chain.planner(this.db)];
    let sequence = this.#sequence;
    let hash = this.#head;
    const statements: PlannedStatement[] = [];
    for (const { row, patients, isStored } of batch) {
      row.hash = hash = link(hash, row, patients);
      row.sequence = ++sequence;
      statements.push((isStored ? chaining : inserting)(row, 1));
      if (!isStored && patients.length > 1) statements.push(...(await this.#patients(row, patients)));
    }
    statements.push(await anchor.plan(this.db, { writer: this.#writer, sequence, hash, at: this.now() }));
    return { statements, sequence, hash };
  }

  /** Another process that started at the same time gave some of these their links. */
  async #forgetLinked(batch: readonly Waiting[]): Promise<boolean> {
    let forgot = false;
    for (const each of batch.filter(({ isStored }) => isStored)) {
      const found = await byId.first(this.db, { tenant: each.row.organization_id, id: each.row.id });
      if (found && found['sequence'] === null) continue;
      this.#waiting.splice(this.#waiting.indexOf(each), 1);
      forgot = true;
    }
    return forgot;
  }

  /** Several patients have a row each; one stands in the event's own. */
  async #patients(row: AuditRow, patients: readonly string[]): Promise<PlannedStatement[]> {
    if (patients.length < 2) return [];
    const { organization_id: tenant, id } = row;
    return Promise.all(
      patients.map((patient, position) => insertPatient.plan(this.db, { tenant, id, position, patient }, 1)),
    );
  }

  async #adopt(): Promise<void> {
    for (const found of await unlinked.all(this.db, { before: this.now() - 60_000 })) {
      const row = found as unknown as AuditRow;
      const several = await patientsOf.all(this.db, { tenant: row.organization_id, id: row.id });
      const patients = several.length > 0 ? several.map((each) => each['patient_id'] as string) : onlyOne(row);
      this.#waiting.push({
        row: { ...row, writer: this.#writer, sequence: null, hash: null },
        patients,
        isStored: true,
      });
    }
  }

  #rowOf(event: AuditEvent): Linked {
    const id = `${this.#writer}-${(++this.#count).toString(36)}`;
    return Object.assign(rowOf(event, id), { writer: this.#writer, sequence: null, hash: null });
  }
}

const onlyOne = ({ patient_id: patient }: AuditRow): string[] => (patient === null ? [] : [patient]);
