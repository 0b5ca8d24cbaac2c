import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';

/** Why somebody has to decide whose a case is. */
export type Doubt =
  /** The record number belongs to somebody with another name, or another birth date. */
  | 'name'
  | 'birth-date'
  /** Several patients have the record number. */
  | 'several'
  /** The case is filed under another patient already. */
  | 'moved';

/** A case that waits for a decision, as it came. */
export interface Held {
  readonly doubts: readonly Doubt[];
  /** Whose it may be, as ids of patients. */
  readonly candidates: readonly string[];
  /** The answer of the upstream API, as JSON. */
  readonly channel: string;
  readonly pdf: Buffer;
  /** What is asked, as a hash of all that it depends on. */
  readonly question: string;
  readonly at: number;
}

export interface Decision {
  readonly question: string;
  /** Undefined where the case was rejected. */
  readonly patient: string | undefined;
  readonly by: string;
  readonly at: number;
}

/** A channel and what was made of it. */
export interface InboundCase {
  readonly integration: string;
  readonly channel: string;
  readonly tenant: string;
  readonly version: number;
  /** Where it is filed. */
  readonly patient: string | undefined;
  /** How many summaries there were, and the hash of the last. */
  readonly documents: number;
  readonly sha256: string | undefined;
  readonly held: Held | undefined;
  readonly decision: Decision | undefined;
}

export const newCase = (tenant: string, integration: string, channel: string): InboundCase => ({
  ...{ integration, channel, tenant, version: 0, documents: 0 },
  ...{ patient: undefined, sha256: undefined, held: undefined, decision: undefined },
});

const one = statement<{ integration: string; channel: string }>((knex, $) =>
  knex('inbound_case')
    .where({ integration: $('integration'), channel_id: $('channel') })
    .select('*'),
);

export async function readCase(db: Database, integration: string, channel: string): Promise<InboundCase | undefined> {
  const row = await one.first(db, { integration, channel });
  return row && caseOf(row);
}

const MOST = 100;

const waiting = statement<{ tenant: string }>((knex, $) =>
  knex('inbound_case').where('org', $('tenant')).whereNotNull('held_at').orderBy('held_at').limit(MOST).select('*'),
);

/** Cases of an organization that wait for a decision, the oldest first. */
export async function heldCases(db: Database, tenant: string): Promise<InboundCase[]> {
  return (await waiting.all(db, { tenant })).map(caseOf);
}

function caseOf(row: Row): InboundCase {
  const text = (column: string): string | undefined => (row[column] as string | null) ?? undefined;
  return {
    integration: row['integration'] as string,
    channel: row['channel_id'] as string,
    tenant: row['org'] as string,
    version: Number(row['version']),
    patient: text('patient_id'),
    documents: Number(row['documents']),
    sha256: text('sha256'),
    held:
      row['held_at'] === null
        ? undefined
        : {
            doubts: JSON.parse(row['held_reasons'] as string) as Doubt[],
            candidates: JSON.parse(row['held_candidates'] as string) as string[],
            channel: row['held_channel'] as string,
            pdf: row['held_pdf'] as Buffer,
            question: row['held_question'] as string,
            at: Number(row['held_at']),
          },
    decision:
      row['decided_at'] === null
        ? undefined
        : {
            question: row['decided_question'] as string,
            patient: text('decided_patient'),
            by: row['decided_by'] as string,
            at: Number(row['decided_at']),
          },
  };
}

const columns = (names: readonly string[], $: (name: string) => unknown): Record<string, never> =>
  Object.fromEntries(names.map((name) => [name, $(name)])) as Record<string, never>;

const values = ['version', 'patient_id', 'documents', 'sha256'];
const held = ['held_reasons', 'held_candidates', 'held_channel', 'held_pdf', 'held_question', 'held_at'];
const decided = ['decided_question', 'decided_patient', 'decided_by', 'decided_at'];
const changing = [...values, ...held, ...decided];

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('inbound_case').insert(columns(['integration', 'channel_id', 'org', ...changing], $)),
);

const update = statement<Record<string, unknown>>((knex, $) =>
  knex('inbound_case')
    .where({ integration: $('integration'), channel_id: $('channel_id'), version: $('before') })
    .update(columns(changing, $)),
);

/** As part of a plan: refused where somebody else changed the case since it was read. */
export function saveCase(db: Database, after: InboundCase): Promise<PlannedStatement> {
  const { held: waits, decision } = after;
  const row = {
    ...{ integration: after.integration, channel_id: after.channel, org: after.tenant },
    ...{ before: after.version, version: after.version + 1 },
    ...{ patient_id: after.patient ?? null, documents: after.documents, sha256: after.sha256 ?? null },
    held_reasons: waits ? JSON.stringify(waits.doubts) : null,
    held_candidates: waits ? JSON.stringify(waits.candidates) : null,
    ...{ held_channel: waits?.channel ?? null, held_pdf: waits?.pdf ?? null },
    ...{ held_question: waits?.question ?? null, held_at: waits?.at ?? null },
    ...{ decided_question: decision?.question ?? null, decided_patient: decision?.patient ?? null },
    ...{ decided_by: decision?.by ?? null, decided_at: decision?.at ?? null },
  };
  return (after.version === 0 ? insert : update).plan(db, row, 1);
}
