/** What the demo holds, over both tenants together: a case that two tenants share counts for each of them. */
export const DEMO_COUNTS = {
  organizations: 16,
  practitioners: 12,
  patients: 60,
  /** Encounters. */
  channels: 300,
  observations: 12_000,
  /** DocumentReferences; 15 of them are superseded. */
  psrs: 250,
  /** Notes of the hospital: DocumentReferences too. */
  notes: 401,
  /** Reports of imaging, ECGs, pathology and cultures: DiagnosticReports, and as many DocumentReferences of the same bytes. */
  studies: 133,
  /** DiagnosticReports of the laboratory. */
  labReports: 299,
  specimens: 1_024,
  locations: 18,
  practitionerRoles: 12,
  /** Communications without the headers of their threads. */
  messages: 1_500,
  /** Those headers. */
  threads: 242,
} as const;

/** The patient with the most to see, whom both tenants know. */
export const DEMO_PATIENT = { organization: 'org_riverside', id: 'p-001' } as const;
