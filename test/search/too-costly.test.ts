import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { itOn } from '../support/only.js';
import { codeOf } from './describe-search.js';
import { coded, documentReference, observation, patient } from './resources.js';

describe('search that would look into every text', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    const subject = { reference: 'Patient/p' };
    await server.save([
      patient('p', { name: [{ family: 'Hagenbutte' }] }),
      observation('words', { subject, valueString: 'slightly elevated', code: coded('urn:oid:1', 'x', 'Some words') }),
      documentReference('letter', { subject, description: 'Discharge letter' }),
    ]);
  });
  after(() => server.stop());

  const answer = async (path: string, by: Client = client): Promise<string> => {
    const { status, body } = await by.get(path);
    if (status !== 200) return `${String(status)} ${codeOf(body)}`;
    return (body.entry ?? []).map(({ resource }: any) => resource.id as string).join(' ') as string;
  };
  const answers = async (expected: Readonly<Record<string, string>>): Promise<void> => {
    const found: Record<string, string> = {};
    for (const path of Object.keys(expected)) found[path] = await answer(path);
    assert.deepEqual(found, expected);
  };

  it('REST 45: is refused where nothing else narrows it', () =>
    answers({
      'Observation?code:text=some': '400 too-costly',
      'Observation?value-string:contains=el': '400 too-costly',
      'Observation?status=final&code:text=some': '400 too-costly',
      'Observation?date=gt1990&code:text=some': '400 too-costly',
      'Observation?code:not=y&code:text=some': '400 too-costly',
      'Observation?code:text=some&_summary=count': '400 too-costly',
      'Patient?_has:Observation:patient:code:text=some': '400 too-costly',
    }));

  it('REST 34, 35: is answered beside a patient, a reference, an id or a code', () =>
    answers({
      'Observation?patient=p&value-string:contains=elev': 'words',
      'Observation?subject=Patient/p&code:text=some': 'words',
      'Observation?code=urn:oid:1|x&value-string:contains=el': 'words',
      'Observation?_id=words&code:text=some': 'words',
      'Patient/p/Observation?code:text=some': 'words',
      'Patient?_id=p&_has:Observation:patient:code:text=some': 'p',
    }));

  it('REST 34: is answered for who may see one patient alone, and in a directory', async () => {
    const portal = await server.portal('p');
    assert.equal(await answer('Observation?value-string:contains=elev', portal), 'words');
    assert.equal(await answer('Patient?name:contains=butt'), 'p');
  });

  itOn('postgres', 'REST 34: three characters are found by trigrams, and two are not looked for', () =>
    answers({
      'Observation?value-string:contains=ELEV': 'words',
      'DocumentReference?description:contains=letter': 'letter',
      'DocumentReference?description:contains=et': '400 too-costly',
    }),
  );

  itOn('postgres', 'THREAT 73: PostgreSQL uses the index', async () => {
    const knex = await server.portico.own.knex();
    await knex.transaction(async (transaction) => {
      await transaction.raw('set local enable_seqscan = off');
      const { rows } = await transaction.raw<{ rows: object[] }>(
        `explain select parent_id from patient_name where family_fold like ? escape '!' or given_fold like ? escape '!'`,
        ['%agen%', '%agen%'],
      );
      assert.match(JSON.stringify(rows), /patient_name_trigrams/);
    });
  });

  itOn('sqlite', 'REST 45: SQLite has no trigrams', () =>
    answers({ 'DocumentReference?description:contains=letter': '400 too-costly' }),
  );
});
