import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSource } from '../../src/dev/check-source.js';
import { createRegistry } from '../../src/registry.js';
import { openDatabase } from '../../src/store/database.js';
import { dialect, freshDatabase, type FreshDatabase } from '../support/database.js';
import type { Client } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import emrPatient from './emr-patient.js';

const CHANGED = Date.UTC(2026, 4, 1, 10);

/** Tables as another system would have made them. */
async function fill(url: string): Promise<void> {
  const db = await openDatabase(url);
  const knex = await db.knex();
  await knex.schema.createTable('pt_master', (t) => {
    t.text('pt_no').primary();
    t.text('mrn').index();
    t.bigInteger('modified_ts').index();
  });
  await knex.schema.createTable('pt_demog', (t) => {
    t.text('pt_no').primary();
    t.text('last_nm').index();
    t.text('dob').index();
    t.integer('sex_cd').index();
  });
  for (const [number, name, born, sex] of [
    ['1', 'Ångström', '1981-02-03', 2],
    ['2', 'Bexley', '1992-11-30', 1],
  ] as const) {
    await knex('pt_master').insert({ pt_no: number, mrn: `44${number}`, modified_ts: CHANGED });
    await knex('pt_demog').insert({ pt_no: number, last_nm: name, dob: born, sex_cd: sex });
  }
  await db.close();
}

describe('a source of somebody else', () => {
  let folder: string;
  let tables: FreshDatabase | undefined;
  let server: Server;
  let client: Client;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portico-'));
    if (dialect === 'postgres') tables = await freshDatabase();
    const url = tables?.url ?? `sqlite:${join(folder, 'emr.sqlite')}`;
    await fill(url);
    server = await start({
      registry: createRegistry([emrPatient]),
      env: { PORTICO_SOURCE_URL: url, PORTICO_SINGLE_TENANT: TENANT },
    });
    client = await server.client();
  });
  after(async () => {
    await server.stop();
    await tables?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is read as FHIR, with the version and time of its own column', async () => {
    const { status, body, headers } = await client.get('Patient/pt-1');
    assert.equal(status, 200);
    assert.equal(headers.get('etag'), `W/"${String(CHANGED)}"`);
    assert.deepEqual(body, {
      resourceType: 'Patient',
      id: 'pt-1',
      meta: { versionId: String(CHANGED), lastUpdated: '2026-05-01T10:00:00.000Z' },
      identifier: [{ system: 'urn:oid:2.16.840.1.113883.19.5', value: '441' }],
      name: [{ family: 'Ångström' }],
      gender: 'female',
      birthDate: '1981-02-03',
    });
  });

  for (const [query, ids] of [
    ['gender=female', ['pt-1']],
    ['gender:not=female', ['pt-2']],
    ['birthdate=ge1990', ['pt-2']],
    ['family=angs', ['pt-1']],
    ['identifier=442', ['pt-2']],
    ['_id=pt-2', ['pt-2']],
    ['_id=2', []],
    ['identifier:missing=true', []],
    ['_sort=-birthdate', ['pt-2', 'pt-1']],
    ['gender:missing=true', []],
  ] as const)
    it(`is searched: ${query}`, async () => assert.deepEqual(await client.ids(`Patient?${query}`), ids));

  it('shows nothing to another organization', async () => {
    const other = await server.client('system/*.rs', OTHER_TENANT);
    assert.deepEqual(await other.ids('Patient'), []);
    assert.equal((await other.get('Patient/pt-1')).status, 404);
  });

  it('shows a patient their own row and no other', async () => {
    const patient = await server.portal('pt-1');
    assert.deepEqual(await patient.ids('Patient'), ['pt-1']);
    assert.equal((await patient.get('Patient/pt-1')).status, 200);
    assert.equal((await patient.get('Patient/pt-2')).status, 404);
    assert.deepEqual(await patient.ids('Patient?_id=pt-2'), []);
    assert.deepEqual(await (await server.portal('1')).ids('Patient'), []);
  });

  it('is found to lack the index of folded names, and nothing else, by check-source', async () =>
    assert.deepEqual(
      (await checkSource(server.portico.source, server.portico.registry)).map((each) => each.text),
      ['search family: no index serves last_nm'],
    ));
});
