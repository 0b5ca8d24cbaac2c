import assert from 'node:assert/strict';
import { unindexed } from '../../src/dev/check-indices.js';
import { checkSource } from '../../src/dev/check-source.js';
import { dialect } from '../support/database.js';
import { start, type Server } from '../support/server.js';

describe('search: plans', () => {
  let server: Server;

  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  it(`THREAT 73: every declared parameter of every type is bounded by an index (${dialect})`, async () => {
    const { own, registry } = server.portico;
    const faults = await checkSource(own, registry);
    assert.deepEqual(
      faults.map((each) => `${each.type}: ${each.text}`),
      [],
    );
  });

  it('notices a parameter that no index serves', async () => {
    const { own, registry } = server.portico;
    const resource = registry.get('Observation');
    assert.ok(resource);
    const text = await unindexed(own, resource, 'status', { kind: 'token', columns: { code: 'issued' } });
    assert.equal(text, 'search status: no index serves issued');
  });
});
