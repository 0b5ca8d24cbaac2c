import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';

/** One line of a credential's activity log: no patient data but for ids. */
export interface Activity {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly interaction: string;
  readonly type: string | undefined;
  readonly entity: string | undefined;
  readonly status: number;
  readonly requestId: string | undefined;
}

/** Older entries are in the audit trail itself. */
const MOST = 1000;

const ofCredential = statement<{ tenant: string; credential: string }>((knex, $) =>
  knex('audit')
    .where({ organization_id: $('tenant'), credential_id: $('credential') })
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(MOST)
    .select('*'),
);

/** What a credential was used for, newest first. */
export async function activityOf(db: Database, tenant: string, credential: string): Promise<Activity[]> {
  const rows = await ofCredential.all(db, { tenant, credential });
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return rows.map((row) => ({
    at: Number(row['at']),
    interaction: row['interaction'] as string,
    type: text(row['type']),
    entity: text(row['entity']),
    status: row['status'] as number,
    requestId: text(row['request_id']),
  }));
}
