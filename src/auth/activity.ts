import type { Database, Row } from '../store/database.js';
import { statement } from '../store/database.js';

/** One thing that was done with a credential. It says what, never of whom. */
export interface Activity {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  /** The FHIR interaction, or what happened beside FHIR: token, revoke and so on. */
  readonly interaction: string;
  readonly type: string | undefined;
  readonly status: number;
  readonly requestId: string | undefined;
}

const ofCredential = statement<{ tenant: string; id: string; limit: number }>((knex, $) =>
  knex('audit')
    .where({ organization_id: $('tenant'), credential_id: $('id') })
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit($('limit') as unknown as number)
    .select('at', 'interaction', 'type', 'status', 'request_id'),
);

/** The activity log of a credential, the latest first: a view of the audit. */
export async function activityOf(
  db: Database,
  { tenant, id }: { tenant: string; id: string },
  limit: number,
): Promise<Activity[]> {
  return (await ofCredential.all(db, { tenant, id, limit })).map(activityFrom);
}

const activityFrom = (row: Row): Activity => ({
  at: Number(row['at']),
  interaction: row['interaction'] as string,
  type: (row['type'] as string | null) ?? undefined,
  status: row['status'] as number,
  requestId: (row['request_id'] as string | null) ?? undefined,
});
