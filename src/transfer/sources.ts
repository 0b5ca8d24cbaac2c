import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';

/** A text that holds one resource or one Bundle, and where it stood. */
export interface Item {
  /** File and, of NDJSON, line: what a report names. */
  readonly origin: string;
  readonly text: string;
}

/** Reads a file, a folder or a FHIR package: .json, .xml, .ndjson and .tgz, folders in the order of their names. */
export async function* readItems(path: string): AsyncGenerator<Item> {
  const info = await stat(path);
  if (!info.isDirectory()) {
    yield* readOne(path, path);
    return;
  }
  for (const name of (await readdir(path, { recursive: true })).sort()) {
    const file = join(path, name);
    if (readable.has(extname(file)) && (await stat(file)).isFile()) yield* readOne(file, relative(path, file));
  }
}

const readable = new Set(['.json', '.xml', '.ndjson', '.tgz']);

async function* readOne(file: string, origin: string): AsyncGenerator<Item> {
  switch (extname(file)) {
    case '.ndjson':
      yield* readLines(file, origin);
      return;
    case '.tgz':
    case '.gz':
      yield* readPackage(file);
      return;
    default:
      yield { origin, text: await readFile(file, 'utf8') };
  }
}

async function* readLines(file: string, origin: string): AsyncGenerator<Item> {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity });
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text.trim() !== '') yield { origin: `${origin}:${String(number)}`, text };
  }
}

/** Files of a package that describe it and are no resources. */
const bookkeeping = /(^|\/)(package\.json|\.index\.json|\.index\.db)$|\/openapi\/|\/xml\/|\/other\//;

/** A FHIR package (https://hl7.org/fhir/packages.html): what lies in it is unpacked in memory, one file at a time. */
async function* readPackage(file: string): AsyncGenerator<Item> {
  const found: Item[] = [];
  const parser = new Parser({
    // What is cut off or is no archive is an error, and not an empty package.
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      if (entry.type !== 'File' || extname(entry.path) !== '.json' || bookkeeping.test(entry.path)) {
        entry.resume();
        return;
      }
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => found.push({ origin: entry.path, text: Buffer.concat(chunks).toString('utf8') }));
    },
  });
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    parser.on('end', () => resolve());
    parser.on('error', (error: Error) => {
      failure ??= error;
      resolve();
    });
  });
  const unzipped = createGunzip();
  // Its errors are those of the last stream, which is read here.
  pipeline(createReadStream(file), unzipped, () => undefined);
  for await (const chunk of unzipped) {
    parser.write(chunk as Buffer);
    if (failure) throw failure;
    yield* found.splice(0);
  }
  parser.end();
  await ended;
  if (failure) throw failure;
  yield* found.splice(0);
}
