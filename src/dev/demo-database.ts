import type { Reference } from '@medplum/fhirtypes';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createOrg } from '../auth/orgs.js';
import type { Config } from '../config.js';
import { openPortico, type Portico } from '../open.js';
import { openDatabase } from '../store/database.js';
import type { Author } from '../store/history.js';
import { migrate, pending } from '../store/migrate.js';
import { makeFolder } from '../folder.js';
import { importItems } from '../transfer/import.js';
import type { Item } from '../transfer/sources.js';
import { DEMO_ORGANIZATIONS, demoResources } from './demo/index.js';

/** Makes the demo database when it is not there. It gets its name when it is whole: a run that was stopped leaves none. */
export async function makeDemo(file: string, config: Config, say: (text: string) => void): Promise<boolean> {
  if (existsSync(file)) {
    await update(config);
    return false;
  }
  const partial = `${file}.partial`;
  makeFolder(dirname(file));
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
  for (const { id, name, organization } of DEMO_ORGANIZATIONS)
    await createOrg(own, id, name, now(), { plan: 'standard' }, { organization });
  if (!writer) throw new Error('the demo needs a database of its own');
  // The generator goes through organizations in turn; each is an import of its own.
  const inbox = new Map<string, Item[]>(DEMO_ORGANIZATIONS.map(({ id }) => [id, []]));
  let made = 0;
  const flush = async (organization: string): Promise<void> => {
    const items = (inbox.get(organization) ?? []).splice(0);
    const options = { tenant: organization, registry, rows, writer, base, now, trusted: true };
    const report = await importItems(each(items), { ...options, author: writerOf });
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

/** The elements that say who found or wrote something. */
interface Attributed {
  readonly performer?: readonly Reference[];
  readonly author?: readonly Reference[];
  readonly sender?: Reference;
  readonly collection?: { readonly collector?: Reference };
}

/** Whoever found or wrote it, as far as the tenant knows them. */
function writerOf(resource: object): Author {
  const { performer = [], author = [], sender, collection } = resource as Attributed;
  const persons = [...performer, ...author, sender, collection?.collector];
  const agent = persons.map((each) => each?.reference).find((each) => each?.startsWith('Practitioner/'));
  return { user: 'portico demo', ...(agent !== undefined && { agent }) };
}

async function* each(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
