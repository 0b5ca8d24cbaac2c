import { writeCursor } from '../../src/rest/cursor.js';
import { openDatabase } from '../../src/store/database.js';
import { deriveKey } from '../../src/store/seal.js';
import type { Data } from './data.js';
import type { Measurement } from './measurements.js';
import { compare } from './rounds.js';
import { TENANT } from './templates.js';

/** A page far down the longest patient's list beside the first one, both from the cache: what is left is finding them. */
export const deepPage = (longest: number): Measurement => ({
  bars: [
    {
      name: `page at 90 % of a patient of ${String(longest)} rows over the first: time`,
      bar: '<= 1.2',
      stretch: '<= 1.1',
    },
  ],
  measure: async ({ servers, loads, effort, data }) => {
    const server = await servers.portico(data);
    const params = [
      ['patient', 'Patient/p0'],
      ['_sort', '-date'],
      ['_count', '20'],
    ] as const;
    const key = deriveKey(data.environment['PORTICO_SECRET'] as string, 'cursors');
    const access = { tenant: TENANT, credential: server.credential, kind: 'client', grants: [] };
    const position = { direction: 'after' as const, row: await rowAt(data, 0.9) };
    const cursor = writeCursor(key, access, 'Observation', { params, position });
    const at = (path: string) => ({ server, requests: [server.request(path)] });
    const first = at('Observation?patient=p0&_sort=-date&_count=20');
    const found = await compare(loads[0], at(`Observation?_cursor=${cursor}`), first, effort);
    return [1 / found.rate];
  },
});

async function rowAt({ environment, longest }: Data, part: number): Promise<{ keys: number[]; id: string }> {
  const db = await openDatabase(environment['PORTICO_DATABASE_URL'] as string);
  try {
    const [row] = await db.arrays(
      `select effective_start, id from observation where organization_id = ? and patient_id = 'p0'
        order by effective_start desc, id desc limit 1 offset ?`,
      [TENANT, Math.floor(longest * part)],
    );
    const [at, id] = row as [number, string];
    return { keys: [at], id };
  } finally {
    await db.close();
  }
}
