import assert from 'node:assert/strict';
import { asSystem } from '../../src/access/narrow.js';
import { TENANT, type Server } from './server.js';

/** Deletes a resource through the one write path. */
export async function remove({ portico }: Server, type: string, id: string, tenant = TENANT): Promise<void> {
  const resource = portico.registry.get(type);
  assert.ok(resource && portico.writer);
  const planned = await portico.writer.planDelete(resource, id, asSystem(tenant, 'check'), { user: 'test' });
  assert.equal(planned.outcome, 'deleted');
  await portico.writer.commit([planned]);
}
