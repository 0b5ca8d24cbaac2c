import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Client } from '../support/client.js';
import { detached, withoutServerMeta } from '../support/describe-resource.js';
import { goldens } from '../support/golden.js';
import { start, TENANT, type Server } from '../support/server.js';

const extension = [{ url: 'urn:oid:1.2.3', valueString: 'kept' }];

/** An observation of which every unit has something that columns do not hold. */
const kept: any = {
  resourceType: 'Observation',
  id: 'kept',
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">88 per minute</div>' },
  status: 'final',
  code: {
    coding: [
      { system: 'http://loinc.org', code: '8893-0' },
      { system: 'urn:oid:9', code: 'pulse' },
    ],
  },
  subject: { reference: 'Patient/one', display: 'One', identifier: { value: '1' } },
  effectiveDateTime: '2026-01-01T08:00:00+01:00',
  _effectiveDateTime: { extension },
  valueQuantity: { value: 88, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min', extension },
  interpretation: [{ coding: [{ code: 'H' }, { code: 'high' }] }],
  note: [{ text: 'after a run' }],
};

describe('store: a native change of a column wins over what was kept beside it', function () {
  this.timeout(60_000);
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
  });
  after(() => server.stop());

  /** As the native system would: columns changed by SQL, the version with them. */
  async function change(table: string, id: string, set: Record<string, string | number | null>): Promise<void> {
    const knex = await server.portico.source.knex();
    const changed = await knex(table)
      .where({ organization_id: TENANT, id })
      .update({ ...set, version: knex.raw('version + 1'), updated_at: knex.raw('updated_at + 1') });
    assert.equal(changed, 1);
  }
  const read = async (): Promise<any> => (await client.get('Observation/kept')).body;

  async function save(): Promise<any> {
    await server.save([{ ...kept, note: [{ text: String(Math.random()) }] }]);
    await server.save([kept]);
    const body = await read();
    assert.deepEqual(withoutServerMeta(body, server.base), kept);
    return body;
  }

  it('a new code drops the second coding and the narrative, and nothing else', async () => {
    await save();
    await change('observation', 'kept', { code_code: '8331-1', code_display: null });
    const body = await read();
    assert.deepEqual(body.code.coding, [{ system: 'http://loinc.org', code: '8331-1' }]);
    assert.equal(body.text, undefined);
    for (const member of ['subject', 'valueQuantity', '_effectiveDateTime', 'interpretation', 'note'])
      assert.deepEqual(body[member], kept[member], member);
  });

  it('a new value takes the interpretation with it', async () => {
    await save();
    await change('observation', 'kept', { value_value: 61 });
    const { valueQuantity, interpretation, code } = await read();
    assert.equal(valueQuantity.value, 61);
    assert.equal(valueQuantity.extension, undefined);
    assert.doesNotMatch(JSON.stringify(interpretation ?? []), /high/);
    assert.deepEqual(code, kept.code);
  });

  it('a new subject has neither the display nor the identifier of the old one', async () => {
    await save();
    await change('observation', 'kept', { subject: 'Patient/two', patient_id: 'two', subject_display: null });
    assert.deepEqual((await read()).subject, { reference: 'Patient/two' });
  });

  it('a new time has no extension of the old one', async () => {
    await save();
    const start = Date.UTC(2026, 5, 1);
    await change('observation', 'kept', { effective_start: start, effective_end: start + 1 });
    const body = await read();
    assert.equal(body.effectiveDateTime, new Date(start).toISOString());
    assert.equal(body._effectiveDateTime, undefined);
  });

  it('a new version without a change keeps everything', async () => {
    await save();
    await change('observation', 'kept', {});
    assert.deepEqual(withoutServerMeta(await read(), server.base), kept);
  });

  it('a version that the native system made can be replaced and deleted, and is read as a version then', async () => {
    await save();
    await change('observation', 'kept', { code_code: '8331-1', code_display: null });
    const { meta } = await read();
    await server.save([kept]);
    const { body } = await client.get(`Observation/kept/_history/${meta.versionId}`);
    assert.equal(body.code.coding[0].code, '8331-1');
    assert.deepEqual(withoutServerMeta(await read(), server.base), kept);
  });

  it('in random changes of random goldens, what the columns say is what is read', async () => {
    const usable = goldens.filter((each) => /observation|encounter|communication-m|document/.test(each.name));
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...usable), fc.nat(1000), async (golden, pick) => {
        const sent: any = { ...JSON.parse(golden.text(server.base)), language: 'en' };
        await server.save([{ ...sent, language: 'de' }]);
        await server.save([sent]);
        const resource = server.portico.registry.get(sent.resourceType);
        assert.ok(resource);
        const path = `${sent.resourceType}/${sent.id}`;
        const before = (await client.get(path)).body;
        assert.deepEqual(
          withoutServerMeta(before, server.base),
          withoutServerMeta(detached(sent, before), server.base),
        );
        // A text column in which something stands, and that is read as it is.
        const [row] = await server.portico.source.objects(
          `select * from ${resource.source.from as string} where id = '${sent.id}'`,
          [],
        );
        const columns = resource.readColumns.filter(
          (name) => /_(text|display)$/.test(name) && typeof row?.[name] === 'string',
        );
        if (columns.length === 0) return;
        const column = columns[pick % columns.length] as string;
        await change(resource.source.from as string, sent.id, { [column]: 'as the native system says' });
        changes++;
        const { text, body } = await client.get(path);
        assert.ok(text.includes('"as the native system says"'), `${column} of ${golden.name}`);
        const old = JSON.stringify(row?.[column]);
        const count = (where: string): number => where.split(`:${old}`).length;
        assert.ok(count(text) < count(JSON.stringify(before)), `${column} of ${golden.name}: the old value is gone`);
        assert.equal(body.text, undefined, 'the narrative told of the old one');
        assert.equal(body.language, 'en');
      }),
      { seed: 7, numRuns: 60 },
    );
    assert.ok(changes > 25, String(changes));
  });
});
