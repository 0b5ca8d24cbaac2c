import assert from 'node:assert/strict';
import { recording } from '../../src/audit/recording.js';
import { Trail } from '../../src/audit/trail.js';
import { createOrg, listOrgs } from '../../src/auth/orgs.js';
import { GuardError } from '../../src/store/plan.js';
import { start, TENANT, type Server } from '../support/server.js';

const EVENT = { tenant: TENANT, interaction: 'org-create', action: 'C', status: 200, patients: ['a'] } as const;

describe('audit: changes and their records', () => {
  let server: Server;

  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  const made = async (id: string): Promise<boolean> =>
    (await listOrgs(server.portico.own)).some((each) => each.id === id);
  const recorded = async (user: string) =>
    (await (await server.portico.own.knex())('audit').where({ user_id: user })) as { hash: string | null }[];

  it('THREAT 81: a change and its record are one transaction, and the record gets its link', async () => {
    const { own } = server.portico;
    // One that no clock flushes.
    const trail = new Trail(own, Date.now);
    const changing = recording(own, trail, { ...EVENT, at: Date.now(), user: 'one' });
    await createOrg(changing, 'made', 'Made', Date.now());
    assert.ok(await made('made'));
    const [row, ...others] = await recorded('one');
    assert.deepEqual([row?.hash, others], [null, []], 'it is there before its link is');
    await trail.flush();
    assert.notEqual((await recorded('one'))[0]?.hash, null);
  });

  it('THREAT 81: a change that fails leaves no record, and one that cannot be recorded is not made', async () => {
    const { own, trail } = server.portico;
    const event = { ...EVENT, at: Date.now(), user: 'two' };
    await assert.rejects(createOrg(recording(own, trail, event), 'made', 'Again', Date.now()), GuardError);
    assert.deepEqual(await recorded('two'), []);
    const statements = [{ sql: 'insert into nowhere values (1)', bindings: [] }];
    const broken = { plan: () => Promise.resolve({ statements, committed: () => assert.fail('it is not') }) };
    await assert.rejects(createOrg(recording(own, broken, event), 'unrecorded', 'Unrecorded', Date.now()));
    assert.equal(await made('unrecorded'), false);
  });
});
