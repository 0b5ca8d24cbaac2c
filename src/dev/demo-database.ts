import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createCredential, liveCredential } from '../auth/store.js';
import { createOrg } from '../auth/orgs.js';
import type { Config } from '../config.js';
import { openPortico, type Portico } from '../main.js';
import { openDatabase } from '../store/database.js';
import { migrate, pending } from '../store/migrate.js';
import { importItems } from '../transfer/import.js';
import type { Item } from '../transfer/sources.js';
import { DEMO_ORGANIZATIONS, DEMO_PATIENT, demoResources } from './demo/index.js';

/** What a newcomer needs to try everything; also written to data/demo-credentials.json. */
export interface DemoCredentials {
  readonly fhirUrl: string;
  readonly tokenUrl: string;
  readonly patient: { readonly id: string; readonly key: string; readonly secret: string };
  readonly organization: { readonly id: string; readonly clientId: string; readonly clientSecret: string };
}

/** Makes the demo database when it is not there. It gets its name when it is whole: a run that was stopped leaves none. */
export async function makeDemo(file: string, config: Config, say: (text: string) => void): Promise<boolean> {
  if (existsSync(file)) {
    await update(config);
    return false;
  }
  const partial = `${file}.partial`;
  mkdirSync(dirname(file), { recursive: true });
  remove(partial);
  rmSync(`${file}.secret`, { force: true });
  const portico = await openPortico({ ...config, databaseUrl: `sqlite:${partial}`, sourceUrl: `sqlite:${partial}` });
  try {
    await migrate(portico.own);
    await fill(portico, say);
  } finally {
    await portico.close();
  }
  // With PORTICO_SECRET there is no file of it.
  if (existsSync(`${partial}.secret`)) renameSync(`${partial}.secret`, `${file}.secret`);
  renameSync(partial, file);
  return true;
}

/** A demo database of an older release is brought up to date. */
async function update(config: Config): Promise<void> {
  const own = await openDatabase(config.databaseUrl);
  try {
    if ((await pending(own)).length > 0) await migrate(own);
  } finally {
    await own.close();
  }
}

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm', '.secret']) rmSync(`${file}${suffix}`, { force: true });
}

async function fill({ own, registry, rows, writer, base, now }: Portico, say: (text: string) => void): Promise<void> {
  for (const { id, name } of DEMO_ORGANIZATIONS) await createOrg(own, id, name, now());
  if (!writer) throw new Error('the demo needs a database of its own');
  // The generator goes through organizations in turn; each is an import of its own.
  const inbox = new Map(DEMO_ORGANIZATIONS.map(({ id }) => [id, [] as Item[]]));
  let made = 0;
  const flush = async (organization: string): Promise<void> => {
    const items = (inbox.get(organization) ?? []).splice(0);
    const options = { tenant: organization, registry, rows, writer, base, now, trusted: true };
    const report = await importItems(each(items), { ...options, author: { user: 'portico demo' } });
    if (report.refused[0]) throw new Error(`the demo data is not sound: ${JSON.stringify(report.refused[0])}`);
    made += report.created;
    say(`Making the demo database: ${made.toLocaleString('en')} resources`);
  };
  for await (const { organization, resource } of demoResources(base)) {
    const items = inbox.get(organization) as Item[];
    items.push({ origin: `${resource.resourceType}/${String(resource.id)}`, text: JSON.stringify(resource) });
    if (items.length >= 500) await flush(organization);
  }
  for (const { id } of DEMO_ORGANIZATIONS) await flush(id);
}

async function* each(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

/** The demo's credentials: those of the file while they live, or new ones. */
export async function readCredentials(portico: Portico, config: Config): Promise<DemoCredentials> {
  const { own, base, now } = portico;
  const file = join('data', 'demo-credentials.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DemoCredentials) : undefined;
  const alive = async (id: string | undefined): Promise<boolean> =>
    id !== undefined && (await liveCredential(own, id, now())) !== undefined;
  const urls = { fhirUrl: base, tokenUrl: `${config.baseUrl}/oauth/token` };
  if (known && (await alive(known.patient.key)) && (await alive(known.organization.clientId))) {
    const current = { ...known, ...urls };
    writeCredentials(file, current);
    return current;
  }
  const tenant = DEMO_PATIENT.organization;
  const portal = {
    tenant,
    kind: 'portal',
    name: 'Demo health app',
    patient: DEMO_PATIENT.id,
    scopeCeiling: 'patient/*.rs',
  } as const;
  const client = { tenant, kind: 'client', name: 'Demo integration', scopeCeiling: 'system/*.cruds' } as const;
  const patient = await createCredential(own, portal, now());
  const organization = await createCredential(own, client, now());
  const made: DemoCredentials = {
    ...urls,
    patient: { id: DEMO_PATIENT.id, key: patient.id, secret: patient.secret },
    organization: { id: tenant, clientId: organization.id, clientSecret: organization.secret },
  };
  writeCredentials(file, made);
  return made;
}

const writeCredentials = (file: string, credentials: DemoCredentials): void =>
  writeFileSync(file, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
