import assert from 'node:assert/strict';
import { Failures } from '../../src/limits/failures.js';
import type { Limit } from '../../src/limits/rules.js';
import { basic, forgive } from '../support/oauth.js';
import { start, type Server } from '../support/server.js';
import { person } from '../support/users.js';

/** What SMART section 4 says of one error of one endpoint. */
export interface Cell {
  readonly when: string;
  readonly path: string;
  readonly method?: string;
  readonly form?: Record<string, string> | [string, string][];
  readonly json?: unknown;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** What makes it so, and what undoes that. */
  readonly given?: () => Promise<undefined> | (() => void);
  readonly status: number;
  /** `error` of OAuth, `code` of JSON routes, the code of an OperationOutcome. */
  readonly says: string | undefined;
  readonly challenge?: string | undefined;
  readonly retry?: boolean;
}

export type Cells = () => Cell[] | Promise<Cell[]>;

interface Secret {
  readonly id: string;
  readonly secret: string;
}

/** Who is there to ask, and what can be made to fail. */
export interface Place {
  readonly server: Server;
  /** A client that may introspect, an app with users, and a client that may nothing more. */
  readonly key: Secret;
  readonly app: Secret;
  readonly plain: Secret;
  readonly email: string;
  /** The Authorization of an access token. */
  readonly bearer: (each: Secret) => Promise<Record<string, string>>;
  /** As if the tests' own address had failed as often as it may; it is written in one way or the other. */
  readonly failed: (limit: (ip: string) => Limit) => Promise<undefined>;
  /** The database fails, until the answer is undone. */
  readonly noDatabase: (code: string) => () => () => void;
}

/** Makes a test of each row of the table. The cells are asked for when everybody is there. */
export function testCells(rows: (place: Place) => Record<string, Cells>, names: readonly string[]): void {
  let place: Place;
  before(async () => (place = await begin()));
  after(() => place.server.stop());
  for (const name of names)
    it(`SMART 4: ${name}`, async () => {
      const cells = await (rows(place)[name] as Cells)();
      assert.ok(cells.length > 0);
      for (const cell of cells) {
        await forgive(place.server);
        await check(place.server, cell).catch((cause: unknown) => {
          throw new Error(`${name}, ${cell.when}: ${String(cause)}`, { cause });
        });
      }
    });
}

async function begin(): Promise<Place> {
  const server = await start();
  const { own, now } = server.portico;
  return {
    server,
    key: await server.credential({ canIntrospect: true }),
    app: await server.credential({ kind: 'app', scopeCeiling: 'patient/*.rs' }),
    plain: await server.credential({}),
    email: (await person(server)).email,
    bearer: async (each) => {
      const body = new URLSearchParams({ grant_type: 'client_credentials' });
      const answer = await fetch(`${server.url}/oauth/token`, { method: 'POST', headers: basic(each), body });
      return { authorization: `Bearer ${String((await answer.json()).access_token)}` };
    },
    failed: async (limit) => {
      const failures = new Failures(own, now);
      for (const [name, rule] of ['127.0.0.1', '::1'].map(limit))
        for (let index = 0; index < rule.failures; index++) await failures.count([name, rule]);
    },
    noDatabase: (code) => () => {
      const before = { ...own };
      own.objects = () => Promise.reject(Object.assign(new Error('secret detail'), { code }));
      return () => void Object.assign(own, before);
    },
  };
}

function ask({ url }: Server, { path, method = 'POST', form, json, body, headers = {} }: Cell): Promise<Response> {
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  const sent = form ? new URLSearchParams(form) : json === undefined ? body : JSON.stringify(json);
  return fetch(`${url}${path}`, {
    method,
    headers: { ...type, ...headers },
    ...(sent !== undefined && { body: sent }),
  });
}

async function check(server: Server, cell: Cell): Promise<void> {
  const undo = await cell.given?.();
  const answer = await ask(server, cell).finally(() => undo?.());
  const { status, headers } = answer;
  const text = await answer.text();
  assert.equal(status, cell.status, text);
  assert.equal(headers.get('www-authenticate') ?? undefined, cell.challenge);
  assert.equal(headers.has('retry-after'), cell.retry ?? false, 'Retry-After');
  assert.equal(headers.has('allow'), status === 405, 'Allow');
  assert.doesNotMatch(text, /secret detail|Zzcanary/);
  const said = JSON.parse(text);
  if (/^\/oauth\/(token|introspect|revoke)/.test(cell.path)) {
    assert.deepEqual([headers.get('cache-control'), headers.get('pragma')], ['no-store', 'no-cache']);
    assert.deepEqual(Object.keys(said as object).sort(), ['error', 'error_description']);
  }
  const isFhir = said.resourceType === 'OperationOutcome';
  assert.equal(isFhir ? said.issue[0].details.coding[0].code : (said.code ?? said.error), cell.says);
}
