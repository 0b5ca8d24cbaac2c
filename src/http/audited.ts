import type { Action, Asked, AuditEvent } from '../audit/event.js';
import type { Route, Shown } from './fhir-request.js';

const actions: Readonly<Record<Route['interaction'], Action>> = {
  read: 'R',
  vread: 'R',
  'search-type': 'E',
  'search-system': 'E',
  create: 'C',
  update: 'U',
  patch: 'U',
  delete: 'D',
  'history-instance': 'R',
  'history-type': 'R',
  'history-system': 'R',
  batch: 'E',
  transaction: 'E',
  operation: 'E',
  capabilities: 'R',
};

/** What was asked for: an id that is none is left out. */
export interface Wanted {
  readonly interaction: Route['interaction'];
  readonly type: string;
  readonly id: string;
}

/** What the audit trail keeps of a request: who asked for what, whose data was shown or changed, and what came of it. */
export function eventOf(
  { tenant, credential, credentialKind, user, agent, jti }: Asked,
  { interaction, type, id }: Wanted,
  { status, shown = [] }: { readonly status: number; readonly shown?: readonly Shown[] },
  requestId: string,
  at: number,
): AuditEvent {
  // What is no id is not repeated: it may be anything. What a stranger says is not repeated at all.
  const entity = tenant !== '' && /^[A-Za-z0-9\-.]{1,64}$/.test(id) ? `${ownerOf(interaction, type)}/${id}` : undefined;
  const patients = patientsOf(shown);
  const action = actions[interaction];
  // Written out: this is made for every request, and spreading shows in a profile.
  return {
    tenant,
    at,
    interaction,
    action,
    type: type === '' ? undefined : type,
    entity,
    status,
    credential,
    credentialKind,
    user,
    agent,
    jti,
    requestId,
    patients,
  };
}

/** The type of the one resource that is named: a search names the patient whose compartment it is of. */
const ownerOf = (interaction: Route['interaction'], type: string): string =>
  interaction.startsWith('search') ? 'Patient' : type;

function patientsOf(shown: readonly Shown[]): readonly string[] {
  if (shown.length === 1) return (shown[0] as Shown).patients;
  const patients = new Set<string>();
  for (const each of shown) for (const patient of each.patients) patients.add(patient);
  return [...patients];
}
