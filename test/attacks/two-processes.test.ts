import assert from 'node:assert/strict';
import { createOrg } from '../../src/auth/orgs.js';
import { rotateKeys } from '../../src/auth/rotation.js';
import { createCredential, revokeCredential } from '../../src/auth/store.js';
import { openDatabase, type Database } from '../../src/store/database.js';
import { Client } from '../support/client.js';
import { asserting, assertion, backend, basic, jwksOf, makeClientKey, post } from '../support/oauth.js';
import { startProcesses, type Processes } from '../support/process.js';
import { TENANT } from '../support/server.js';

describe('attacks/two-processes', function () {
  this.timeout(60_000);
  let processes: Processes;
  let own: Database;
  let portico: any;

  before(async () => {
    processes = await startProcesses(2);
    own = await openDatabase(processes.databaseUrl);
    portico = { own, now: Date.now };
    await createOrg(own, TENANT, 'One', Date.now());
  });
  after(async () => {
    await own.close();
    await processes.stop();
  });

  const made = () =>
    createCredential(own, { tenant: TENANT, kind: 'client', name: 'x', scopeCeiling: 'system/*.rs' }, Date.now());
  const token = async (url: string, each: { id: string; secret: string }) =>
    (await post(`${url}/oauth/token`, { grant_type: 'client_credentials' }, basic(each))).body.access_token as string;
  const search = async (url: string, bearer: string) => (await new Client(url, bearer).get('Patient?_count=1')).status;

  it('THREAT 13: one assertion, forty times at once over both, is good for one token', async () => {
    const key = await makeClientKey('ES384');
    const id = await backend({ portico }, { jwks: jwksOf(key) });
    const text = await assertion({ url: processes.urls[0]!, portico }, id, key);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => post(`${processes.urls[index % 2]!}/oauth/token`, asserting(text))),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    // After thirty of them the client is asked to wait, from this address.
    assert.ok(answers.every(({ status, body }) => status === 200 || /^(invalid_client|slow_down)$/.test(body.error)));
  });

  it('THREAT 11: a deleted credential is dead with the other process on its next request', async () => {
    const [one, two] = processes.urls as [string, string];
    const each = await made();
    const bearer = await token(one, each);
    for (const url of [one, two]) assert.equal(await search(url, bearer), 200);
    await revokeCredential(own, TENANT, each.id, Date.now());
    for (const url of [two, one]) assert.equal(await search(url, bearer), 401);
    assert.equal(await token(two, each), undefined);
  });

  it('THREAT 12: a token that is revoked with one process is dead with the other', async () => {
    const [one, two] = processes.urls as [string, string];
    const each = await made();
    const bearer = await token(one, each);
    assert.equal(await search(two, bearer), 200);
    assert.equal((await post(`${one}/oauth/revoke`, { token: bearer }, basic(each))).status, 200);
    assert.equal(await search(two, bearer), 401);
  });

  it('THREAT 79: a key that one process has never seen is found by the other', async () => {
    const [one, two] = processes.urls as [string, string];
    const each = await made();
    const [kid = ''] = (await rotateKeys(own, 'a secret for tests, which opens nothing', Date.now()))!.kids;
    // As if its ten minutes were over: the process that signs next looks for keys, the other meets an unknown one.
    await (await own.knex())('signing_key').where({ kid }).update({ active_from: Date.now() });
    await new Promise((resolve) => setTimeout(resolve, 5100));
    const bearer = await token(one, each);
    assert.match(Buffer.from(bearer.split('.')[0]!, 'base64url').toString(), new RegExp(kid));
    assert.equal(await search(two, bearer), 200);
  });
});
