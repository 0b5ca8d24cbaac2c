import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import { link, type AuditRow } from './event.js';

export interface Verified {
  readonly chains: number;
  readonly events: number;
  /** What was changed, removed or never linked, a line each. */
  readonly faults: readonly string[];
}

const PAGE = 500;

const heads = statement<Record<never, never>>((knex) => knex('audit_head').orderBy('writer').select('*'));

const page = statement<{ writer: string; after: number }>((knex, $) =>
  knex('audit')
    .where('writer', $('writer'))
    .where('sequence', '>', $('after'))
    .orderBy('sequence')
    .limit(PAGE)
    .select('*'),
);

const patients = statement<{ tenant: string; id: string }>((knex, $) =>
  knex('audit_patient')
    .where({ organization_id: $('tenant'), audit_id: $('id') })
    .orderBy('position')
    .select('*'),
);

const orphans = statement<{ before: number }>((knex, $) =>
  knex('audit')
    .leftJoin('audit_head', 'audit_head.writer', 'audit.writer')
    .where('audit.at', '<', $('before'))
    .where((where) => void where.whereNull('audit.sequence').orWhereNull('audit_head.writer'))
    .count({ count: '*' }),
);

/** Walks every chain from its first event to its head. */
export async function verify(
  db: Database,
  now: number,
  progress: (events: number) => void = () => undefined,
): Promise<Verified> {
  const faults: string[] = [];
  let events = 0;
  const all = await heads.all(db, {});
  for (const head of all) {
    const writer = head['writer'] as string;
    let sequence = 0;
    let hash = '';
    for await (const row of chainOf(db, writer)) {
      progress(++events);
      const at = row.sequence;
      if (at !== sequence + 1)
        faults.push(`chain ${writer}: events ${String(sequence + 1)} to ${String(at - 1)} are missing`);
      const expected = link(hash, row, await patientsOf(db, row));
      // After a gap the hash before is unknown: what follows is checked from its own.
      if (at === sequence + 1 && expected !== row.hash) faults.push(`chain ${writer}: event ${row.id} was changed`);
      sequence = at;
      hash = row.hash;
    }
    if (sequence !== Number(head['sequence']) || hash !== head['hash'])
      faults.push(`chain ${writer}: it ends at ${String(sequence)}, its head is ${String(head['sequence'])}`);
  }
  // A running server links the event of a write within a second.
  const loose = Number((await orphans.first(db, { before: now - 60_000 }))?.['count'] ?? 0);
  if (loose > 0) faults.push(`${String(loose)} events have no link: their process ended, and none has started since`);
  return { chains: all.length, events, faults };
}

type Linked = AuditRow & { readonly sequence: number; readonly hash: string };

async function* chainOf(db: Database, writer: string): AsyncGenerator<Linked> {
  for (let after = 0; ;) {
    const rows = (await page.all(db, { writer, after })) as unknown as Linked[];
    yield* rows;
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.sequence ?? after;
  }
}

async function patientsOf(db: Database, row: AuditRow): Promise<string[]> {
  if (row.patient_id !== null) return [row.patient_id];
  const found = await patients.all(db, { tenant: row.organization_id, id: row.id });
  return found.map((each) => each['patient_id'] as string);
}
