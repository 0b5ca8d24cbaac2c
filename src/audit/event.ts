import { hash } from 'node:crypto';
import type { Access } from '../access/narrow.js';

/** https://hl7.org/fhir/R4/valueset-audit-event-action.html: create, read, update, delete, execute. */
export type Action = 'C' | 'R' | 'U' | 'D' | 'E';

/** Something that somebody did or tried. Nothing in it was written by a client, but for ids. */
export interface AuditEvent {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  /** Empty where nobody was known to ask. */
  readonly tenant: string;
  /** The FHIR interaction, or what happened beside FHIR: token, login, revoke and so on. */
  readonly interaction: string;
  readonly action: Action;
  /** The resource type, and as `Type/id` the one resource, that was asked for; a user who was changed is `user/id`. */
  readonly type?: string | undefined;
  readonly entity?: string | undefined;
  /** The HTTP status of the answer. */
  readonly status: number;
  readonly credential?: string | undefined;
  readonly credentialKind?: string | undefined;
  readonly user?: string | undefined;
  /** As `Type/id`: the person that the user is, or for whom the service acted. */
  readonly agent?: string | undefined;
  readonly jti?: string | undefined;
  readonly requestId?: string | undefined;
  /** The patients whose data was shown or changed. */
  readonly patients: readonly string[];
}

/** Records an event. It may make whoever calls it wait, but loses nothing. */
export type Audit = (event: AuditEvent) => void | Promise<void>;

type Asked = Pick<AuditEvent, 'tenant' | 'credentialKind' | 'credential' | 'user' | 'agent' | 'jti'>;

const known = new WeakMap<Access, Asked>();

/** Who asked, for an event: the same for every request of a token. */
export function askedBy(access: Access): Asked {
  let asked = known.get(access);
  if (!asked) known.set(access, (asked = who(access)));
  return asked;
}

function who({ tenant, credential, kind, user, onBehalfOf, fhirUser, jti }: Access): Asked {
  const agent = onBehalfOf ?? fhirUser;
  return {
    tenant,
    credentialKind: kind,
    ...(credential !== '' && { credential }),
    ...(user !== undefined && { user }),
    ...(agent !== undefined && { agent }),
    ...(jti !== undefined && { jti }),
  };
}

/** A row of the audit table, before it has its link in a chain. */
export interface AuditRow {
  readonly organization_id: string;
  readonly id: string;
  readonly at: number;
  readonly interaction: string;
  readonly action: string;
  readonly type: string | null;
  readonly entity: string | null;
  readonly status: number;
  readonly outcome: string;
  readonly credential_id: string | null;
  readonly credential_kind: string | null;
  readonly user_id: string | null;
  readonly agent: string | null;
  readonly jti: string | null;
  readonly request_id: string | null;
  readonly patient_id: string | null;
}

export function rowOf(event: AuditEvent, id: string): AuditRow {
  const { tenant, patients } = event;
  return {
    organization_id: tenant,
    id,
    at: event.at,
    interaction: event.interaction,
    action: event.action,
    type: event.type ?? null,
    entity: event.entity ?? null,
    status: event.status,
    outcome: outcomeOf(event.status),
    credential_id: event.credential ?? null,
    credential_kind: event.credentialKind ?? null,
    user_id: event.user ?? null,
    agent: event.agent ?? null,
    jti: event.jti ?? null,
    request_id: event.requestId ?? null,
    patient_id: patients.length === 1 ? (patients[0] as string) : null,
  };
}

/** Success, refused, failed: https://hl7.org/fhir/R4/valueset-audit-event-outcome.html */
const outcomeOf = (status: number): string => (status < 400 ? '0' : status < 500 ? '4' : '8');

/** The columns that a link vouches for, in the order in which they are hashed. */
export const linked = [
  'organization_id',
  'id',
  'at',
  'interaction',
  'action',
  'type',
  'entity',
  'status',
  'outcome',
  'credential_id',
  'credential_kind',
  'user_id',
  'agent',
  'jti',
  'request_id',
  'patient_id',
] as const satisfies readonly (keyof AuditRow)[];

/** The hash of a row and its patients, and of everything that came before it in its chain. */
export function link(before: string, row: AuditRow, patients: readonly string[]): string {
  const content = linked.map((name) => row[name]);
  const all = patients.length > 1 ? [...patients].sort() : patients;
  return hash('sha256', JSON.stringify([before, ...content, ...all]), 'hex');
}
