import { createOrg, listOrgs } from '../auth/orgs.js';
import { createCredential, liveCredential } from '../auth/store.js';
import type { Portico } from '../open.js';
import { importItems } from '../transfer/import.js';
import type { Item } from '../transfer/sources.js';
import { DEMO_PATIENT } from './demo/index.js';
import { demoPatients } from './demo/patients.js';

/** The record system at the other end of the demo: an organization that knows one of the patients who arrive. */
export interface DemoEhr {
  readonly fhirUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const tenant = 'demo_ehr';

/** The client of the file while it lives; else a new one. */
export async function demoEhr(portico: Portico, known: DemoEhr | undefined): Promise<DemoEhr> {
  const { own, base, now } = portico;
  if (known && (await liveCredential(own, known.clientId, now()))) return known;
  if (!(await listOrgs(own)).some(({ id }) => id === tenant)) await createOrg(own, tenant, 'Demo EHR', now());
  await importPatient(portico);
  const client = { tenant, kind: 'client', name: 'portico watch', scopeCeiling: 'system/*.cruds' } as const;
  const { id, secret } = await createCredential(own, client, now());
  return { fhirUrl: base, clientId: id, clientSecret: secret };
}

/** Their name and their number there; what else is known of them is not this system's. */
async function importPatient({ registry, rows, writer, base, now }: Portico): Promise<void> {
  const found = [...demoPatients()].find(({ resource }) => resource.id === DEMO_PATIENT.id);
  if (!found || !writer) throw new Error('the demo needs its patient and a database of its own');
  const { resourceType, name, birthDate, gender, identifier } = found.resource;
  const patient = { resourceType, id: 'ehr-1', name, birthDate, gender, identifier };
  async function* items(): AsyncGenerator<Item> {
    yield { origin: 'Patient/ehr-1', text: JSON.stringify(patient) };
  }
  const author = { user: 'portico demo' };
  const report = await importItems(items(), { tenant, registry, rows, writer, base, now, author, trusted: true });
  if (report.refused[0]) throw new Error(`the demo data is not sound: ${JSON.stringify(report.refused[0])}`);
}
