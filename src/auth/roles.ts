/** What a user is in their organization; combinable. */
export const roles = ['clinician', 'admin', 'patient'] as const;
export type Role = (typeof roles)[number];

/** What a user's own session opens of FHIR. */
export interface RoleScopes {
  /** Empty where the roles open nothing: an admin manages, and reads no clinical data by that alone. */
  readonly scopes: string;
  /** The only patient, for somebody who is nothing but a patient. */
  readonly patient: string | undefined;
}

/** A clinician works with all patients of the organization; a patient reads their own record. */
export function roleScopes(has: readonly Role[], fhirUser: string | undefined): RoleScopes {
  if (has.includes('clinician')) return { scopes: 'user/*.cruds', patient: undefined };
  const patient = fhirUser?.startsWith('Patient/') ? fhirUser.slice('Patient/'.length) : undefined;
  if (has.includes('patient') && patient !== undefined) return { scopes: 'patient/*.rs', patient };
  return { scopes: '', patient: undefined };
}
