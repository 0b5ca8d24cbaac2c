import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asSystem } from '../access/narrow.js';
import type { Narrowing, Position, SearchRequest } from '../define/request.js';
import type { RegisteredResource, Registry } from '../registry.js';
import { parse } from '../search/parse.js';
import { readBlob } from '../store/blobs.js';
import type { Database } from '../store/database.js';
import type { Rows } from '../store/rows.js';
import { shorterPage } from '../store/shorter.js';
import { Lines } from './lines.js';

export interface ExportOptions {
  readonly tenant: string;
  readonly registry: Registry;
  readonly rows: Rows;
  /** Where the bytes of documents are; undefined when the source is somebody else's. */
  readonly own: Database | undefined;
  readonly base: string;
  readonly folder: string;
  readonly progress?: (type: string, count: number) => void;
}

/** Resources that are in memory at a time. */
const PAGE = 200;

/** Writes everything that an organization can read as NDJSON, a file a type, and says how many of each. */
export async function exportAll(options: ExportOptions): Promise<Record<string, number>> {
  const { registry, folder } = options;
  await mkdir(folder, { recursive: true });
  const counts: Record<string, number> = {};
  const count = (type: string, more: number): void => void (counts[type] = (counts[type] ?? 0) + more);
  const withBinaries = registry.all().some((resource) => resource.attachments);
  const binaries = withBinaries ? await openFile(folder, 'Binary') : undefined;
  try {
    // The audit trail is no data of the organization's: it has an access of its own. The history stays where it is.
    for (const resource of registry.all())
      if (!resource.source.own && !resource.source.history) await exportType(resource, binaries, count, options);
  } finally {
    await binaries?.close();
  }
  return counts;
}

async function exportType(
  resource: RegisteredResource,
  binaries: Lines | undefined,
  count: (type: string, more: number) => void,
  options: ExportOptions,
): Promise<void> {
  const file = await openFile(options.folder, resource.type);
  let written = 0;
  try {
    count(resource.type, 0);
    for await (const texts of pages(resource, asSystem(options.tenant, 'export'), options)) {
      for (const text of texts) await file.add(text);
      count(resource.type, texts.length);
      if (binaries && resource.attachments) count('Binary', await writeBinaries(binaries, texts, options));
      options.progress?.(resource.type, (written += texts.length));
      // Pages are long for an event loop that also serves.
      await nextTurn();
    }
  } finally {
    await file.close();
  }
}

const openFile = (folder: string, type: string): Promise<Lines> => Lines.open(join(folder, `${type}.ndjson`));

async function* pages(
  resource: RegisteredResource,
  narrowing: Narrowing,
  { registry, rows, base }: ExportOptions,
): AsyncGenerator<string[]> {
  const pairs = [
    ['_sort', '_id'],
    ['_count', String(PAGE)],
  ] as const;
  const request: SearchRequest = parse(resource, pairs, { registry, base, handling: 'strict', now: 0 });
  let position: Position | undefined;
  do {
    const page = await shorterPage(rows, resource, request, narrowing, position);
    if (page.entries.length > 0) yield page.entries.map((entry) => entry.text);
    position = page.more ? page.last : undefined;
  } while (position);
}

async function writeBinaries(file: Lines, texts: readonly string[], { own, tenant }: ExportOptions): Promise<number> {
  let count = 0;
  for (const text of texts)
    for (const [, id] of text.matchAll(/"url":"Binary\/([A-Za-z0-9\-.]{1,64})"/g)) {
      const blob = own && (await readBlob(own, tenant, id as string));
      if (!blob) continue;
      const { contentType, bytes } = blob;
      await file.add(JSON.stringify({ resourceType: 'Binary', id, contentType, data: bytes.toString('base64') }));
      count++;
    }
  return count;
}
