// Exports an organization, in pages as the product does or by building it whole in memory, and says what that took.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asSystem } from '../../../dist/src/access/narrow.js';
import { readConfig } from '../../../dist/src/config.js';
import { openPortico } from '../../../dist/src/open.js';
import { parse } from '../../../dist/src/search/parse.js';
import { exportAll } from '../../../dist/src/transfer/export.js';

const [way, tenant, folder] = process.argv.slice(2);
const portico = await openPortico(readConfig(), { cacheBytes: 0, mostCharacters: Infinity });
const { registry, rows, own, base } = portico;
const started = performance.now();
const counts = way === 'pages' ? await exportAll({ tenant, registry, rows, own, base, folder }) : await inMemory();
const seconds = (performance.now() - started) / 1000;
await portico.close();
const resources = Object.values(counts).reduce((sum, count) => sum + count, 0);
process.send({ seconds, resources });
process.disconnect();

/** All resources of a type as one list, then one text, then one write. */
async function inMemory() {
  mkdirSync(folder, { recursive: true });
  const narrowing = asSystem(tenant, 'bench');
  const counts = {};
  // What an export writes: nothing of the audit trail or the history.
  for (const resource of registry.all().filter(({ source }) => !source.own && !source.history)) {
    const request = parse(resource, [['_sort', '_id']], { registry, base, handling: 'strict', now: 0 });
    const { entries } = await rows.find(resource, { ...request, count: 1e9 }, narrowing);
    const text = entries.map((entry) => `${JSON.stringify(JSON.parse(entry.text))}\n`).join('');
    writeFileSync(join(folder, `${resource.type}.ndjson`), text);
    counts[resource.type] = entries.length;
  }
  return counts;
}
