import { userInfo } from 'node:os';
import type { Action, AuditEvent } from '../audit/event.js';
import { recording } from '../audit/recording.js';
import type { Credential } from '../auth/store.js';
import type { Portico } from '../open.js';
import type { Database } from '../store/database.js';

/** What the commands change beside FHIR, in the words of the audit trail. */
const actions = {
  'org-create': 'C',
  'org-update': 'U',
  'org-disable': 'U',
  'org-enable': 'U',
  'org-share': 'U',
  'org-unshare': 'U',
  'user-create': 'C',
  'user-disable': 'U',
  'user-enable': 'U',
  'user-set-password': 'U',
  'user-set-roles': 'U',
  'user-reset-mfa': 'U',
  'credential-create': 'C',
  'credential-rotate': 'U',
  'credential-revoke': 'D',
  'integration-create': 'C',
  'integration-disable': 'U',
  'integration-enable': 'U',
  'integration-replay': 'U',
  'integration-rotate': 'U',
  'webhook-create': 'C',
  'webhook-rotate': 'U',
  'webhook-delete': 'D',
  'key-rotate': 'C',
  'key-replace': 'U',
} as const satisfies Record<string, Action>;

export type Change = keyof typeof actions;

/** What is changed; the signing keys belong to no organization. */
export type Changed = { readonly tenant: string } & Pick<AuditEvent, 'entity' | 'credential' | 'credentialKind'> & {
    readonly patients?: readonly string[];
  };

/** Portico's own tables, for one command: its change and the record of it are one transaction. */
export function recorded({ own, trail, now }: Portico, interaction: Change, changed: Changed): Database {
  return recording(own, trail, {
    ...{ at: now(), interaction, action: actions[interaction], status: 200, patients: [] },
    ...{ credentialKind: 'operator', user: operator() },
    ...changed,
  });
}

/** A change of a credential is in its own activity log, and in the log of the patient whose data it opens. */
export const changedCredential = ({
  tenant,
  id,
  kind,
  patient,
}: Pick<Credential, 'tenant' | 'id' | 'kind'> & { readonly patient?: string | undefined }): Changed => ({
  ...{ tenant, credential: id, credentialKind: kind },
  ...(patient !== undefined && { patients: [patient] }),
});

/** Whoever has an account on this machine: no user of ours. An account may have no name, in a container for example. */
function operator(): string {
  try {
    return `operator:${userInfo().username}`;
  } catch {
    return `operator:${String(process.getuid?.() ?? '')}`;
  }
}
