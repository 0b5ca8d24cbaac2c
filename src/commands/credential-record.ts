import type { Action } from '../audit/event.js';
import type { Credential } from '../auth/store.js';
import type { Portico } from '../main.js';

const actions: Readonly<Record<'credential-create' | 'credential-rotate' | 'credential-revoke', Action>> = {
  'credential-create': 'C',
  'credential-rotate': 'U',
  'credential-revoke': 'D',
};

/** What was done to a credential is in its activity log, and in the log of the patient whose data it opens. */
export async function recordChange(
  { trail, now }: Portico,
  interaction: keyof typeof actions,
  { tenant, id, kind, patient }: Pick<Credential, 'tenant' | 'id' | 'kind'> & { readonly patient?: string | undefined },
): Promise<void> {
  await trail.record({
    ...{ at: now(), tenant, interaction, action: actions[interaction], status: 200 },
    ...{ credential: id, credentialKind: kind, patients: patient === undefined ? [] : [patient] },
  });
}
