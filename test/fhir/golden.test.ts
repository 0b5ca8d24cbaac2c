import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { checkRoundTrip } from '../support/describe-resource.js';
import { goldens } from '../support/golden.js';
import { start, TENANT, type Server } from '../support/server.js';
import { importItems } from '../../src/transfer/import.js';

describe('fhir: what is written is read back, and what a read shows a search finds', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    const { registry, rows, writer, base, now } = server.portico;
    assert.ok(writer);
    const options = { tenant: TENANT, registry, rows, writer, base, now, author: {} };
    async function* items() {
      for (const golden of goldens) yield { origin: golden.name, text: golden.text(base) };
    }
    const report = await importItems(items(), options);
    assert.deepEqual(report.refused, []);
    assert.equal(report.created, goldens.length);
  });
  after(() => server.stop());

  for (const golden of goldens)
    it(golden.name, () => checkRoundTrip(server, client, JSON.parse(golden.text(server.base))));

  it('brings decimals back as they were written', async () => {
    const { text } = await client.get('Observation/observation-decimals');
    for (const literal of ['"value":37.0', '"value":36.50', '"value":3.80e1'])
      assert.ok(text.includes(literal), literal);
    const { text: found } = await client.get('Observation?_id=observation-decimals');
    assert.ok(found.includes('"value":37.0'), 'in a Bundle too');
    const { text: subset } = await client.get('Observation/observation-decimals?_elements=value');
    assert.ok(subset.includes('"value":37.0'), 'in a subset too');
  });

  it('stores nothing twice: what columns carry is not kept beside them', async () => {
    const whole = [
      'patient-full',
      'encounter-channel',
      'observation-blood-pressure',
      'communication-thread',
      'observation-range',
    ];
    for (const name of whole) {
      const type = JSON.parse(goldens.find((each) => each.name === name)!.text('')).resourceType as string;
      const table = server.portico.registry.get(type)!.source.from as string;
      const rows = await server.portico.source.objects(`select extra from ${table} where id = '${name}'`, []);
      assert.equal(rows[0]?.['extra'] ?? 'nothing', 'nothing', name);
    }
  });
});
