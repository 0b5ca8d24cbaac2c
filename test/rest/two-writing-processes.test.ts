import assert from 'node:assert/strict';
import { createOrg } from '../../src/auth/orgs.js';
import { createCredential } from '../../src/auth/store.js';
import { openDatabase, type Database } from '../../src/store/database.js';
import { Client, type Answer } from '../support/client.js';
import { startProcesses, type Processes } from '../support/process.js';
import { TENANT } from '../support/server.js';

const patient = (elements: object): object => ({ resourceType: 'Patient', ...elements });

describe('rest: two processes that write to one database', function () {
  this.timeout(60_000);
  let processes: Processes;
  let own: Database;
  let clients: Client[];

  before(async () => {
    processes = await startProcesses(2);
    own = await openDatabase(processes.databaseUrl);
    await createOrg(own, TENANT, 'One', Date.now(), { plan: 'custom', perMinute: 100_000, burst: 10_000 });
    const made = { tenant: TENANT, kind: 'client', name: 'x', scopeCeiling: 'system/*.cruds' } as const;
    const credential = await createCredential(own, made, Date.now());
    const { token } = await Client.login(processes.urls[0]!, credential);
    clients = processes.urls.map((url) => new Client(url, token));
  });
  after(async () => {
    await own.close();
    await processes.stop();
  });

  const all = (count: number, send: (client: Client, index: number) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => send(clients[index % 2]!, index)));

  it('REST 58: of updates with the same If-Match over both, exactly one succeeds', async () => {
    const [one] = clients;
    await one!.send('PUT', 'Patient/p', patient({ id: 'p' }));
    const answers = await all(16, (client, index) =>
      client.send('PUT', 'Patient/p', patient({ id: 'p', name: [{ family: `n${String(index)}` }] }), {
        'if-match': 'W/"1"',
      }),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 15 }, () => 412)]);
    for (const client of clients) assert.equal((await client.get('Patient/p')).body.meta.versionId, '2');
  });

  it('REST 58: of creates with the same If-None-Exist over both, alone and in transactions, exactly one creates', async () => {
    const value = 'identifier=urn:oid:2.999|raced';
    const sent = patient({ identifier: [{ system: 'urn:oid:2.999', value: 'raced' }] });
    const entry = [{ resource: sent, request: { method: 'POST', url: 'Patient', ifNoneExist: value } }];
    const answers = await all(16, (client, index) =>
      index % 4 < 2
        ? client.send('POST', 'Patient', sent, { 'if-none-exist': value })
        : client.send('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }),
    );
    const created = answers.filter(
      ({ status, body }) => status === 201 || body.entry?.[0].response.status === '201 Created',
    );
    assert.equal(created.length, 1);
    for (const { status } of answers) assert.ok([200, 201, 409].includes(status), String(status));
    for (const client of clients) assert.equal((await client.get(`Patient?${value}&_summary=count`)).body.total, 1);
  });

  it('REST 58: what one process wrote is what the other reads, searches and replaces', async () => {
    const [one, two] = clients as [Client, Client];
    const made = await one.send('POST', 'Patient', patient({ name: [{ family: 'Seen' }], photo: [{ title: 'x' }] }));
    const path = `Patient/${String(made.body.id)}`;
    assert.equal((await two.get(path)).text, made.text);
    assert.deepEqual(await two.ids('Patient?family=Seen'), [made.body.id]);
    assert.equal((await two.send('PUT', path, { ...made.body, gender: 'male' })).status, 200);
    assert.equal((await one.get(path)).body.gender, 'male');
    assert.equal((await two.remove(path)).status, 204);
    assert.equal((await one.get(path)).status, 410);
    assert.deepEqual(await one.ids('Patient?family=Seen'), []);
  });
});
