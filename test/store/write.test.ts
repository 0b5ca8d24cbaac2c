import assert from 'node:assert/strict';
import { asSystem } from '../../src/access/narrow.js';
import { OutcomeError } from '../../src/outcome.js';
import type { Author } from '../../src/store/history.js';
import type { Planned } from '../../src/store/write.js';
import type { Client } from '../support/client.js';
import { start, TENANT, type Server } from '../support/server.js';

const patient = (id: string, more: object = {}): any => ({
  resourceType: 'Patient',
  id,
  name: [{ family: 'Rowe' }],
  ...more,
});

const observation = (id: string, more: object = {}): any => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'urn:oid:1.2.3', code: 'first' }] },
  subject: { reference: 'Patient/p' },
  effectiveDateTime: '2026-01-01',
  ...more,
});

describe('store/write: the one write path', () => {
  let server: Server;
  let client: Client;
  let clock = Date.UTC(2026, 0, 1);

  before(async () => {
    server = await start({ now: () => clock });
    client = await server.client();
  });
  after(() => server.stop());

  const plan = (resource: any, author: Author = {}): Promise<Planned> => {
    const { registry, writer } = server.portico;
    const declared = registry.get(resource.resourceType);
    assert.ok(writer && declared);
    return writer.planSave(
      declared,
      { resource, literals: [] },
      asSystem(TENANT, 'check'),
      author,
      resource.id as string,
    );
  };
  const commit = async (...planned: Planned[]): Promise<void> => server.portico.writer?.commit(planned);
  const save = async (resource: any, author?: Author): Promise<Planned> => {
    const planned = await plan(resource, author);
    await commit(planned);
    return planned;
  };
  const remove = async (type: string, id: string): Promise<Planned> => {
    const { registry, writer } = server.portico;
    const declared = registry.get(type);
    assert.ok(writer && declared);
    const planned = await writer.planDelete(declared, id, asSystem(TENANT, 'check'), {});
    await commit(planned);
    return planned;
  };
  const rows = async (table: string, id: string, order = 'version'): Promise<any[]> =>
    server.portico.own.objects(
      `select * from ${table} where ${table === 'outbox' ? 'resource_id' : 'id'} = '${id}' order by ${order}`,
      [],
    );

  it('creates, updates, and leaves alone what would read the same', async () => {
    assert.equal((await save(patient('a'))).outcome, 'created');
    assert.equal((await save(patient('a'))).outcome, 'unchanged');
    assert.equal((await save(patient('a', { gender: 'female' }))).outcome, 'updated');
    assert.equal((await save(patient('a', { gender: 'female', meta: { versionId: '7' } }))).outcome, 'unchanged');
    assert.equal((await save(patient('a', { gender: 'female', maritalStatus: { text: 'x' } }))).outcome, 'updated');
    const { body } = await client.get('Patient/a');
    assert.equal(body.meta.versionId, '3');
  });

  it('records each version with its author and its text, of which the current one may be sent, and tells the outbox', async () => {
    await save(patient('b'), { credential: 'cred', user: 'nurse' });
    await save(patient('b', { gender: 'male' }), { user: 'doctor', onBehalfOf: 'Organization/x' });
    const history = await rows('history', 'b');
    assert.deepEqual(
      history.map((each) => [each.version, each.method, each.credential_id, each.user_id, each.on_behalf_of]),
      [
        [1, 'POST', 'cred', 'nurse', null],
        [2, 'PUT', null, 'doctor', 'Organization/x'],
      ],
    );
    assert.equal(JSON.parse(history[0].body).gender, undefined);
    assert.equal(JSON.parse(history[0].body).meta.versionId, '1');
    assert.equal(history[1].body, (await client.get('Patient/b')).text);
    assert.deepEqual(
      history.map(({ edition }) => edition !== null),
      [false, true],
    );
    assert.deepEqual(
      (await rows('outbox', 'b')).map((each) => [each.type, each.version, each.method, each.patient_id]),
      [
        ['Patient', 1, 'POST', 'b'],
        ['Patient', 2, 'PUT', 'b'],
      ],
    );
    const { body } = await client.get('Patient/b/_history/1');
    assert.equal(body.gender, undefined);
  });

  it('a reference by a URL of this server is one to the row that it names', async () => {
    const subject = { reference: `${server.base}/Patient/p` };
    await save(observation('by-url', { subject, code: { coding: [{ code: 'x' }, { code: 'by-url' }] } }));
    assert.deepEqual(await client.ids('Observation?patient=p&code=by-url'), ['by-url']);
    assert.deepEqual((await client.get('Observation/by-url')).body.subject, subject);
  });

  it('an unchanged write leaves no trace', async () => {
    await save(patient('quiet'));
    await save(patient('quiet'));
    assert.equal((await rows('history', 'quiet')).length, 1);
    assert.equal((await rows('outbox', 'quiet')).length, 1);
  });

  it('replaces what the overflow index holds of a row', async () => {
    const second = (code: string) => ({
      code: { coding: [{ system: 'urn:oid:1.2.3', code: 'first' }, { code }] },
    });
    await save(observation('o', second('old')));
    assert.deepEqual(await client.ids('Observation?code=old'), ['o']);
    await save(observation('o', second('new')));
    assert.deepEqual(await client.ids('Observation?code=old'), []);
    assert.deepEqual(await client.ids('Observation?code=new'), ['o']);
    await save(observation('o'));
    assert.deepEqual(await client.ids('Observation?code=new'), []);
    assert.equal((await rows('overflow', 'o', 'param')).length, 0);
  });

  it('of two writers that saw the same version, one wins and the other is told', async () => {
    await save(patient('c'));
    const [one, other] = await Promise.all([
      plan(patient('c', { gender: 'male' })),
      plan(patient('c', { gender: 'female' })),
    ]);
    const results = await Promise.allSettled([commit(one), commit(other)]);
    const lost = results.filter((each) => each.status === 'rejected');
    assert.equal(lost.length, 1);
    assert.ok(lost[0]?.reason instanceof OutcomeError);
    assert.equal(lost[0].reason.status, 412);
    const { body } = await client.get('Patient/c');
    assert.equal(body.meta.versionId, '2');
    assert.equal((await rows('history', 'c')).length, 2, 'the loser wrote nothing');
    assert.equal((await rows('outbox', 'c')).length, 2);
  });

  it('of many that create one id at a time, one wins', async () => {
    const planned = await Promise.all(['a', 'b', 'c', 'd'].map((family) => plan(patient('d', { name: [{ family }] }))));
    const results = await Promise.allSettled(planned.map((each) => commit(each)));
    assert.equal(results.filter((each) => each.status === 'fulfilled').length, 1);
    for (const each of results) if (each.status === 'rejected') assert.equal((each.reason as OutcomeError).status, 412);
    assert.equal((await client.get('Patient/d')).body.meta.versionId, '1');
  });

  it('a delete and an update that saw the same version: one wins', async () => {
    await save(patient('e'));
    const update = await plan(patient('e', { gender: 'male' }));
    await remove('Patient', 'e');
    await assert.rejects(commit(update), { status: 412 });
    assert.equal((await client.get('Patient/e')).status, 410);
  });

  it('several plans that are committed together are written together or not at all', async () => {
    await save(patient('f'));
    const stale = await plan(patient('f', { gender: 'male' }));
    await save(patient('f', { gender: 'female' }));
    await assert.rejects(commit(await plan(patient('g')), stale), { status: 412 });
    assert.equal((await client.get('Patient/g')).status, 404);
    assert.equal((await rows('history', 'g')).length, 0);
  });

  it('one plan that fails does no harm to others of its turn', async () => {
    await save(patient('h'));
    const stale = await plan(patient('h', { gender: 'male' }));
    await save(patient('h', { gender: 'female' }));
    const good = await Promise.all(['i', 'j', 'k'].map((id) => plan(patient(id))));
    const results = await Promise.allSettled([good[0], stale, good[1], good[2]].map((each) => commit(each as Planned)));
    assert.deepEqual(
      results.map((each) => each.status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
    for (const id of ['i', 'j', 'k']) assert.equal((await client.get(`Patient/${id}`)).status, 200);
  });

  it('a resource that was deleted goes on with its versions when it comes again', async () => {
    await save(patient('l'));
    assert.equal((await remove('Patient', 'l')).outcome, 'deleted');
    assert.equal((await remove('Patient', 'l')).outcome, 'unchanged');
    assert.equal((await client.get('Patient/l')).status, 410);
    assert.equal((await save(patient('l'))).outcome, 'created');
    assert.equal((await client.get('Patient/l')).body.meta.versionId, '3');
    assert.deepEqual(
      (await rows('history', 'l')).map((each) => [
        each.version,
        each.method,
        each.body !== null,
        each.edition !== null,
      ]),
      [
        [1, 'POST', true, false],
        [2, 'DELETE', false, false],
        [3, 'PUT', true, true],
      ],
    );
    assert.equal((await client.get('Patient/l/_history/2')).status, 410);
    assert.equal((await client.get('Patient/l/_history/1')).status, 200);
  });

  it('lastUpdated grows with every version, whatever the clock does', async () => {
    const times: number[] = [];
    const remember = async (): Promise<void> => {
      const { body } = await client.get('Patient/m');
      times.push(Date.parse(body.meta.lastUpdated));
    };
    await save(patient('m'));
    await remember();
    clock -= 3_600_000;
    await save(patient('m', { gender: 'male' }));
    await remember();
    await remove('Patient', 'm');
    await save(patient('m'));
    await remember();
    clock += 3_600_000;
    const [deletion] = (await rows('history', 'm')).filter((each) => each.method === 'DELETE');
    assert.ok((times[0] as number) < (times[1] as number));
    assert.ok((times[1] as number) < Number(deletion.at));
    assert.ok(Number(deletion.at) < (times[2] as number));
  });

  it('what is not written here is refused: a source that is only read takes nothing', async () => {
    const { registry, writer } = server.portico;
    const declared = registry.get('Patient');
    assert.ok(writer && declared);
    const { write: _write, ...readOnly } = declared;
    const sent = { resource: patient('n'), literals: [] };
    await assert.rejects(writer.planSave(readOnly, sent, asSystem(TENANT, 'check'), {}), { status: 405 });
  });

  it('a source without a column for the rest refuses what it cannot keep, and names each path', async () => {
    const { registry, writer } = server.portico;
    const declared = registry.get('Patient');
    assert.ok(writer && declared);
    const { extra: _extra, ...source } = declared.source;
    const resource = patient('n', {
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' },
      photo: [{ title: 'x' }],
      maritalStatus: { coding: [{ code: 'M' }, { code: 'S' }] },
    });
    const planned = writer.planSave({ ...declared, source }, { resource, literals: [] }, asSystem(TENANT, 'check'), {});
    const error = await planned.then(
      () => assert.fail('it was taken'),
      (refused: unknown) => refused as OutcomeError,
    );
    assert.equal(error.status, 422);
    const paths = error.issues.flatMap((each) => each.expression ?? []).sort();
    assert.deepEqual(paths, ['Patient.maritalStatus', 'Patient.photo', 'Patient.text']);
  });
});
