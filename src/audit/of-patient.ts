import { statement, type Database, type Row } from '../store/database.js';

/** Something that was done with the data of one patient; nothing in it says whose else it was done with. */
export interface PatientEvent {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly interaction: string;
  readonly type: string | undefined;
  readonly status: number;
  readonly credentialName: string | undefined;
  readonly user: string | undefined;
  readonly userName: string | undefined;
}

const MOST = 200;
const columns = ['a.id', 'a.at', 'a.interaction', 'a.type', 'a.status', 'a.user_id'];
const names = { credential_name: 'c.name', user_name: 'u.name' };

const alone = statement<{ tenant: string; patient: string }>((knex, $) =>
  knex('audit as a')
    .leftJoin('credential as c', 'c.id', 'a.credential_id')
    .leftJoin('user_account as u', 'u.id', 'a.user_id')
    .where('a.organization_id', $('tenant'))
    .where('a.patient_id', $('patient'))
    .orderBy('a.at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(MOST)
    .select(columns)
    .select(names),
);

const amongOthers = statement<{ tenant: string; patient: string }>((knex, $) =>
  knex('audit_patient as p')
    .join('audit as a', (on) => on.on('a.organization_id', 'p.organization_id').on('a.id', 'p.audit_id'))
    .leftJoin('credential as c', 'c.id', 'a.credential_id')
    .leftJoin('user_account as u', 'u.id', 'a.user_id')
    .where('p.organization_id', $('tenant'))
    .where('p.patient_id', $('patient'))
    .orderBy('a.at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(MOST)
    .select(columns)
    .select(names),
);

/** What was done with the data of a patient, newest first: alone, and among others. */
export async function eventsOfPatient(db: Database, tenant: string, patient: string): Promise<PatientEvent[]> {
  const of = { tenant, patient };
  const events = [...(await alone.all(db, of)), ...(await amongOthers.all(db, of))].map(eventOf);
  return events.sort((one, other) => other.at - one.at).slice(0, MOST);
}

function eventOf(row: Row): PatientEvent {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  return {
    at: Number(row['at']),
    interaction: row['interaction'] as string,
    type: text('type'),
    status: row['status'] as number,
    credentialName: text('credential_name'),
    user: text('user_id'),
    userName: text('user_name'),
  };
}
