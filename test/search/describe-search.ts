import assert from 'node:assert/strict';
import { matches, type Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';

/** A query, and the ids that it finds, sorted and joined by spaces; or `400 code` where it is refused. */
export type Case = readonly [query: string, ids: string];

/** What searches of one type find among a few rows. A group is one test, which shows everything that went wrong in it. */
export function describeSearch(
  title: string,
  type: string,
  rows: readonly object[],
  groups: Readonly<Record<string, readonly Case[]>>,
): void {
  describe(title, () => {
    let server: Server;
    let client: Client;

    before(async () => {
      server = await start();
      client = await server.client();
      await server.save(rows);
    });
    after(() => server.stop());

    for (const [name, cases] of Object.entries(groups))
      it(name, async () => {
        const found: Case[] = [];
        for (const [query] of cases) found.push([query, await answer(client, `${type}?${query}`)]);
        assert.deepEqual(Object.fromEntries(found), Object.fromEntries(cases));
      });
  });
}

async function answer(client: Client, path: string): Promise<string> {
  const { status, body } = await client.get(path);
  if (status !== 200) return `${String(status)} ${codeOf(body)}`;
  return matches(body)
    .map(({ id }) => id as string)
    .sort()
    .join(' ');
}

/** Portico's own code of the first issue of an OperationOutcome. */
export const codeOf = (outcome: any): string => outcome.issue[0].details.coding[0].code as string;
