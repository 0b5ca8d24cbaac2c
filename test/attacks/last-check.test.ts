import assert from 'node:assert/strict';
import type { Database } from '../../src/store/database.js';
import { coded, observation, patient } from '../search/resources.js';
import { Client, type Answer } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const categories = 'http://terminology.hl7.org/CodeSystem/observation-category';
const vital = (id: string, who: string) =>
  observation(id, { ...{ subject: { reference: `Patient/${who}` } }, category: [coded(categories, 'vital-signs')] });

/** Every way in which a row leaves. */
const ways = (id: string): string[] => [
  `Observation/${id}`,
  `Observation/${id}/_history/1`,
  'Observation',
  `Observation?_id=${id}&_count=1`,
  `Patient?_revinclude=Observation:patient`,
];

describe('attacks/last-check', () => {
  let server: Server;

  before(async () => {
    server = await start();
    for (const tenant of [TENANT, OTHER_TENANT]) await server.save([patient('a'), patient('b'), patient('c')], tenant);
    await server.save([vital('by-patient', 'a'), vital('by-native', 'a'), vital('by-tenant', 'c')]);
  });
  after(() => server.stop());
  beforeEach(() => server.alarms.splice(0));

  const stopped = (answer: Answer, what: string, label: string): void => {
    assert.equal(answer.status, 500, label);
    assert.equal(answer.body.issue[0].code, 'exception', label);
    assert.ok(!/Patient\/|8893-0|vital/.test(answer.text), answer.text);
    assert.deepEqual(server.alarms.splice(0), [`Observation row left its ${what}`], label);
  };
  /** Changes the column by which rows are selected, and nothing of the resource. */
  const change = async (id: string, values: object): Promise<void> => {
    const knex = await server.portico.source.knex();
    assert.equal(await knex('observation').where({ organization_id: TENANT, id }).update(values), 1);
  };

  for (const cached of [true, false])
    it(`THREAT 41: a row whose patient column is wrong does not leave, ${cached ? 'from' : 'past'} the cache`, async () => {
      const b = await server.portal('b');
      const all = await server.client();
      if (cached) assert.equal((await all.get('Observation/by-patient')).status, 200);
      await change('by-patient', { patient_id: 'b', version: cached ? 1 : 7 });
      for (const path of ways('by-patient').filter(
        (each) => !each.startsWith('Patient') && (cached || !each.includes('_history')),
      ))
        stopped(await b.get(path), 'patient', path);
      assert.equal((await b.get('Observation?_summary=count')).status, 200);
      await change('by-patient', { patient_id: 'a', version: 1 });
      assert.equal((await b.get('Observation/by-patient')).status, 404);
    });

  it('THREAT 41: a row that names two patients, and whose column names one, does not leave', async () => {
    await server.save([
      observation('two', { subject: { reference: 'Patient/b' }, performer: [{ reference: 'Patient/a' }] }),
    ]);
    await change('two', { patient_id: 'b' });
    const b = await server.portal('b');
    stopped(await b.get('Observation/two'), 'patient', 'read');
    await change('two', { patient_id: null });
  });

  it('ELATION 9: a row of another native resource does not leave, when its column was changed behind the cache', async () => {
    const credential = await server.credential({ scopeCeiling: 'apiv2' });
    const reports = await Client.login(server.url, credential, 'system/reports.read system/patients.read');
    assert.equal((await (await server.client()).get('Observation/by-native')).status, 200);
    await change('by-native', { native_resource: 'reports' });
    for (const path of ways('by-native')) stopped(await reports.get(path), 'native resource', path);
    await change('by-native', { native_resource: 'vitals' });
    assert.deepEqual(await reports.ids('Observation'), []);
  });

  it('THREAT 38: a row of another organization does not leave, whatever the statement was', async () => {
    const theirs = await server.client(undefined, OTHER_TENANT);
    await theirs.get('Observation');
    const wrong = rig(server.portico.source, (binding) => (binding === OTHER_TENANT ? TENANT : binding));
    try {
      for (const path of ['Observation/by-tenant', 'Observation?_id=by-tenant'])
        stopped(await theirs.get(path), 'tenant', path);
    } finally {
      wrong.mend();
    }
    assert.equal((await theirs.get('Observation/by-tenant')).status, 404);
    assert.deepEqual(server.alarms, []);
  });

  it('THREAT 38, 81: what was stopped is in the trail as a failure, and shows nobody', async () => {
    await server.portico.trail.flush();
    const knex = await server.portico.own.knex();
    const rows = (await knex('audit').where({ status: 500 })) as any[];
    assert.ok(rows.length > 10);
    assert.ok(rows.every((row) => row.outcome === '8' && row.patient_id === null));
  });
});

/** A database that runs statements on the clinical tables with other values than it was given. */
function rig(database: Database, other: (binding: unknown) => unknown): { mend: () => void } {
  const arrays = database.arrays.bind(database);
  Object.assign(database, {
    arrays: (sql: string, bindings: readonly unknown[]) => arrays(sql, bindings.map(other)),
  });
  return { mend: () => void Object.assign(database, { arrays }) };
}
