import type { Author } from '../store/history.js';
import type { Access } from './narrow.js';

/** Who writes, as the history keeps it. */
export const authorOf = ({ credential, kind, user, fhirUser, onBehalfOf, patient }: Access): Author => {
  // A credential of the portal is the patient's own. Somebody for whom a service acts may be no person of the record.
  const agent = onBehalfOf ?? fhirUser ?? (kind === 'portal' && patient !== undefined ? `Patient/${patient}` : '');
  return {
    ...(credential !== '' && { credential }),
    ...(user !== undefined && { user }),
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    ...(agent.includes('/') && { agent }),
  };
};
