import assert from 'node:assert/strict';
import { coded, observation, patient } from '../search/resources.js';
import { Client, type Answer } from '../support/client.js';
import { start, type Server } from '../support/server.js';

const JSON_PATCH = { 'content-type': 'application/json-patch+json' };

describe('rest: patch as a write', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  const part = (name: string, value: object): object => ({ name, ...value });
  const operation = (type: string, path: string): object => ({
    name: 'operation',
    part: [part('type', { valueCode: type }), part('path', { valueString: path })],
  });

  it('REST 23, 25: a patch takes If-Match and Prefer, and finds what is there', async () => {
    const add = (gender: string): object[] => [{ op: 'add', path: '/gender', value: gender }];
    await client.send('PUT', 'Patient/matched', patient('matched'));
    const path = 'Patient/matched';
    const patch = (headers: Record<string, string>, gender = 'male'): Promise<Answer> =>
      client.send('PATCH', path, add(gender), { ...JSON_PATCH, ...headers });
    assert.equal((await patch({ 'if-match': 'W/"9"' })).status, 412);
    const minimal = await patch({ 'if-match': 'W/"1"', prefer: 'return=minimal' });
    assert.equal(minimal.status, 200);
    assert.equal(minimal.text, '');
    assert.equal(minimal.headers.get('etag'), 'W/"2"');
    assert.equal((await patch({})).headers.get('etag'), 'W/"2"', 'nothing was changed');
    assert.equal((await client.send('PATCH', 'Patient/never', add('male'), JSON_PATCH)).status, 404);
    await client.remove(path);
    assert.equal((await patch({})).status, 410);
    assert.equal((await client.send('PATCH', 'Patient/matched?x=1', add('male'), JSON_PATCH)).status, 400);
    const typed = { 'content-type': 'application/merge-patch+json' };
    assert.equal((await client.send('PATCH', path, {}, typed)).status, 415);
  });

  it('REST 28: a patch by criteria changes the one that they find', async () => {
    const of = (value: string): object => ({ identifier: [{ system: 'urn:oid:2.999', value }] });
    await client.send('PUT', 'Patient/c1', patient('c1', of('one')));
    for (const id of ['c2', 'c3']) await client.send('PUT', `Patient/${id}`, patient(id, of('many')));
    const patch = (criteria: string): Promise<Answer> =>
      client.send('PATCH', `Patient?${criteria}`, [{ op: 'add', path: '/gender', value: 'other' }], JSON_PATCH);
    assert.equal((await patch('identifier=urn:oid:2.999|one')).body.id, 'c1');
    assert.equal((await patch('identifier=urn:oid:2.999|many')).status, 412);
    assert.equal((await patch('identifier=urn:oid:2.999|none')).status, 404);
    assert.equal((await patch('nonsense=1')).status, 400);
    assert.equal((await patch('')).status, 400);
  });

  it('REST 58: patches at the same time are all applied, or told to try again', async () => {
    await client.send('PUT', 'Patient/list', patient('list', { name: [{ family: 'x' }] }));
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        client.send(
          'PATCH',
          'Patient/list',
          [{ op: 'add', path: '/name/-', value: { family: `n${String(index)}` } }],
          JSON_PATCH,
        ),
      ),
    );
    const done = answers.filter(({ status }) => status === 200).length;
    for (const { status } of answers) assert.ok(status === 200 || status === 409);
    assert.equal((await client.get('Patient/list')).body.name.length, 1 + done);
  });

  it('THREAT 52: a patch stays within what its token opens, and tells nothing of what it may not read', async () => {
    const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
    const of = (subject: string, category: string): object => ({
      ...{ subject: { reference: `Patient/${subject}` }, category: [coded(CATEGORY, category)] },
    });
    await server.save([patient('a'), patient('b')]);
    await server.save([
      observation('a-vital', of('a', 'vital-signs')),
      observation('b-vital', of('b', 'vital-signs')),
      observation('a-lab', of('a', 'laboratory')),
    ]);
    const status = [{ op: 'replace', path: '/status', value: 'amended' }];
    const move = [{ op: 'replace', path: '/subject/reference', value: 'Patient/b' }];
    const relabel = [{ op: 'replace', path: '/category/0/coding/0/code', value: 'laboratory' }];
    const credential = await server.credential({ patient: 'a', scopeCeiling: 'apiv2 system/*.cruds' });
    for (const scope of [
      'patient/*.cruds',
      'apiv2',
      `patient/Observation.cruds?category=${CATEGORY}|vital-signs`,
      'system/vitals.write',
    ]) {
      const pinned = await Client.login(server.url, credential, scope);
      const patch = (id: string, operations: object[]): Promise<Answer> =>
        pinned.send('PATCH', `Observation/${id}`, operations, JSON_PATCH);
      const unknown = (await patch('unknown', status)).text;
      assert.equal((await patch('b-vital', status)).text, unknown, scope);
      assert.equal((await patch('a-vital', move)).status, 403, scope);
      const narrow = scope.includes('?') || scope.includes('vitals');
      assert.equal((await patch('a-vital', relabel)).status, narrow ? 403 : 200, scope);
      if (narrow) assert.equal((await patch('a-lab', status)).text, unknown, scope);
      else await client.send('PUT', 'Observation/a-vital', observation('a-vital', of('a', 'vital-signs')));
      assert.equal((await patch('a-vital', status)).status, 200, scope);
    }
    const blind = await server.client('system/Observation.u');
    const send = (operations: object, headers: Record<string, string> = JSON_PATCH): Promise<Answer> =>
      blind.send('PATCH', 'Observation/a-vital', operations, headers);
    const answer = await send([{ op: 'replace', path: '/status', value: 'final' }]);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, '');
    assert.equal((await send([{ op: 'test', path: '/status', value: 'final' }])).status, 403);
    const asking = operation('delete', "Observation.code.coding.where(code = 'x')");
    assert.equal((await send({ resourceType: 'Parameters', parameter: [asking] }, {})).status, 403);
    const reader = await server.client('system/Observation.rs');
    assert.equal((await reader.send('PATCH', 'Observation/a-vital', status, JSON_PATCH)).status, 403);
    assert.deepEqual(server.alarms, []);
  });
});
