import type { Resource } from '@medplum/fhirtypes';
import { makeCase, type Case } from './cases.js';
import { localCodes, type LocalCodes } from './coding.js';
import { communicationsOf } from './communications.js';
import { documentsOf } from './documents.js';
import { notesOf } from './notes.js';
import { encounterOf } from './encounters.js';
import { observationsOf } from './findings.js';
import { demoLocations } from './locations.js';
import { demoOrganizations, type Tenant } from './organizations.js';
import { demoPatients } from './patients.js';
import { planCases } from './plan.js';
import { demoPractitionerRoles } from './practitioner-roles.js';
import { demoPractitioners } from './practitioners.js';
import { labReportsOf, studiesOf } from './reports.js';
import { specimensOf } from './specimens.js';

export { DEMO_COUNTS, DEMO_PATIENT } from './counts.js';
export { DEMO_ORGANIZATIONS } from './organizations.js';

export interface DemoResource {
  /** The tenant. */
  readonly organization: string;
  readonly resource: Resource;
}

/**
 * A year of two tenants, invented: the same resources in every run. Each comes after those that it refers to; first the
 * directory and the patients, then case by case. `base` is the URL of the FHIR server, which local codes begin with.
 */
export async function* demoResources(base: string): AsyncGenerator<DemoResource> {
  yield* demoOrganizations();
  yield* demoLocations();
  yield* demoPractitioners();
  yield* demoPractitionerRoles();
  yield* demoPatients();
  const codes = localCodes(base);
  for (const plan of planCases()) {
    const demoCase = makeCase(plan, codes);
    for (const organization of plan.tenants)
      for await (const resource of resourcesOf(demoCase, organization, codes)) yield { organization, resource };
  }
}

async function* resourcesOf(demoCase: Case, tenant: Tenant, codes: LocalCodes): AsyncGenerator<Resource> {
  yield encounterOf(demoCase, tenant, codes);
  yield* specimensOf(demoCase, tenant);
  yield* observationsOf(demoCase, tenant);
  yield* labReportsOf(demoCase, tenant);
  yield* communicationsOf(demoCase, tenant);
  yield* documentsOf(demoCase, tenant);
  yield* notesOf(demoCase, tenant);
  yield* studiesOf(demoCase, tenant);
}
