import assert from 'node:assert/strict';
import { Client, type Answer } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const SYSTEM = 'urn:oid:2.999';
const patient = (value: string, elements: object = {}): object => ({
  resourceType: 'Patient',
  identifier: [{ system: SYSTEM, value }],
  ...elements,
});
const by = (value: string): string => `identifier=${SYSTEM}|${value}`;
const code = ({ body }: Answer): string => body.issue[0].details.coding[0].code as string;

describe('rest: conditional create, update and delete', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([patient('two', { id: 'two-1' }), patient('two', { id: 'two-2' })]);
  });
  after(() => server.stop());

  const create = (value: string, criteria: string, from: Client = client): Promise<Answer> =>
    from.send('POST', 'Patient', patient(value), { 'if-none-exist': criteria });
  const idOf = ({ headers }: Answer): string => /Patient\/([^/]+)/.exec(headers.get('location') ?? '')![1]!;

  it('REST 26: a create with If-None-Exist creates what is not there, and else says where it is', async () => {
    const made = await create('one', by('one'));
    assert.equal(made.status, 201);
    for (const criteria of [by('one'), `?${by('one')}`, `Patient?${by('one')}`, `identifier=${SYSTEM}%7Cone`]) {
      const again = await create('one', criteria);
      assert.equal(again.status, 200, criteria);
      assert.equal(again.headers.get('location'), made.headers.get('location'));
      assert.equal(again.headers.get('etag'), 'W/"1"');
      assert.equal(again.body.id, idOf(made));
    }
    const many = await create('two', by('two'));
    assert.equal(many.status, 412);
    assert.equal(code(many), 'ambiguous-match');
    assert.equal((await client.get(`Patient?${by('one')}&_summary=count`)).body.total, 1);
  });

  it('REST 26, 32: criteria are read strictly, whatever the client prefers, and there must be some', async () => {
    for (const criteria of [
      '',
      '?',
      'nonsense=1',
      `${by('x')}&nonsense=1`,
      '_count=1',
      `${by('x')}&_sort=_id`,
      'birthdate=x',
      'identifier=',
    ]) {
      const headers = { prefer: 'handling=lenient', 'if-none-exist': criteria };
      assert.equal((await client.send('POST', 'Patient', patient('x'), headers)).status, 400, criteria);
      const { 'if-none-exist': _none, ...lenient } = headers;
      assert.equal((await client.send('PUT', `Patient?${criteria}`, patient('x'), lenient)).status, 400, criteria);
      assert.equal((await client.remove(`Patient?${criteria}`, lenient)).status, 400, criteria);
    }
    assert.equal((await client.send('PUT', 'Patient', patient('x'))).status, 400);
    assert.equal((await client.remove('Patient')).status, 400);
  });

  it('REST 27: an update by criteria replaces the one that they find, or creates', async () => {
    const made = await client.send('PUT', `Patient?${by('three')}`, patient('three'));
    assert.equal(made.status, 201);
    const id = idOf(made);
    const changed = await client.send('PUT', `Patient?${by('three')}`, patient('three', { gender: 'male' }));
    assert.equal(changed.status, 200);
    assert.equal(changed.body.id, id);
    assert.equal(changed.body.meta.versionId, '2');
    assert.equal((await client.send('PUT', `Patient?${by('three')}`, patient('three', { id }))).status, 200);
    assert.equal((await client.send('PUT', `Patient?${by('three')}`, patient('three', { id: 'else' }))).status, 400);
    assert.equal((await client.send('PUT', `Patient?${by('two')}`, patient('two'))).status, 412);
    const chosen = await client.send('PUT', `Patient?${by('four')}`, patient('four', { id: 'chosen' }));
    assert.equal(chosen.status, 201);
    assert.equal(idOf(chosen), 'chosen');
    const stale = { 'if-match': 'W/"1"' };
    assert.equal((await client.send('PUT', `Patient?${by('three')}`, patient('three'), stale)).status, 412);
    assert.equal((await client.send('PUT', `Patient?${by('new')}`, patient('new'), stale)).status, 412);
    assert.equal((await client.get(`Patient?${by('new')}&_summary=count`)).body.total, 0);
  });

  it('REST 28: a delete by criteria deletes the one that they find, and never several', async () => {
    const made = await create('five', by('five'));
    assert.equal((await client.remove(`Patient?${by('five')}`)).status, 204);
    assert.equal((await client.get(`Patient/${idOf(made)}`)).status, 410);
    assert.equal((await client.remove(`Patient?${by('five')}`)).status, 204);
    const many = await client.remove(`Patient?${by('two')}`);
    assert.equal(many.status, 412);
    assert.equal((await client.get(`Patient?${by('two')}&_summary=count`)).body.total, 2);
  });

  it('REST 58: of creates at the same time with the same If-None-Exist exactly one creates', async () => {
    const answers = await Promise.all(Array.from({ length: 16 }, () => create('raced', by('raced'))));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array.from({ length: 15 }, () => 200), 201]);
    assert.equal(new Set(answers.map(idOf)).size, 1);
    const updates = await Promise.all(
      Array.from({ length: 8 }, () => client.send('PUT', `Patient?${by('put')}`, patient('put'))),
    );
    assert.equal(updates.filter(({ status }) => status === 201).length, 1);
    assert.equal((await client.get(`Patient?${by('put')}&_summary=count`)).body.total, 1);
  });

  it('THREAT 47, 52: criteria find what the token opens and nothing else, and need s', async () => {
    const other = await server.client(undefined, OTHER_TENANT);
    assert.equal((await create('one', by('one'), other)).status, 201);
    const credential = await server.credential({ patient: 'two-1', scopeCeiling: 'patient/*.cruds' });
    const pinned = await Client.login(server.url, credential);
    const [hidden, unknown] = [by('one'), by('nobody')];
    for (const criteria of [hidden, unknown]) {
      assert.equal((await create('x', criteria, pinned)).status, 403, 'another patient is not created');
      assert.equal((await pinned.send('PUT', `Patient?${criteria}`, patient('x'))).status, 403);
      assert.equal((await pinned.send('PUT', `Patient?${criteria}`, patient('x', { id: 'y' }))).status, 404);
      assert.equal((await pinned.remove(`Patient?${criteria}`)).status, 204);
    }
    assert.equal((await client.get(`Patient?${by('one')}&_summary=count`)).body.total, 1, 'nothing was deleted');
    const own = await pinned.send('PUT', `Patient?${by('two')}`, patient('two', { gender: 'other' }));
    assert.equal(own.status, 200, 'it finds its own alone');
    assert.equal(own.body.id, 'two-1');
    const silent = await server.client('system/Patient.crud');
    assert.equal((await create('one', by('one'), silent)).status, 403);
    assert.equal((await silent.send('PUT', `Patient?${by('one')}`, patient('one'))).status, 403);
    assert.equal((await silent.remove(`Patient?${by('one')}`)).status, 403);
    for (const letters of ['rs', 'us', 'cs', 'ds']) {
      const some = await server.client(`system/Patient.${letters}`);
      assert.equal((await some.remove(`Patient?${by('nobody')}`)).status, letters.includes('d') ? 204 : 403, letters);
      assert.equal((await create('one', by('one'), some)).status, letters.includes('c') ? 200 : 403, letters);
    }
  });
});
