import assert from 'node:assert/strict';
import { editionOf } from '../../src/store/edition.js';
import { renewTexts } from '../../src/transfer/renew.js';
import type { Client } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const observation = (id: string, patient: string, more: object = {}): any => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'first' },
  subject: { reference: `Patient/${patient}` },
  ...more,
});

describe('store/texts: what is current is sent as it was written', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    // Without a cache each read asks the database.
    server = await start({ cacheBytes: 0 });
    client = await server.client();
  });
  after(() => server.stop());

  /** Shows which text is sent: nothing but this test writes into one. */
  async function mark(id: string): Promise<void> {
    const knex = await server.portico.own.knex();
    const marked = knex.raw(`replace(body, '"first"', '"marked"')`);
    assert.equal(await knex('history').where({ id }).whereNotNull('edition').update({ body: marked }), 1);
  }
  const code = async (id: string): Promise<string> => (await client.get(`Observation/${id}`)).body.code.text;
  const editions = async (id: string): Promise<(string | null)[]> =>
    (await server.portico.own.arrays(`select edition from history where id = '${id}' order by version`, [])).map(
      ([edition]) => edition as string | null,
    );
  const current = (): string => editionOf(server.base);
  async function sql(text: string): Promise<void> {
    await (await server.portico.own.knex()).raw(text);
  }

  it('by a read, a search and an include alike', async () => {
    await server.save([
      observation('a', 'a'),
      observation('b', 'a', { derivedFrom: [{ reference: 'Observation/a' }] }),
    ]);
    await mark('a');
    assert.equal(await code('a'), 'marked');
    for (const query of ['Observation?_id=a', 'Observation?_id=b&_include=Observation:derived-from']) {
      const { body } = await client.get(query);
      assert.equal(body.entry.find(({ resource }: any) => resource.id === 'a').resource.code.text, 'marked');
    }
  });

  it('a version that the native system made is read from its columns', async () => {
    await server.save([observation('native', 'a')]);
    await mark('native');
    await sql(`update observation set code_text = 'native', version = version + 1 where id = 'native'`);
    assert.equal(await code('native'), 'native');
  });

  it('a version that was replaced or deleted has none that is current', async () => {
    await server.save([observation('old', 'a')]);
    await server.save([observation('old', 'a', { code: { text: 'second' } })]);
    assert.deepEqual(await editions('old'), [null, current()]);
    assert.equal((await client.send('DELETE', 'Observation/old', '')).status, 204);
    assert.deepEqual(await editions('old'), [null, null, null]);
  });

  it('what two patients share is read from its columns, which say so', async () => {
    await server.save([observation('both', 'a', { performer: [{ reference: 'Patient/b' }] })]);
    assert.deepEqual(await editions('both'), [null]);
    const portal = await server.portal('a');
    assert.equal((await portal.get('Observation/both')).status, 404);
  });

  it('a text that left its patient is stopped by the last check', async () => {
    await server.save([observation('left', 'a')]);
    await sql(`update history set patient_id = 'somebody' where id = 'left'`);
    const portal = await server.portal('a');
    assert.equal((await portal.get('Observation/left')).status, 500);
    assert.deepEqual(server.alarms.splice(0), ['Observation row left its patient']);
  });

  it('a text of another edition is not sent, and written anew once', async () => {
    await server.save([observation('stale', 'a')]);
    await mark('stale');
    await sql(`update history set edition = 'earlier' where id = 'stale'`);
    assert.equal(await code('stale'), 'first');
    await sql('delete from text_edition');
    const { own, registry, columns, now } = server.portico;
    const renew = (): Promise<number> => renewTexts({ own, registry, columns, edition: current(), now, rest: 0 });
    assert.equal(await renew(), 2, 'this one, and what two patients share');
    assert.deepEqual(await editions('stale'), [current()]);
    await mark('stale');
    assert.equal(await code('stale'), 'marked');
    await sql(`update history set edition = 'earlier' where id = 'stale'`);
    assert.equal(await renew(), 0, 'it was done for this edition');
    await renewTexts({ own, registry, columns, edition: 'earlier', now, rest: 0 });
    assert.ok((await renew()) > 2, 'what another edition wrote since is written anew');
  });

  it('an interrupted renewal goes on with the next start', async () => {
    await sql('delete from text_edition');
    const { own, registry, columns, now } = server.portico;
    const options = { own, registry, columns, edition: current(), now, rest: 0 };
    await renewTexts({ ...options, signal: AbortSignal.abort() });
    assert.deepEqual(await own.arrays('select * from text_edition', []), []);
    await renewTexts(options);
    assert.equal((await own.arrays('select * from text_edition', [])).length, 1);
  });

  it('another base URL is another edition', () => {
    assert.notEqual(editionOf('https://one.example/fhir/R4'), editionOf('https://two.example/fhir/R4'));
    assert.equal(editionOf(server.base), current());
  });

  it('belongs to its organization alone', async () => {
    await server.save([observation('same', 'a')]);
    await server.save([observation('same', 'a', { code: { text: 'theirs' } })], OTHER_TENANT);
    assert.equal(await code('same'), 'first');
  });
});
