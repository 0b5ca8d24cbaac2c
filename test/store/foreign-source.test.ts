import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Observation, Patient } from '@medplum/fhirtypes';
import { codes, date, defineResource, prefixed, reference, text, token } from '../../src/define/index.js';
import { checkSource } from '../../src/dev/check-source.js';
import { createRegistry } from '../../src/registry.js';
import { openDatabase, type Database } from '../../src/store/database.js';
import type { Client } from '../support/client.js';
import { freshDatabase, dialect } from '../support/database.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const sexes = codes([
  [1, 'male'],
  [2, 'female'],
  [9, 'unknown'],
]);

interface PersonRow {
  pt_no: number;
  sex: number | null;
  dob: string | null;
  family: string | null;
  void_at: string | null;
}

const person = defineResource<Patient, PersonRow>({
  type: 'Patient',
  profiles: [],
  source: {
    from: 'pt',
    id: 'pt_no',
    idCodec: prefixed('pt-', 'number'),
    tenant: 'single',
    patient: 'pt_no',
    deleted: 'void_at',
  },
  patient: ['_id'],
  search: {
    gender: token({ code: 'sex', codes: sexes }),
    birthdate: date({ start: 'dob', stored: 'date' }),
    family: text({ exact: 'family' }),
  },
  sort: ['_id'],
  revInclude: ['Observation:patient'],
  view: {
    columns: ['sex', 'dob', 'family'],
    toFhir: ({ sex, dob, family }: PersonRow) => ({
      ...(family !== null && { name: [{ family }] }),
      gender: sexes.toFhir(sex) ?? 'unknown',
      ...(dob !== null && { birthDate: dob }),
    }),
  },
});

interface VitalRow {
  obs_no: number;
  pt_no: number;
  nurse: number | null;
  loinc: string;
  unit: string;
  val: number;
  taken_at: string;
}

const vital = defineResource<Observation, VitalRow>({
  type: 'Observation',
  profiles: [],
  source: {
    from: (db) =>
      db('vitals as v')
        .join('vital_kind as k', 'k.kind', 'v.kind')
        .select('v.obs_no', 'v.pt_no', 'v.nurse', 'v.val', 'v.taken_at', 'k.loinc', 'k.unit'),
    id: 'obs_no',
    idCodec: prefixed('vit-', 'number'),
    tenant: 'single',
    patient: 'pt_no',
  },
  patient: ['patient', 'subject', 'performer'],
  search: {
    code: token({ code: 'loinc' }),
    date: date({ start: 'taken_at', stored: 'instant' }),
    patient: reference({ id: 'pt_no' }, { to: ['Patient'] }),
    subject: reference({ id: 'pt_no' }, { to: ['Patient'] }),
    performer: reference({ id: 'nurse' }, { to: ['Practitioner'], external: true }),
  },
  sort: ['-date', '_id'],
  include: ['patient'],
  view: {
    columns: ['pt_no', 'nurse', 'loinc', 'unit', 'val', 'taken_at'],
    toFhir: ({ pt_no, nurse, loinc, unit, val, taken_at }: VitalRow) => ({
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: loinc }] },
      subject: { reference: `Patient/pt-${String(pt_no)}` },
      effectiveDateTime: taken_at,
      ...(nurse !== null && { performer: [{ reference: `Practitioner/${String(nurse)}` }] }),
      valueQuantity: { value: val, unit },
    }),
  },
});

const tables = [
  'create table pt (pt_no integer primary key, sex integer, dob text, family text, void_at text)',
  'create index pt_dob on pt (dob)',
  'create table vital_kind (kind integer primary key, loinc text, unit text)',
  'create table vitals (obs_no integer primary key, pt_no integer, nurse integer, kind integer, val double precision, taken_at text)',
  'create index vitals_pt on vitals (pt_no)',
  'create index vitals_taken on vitals (taken_at)',
  "insert into pt values (1, 2, '1980-02-29', 'Ärger', null), (2, 1, '1990-01-01', 'Rowe', null), (3, 9, null, null, '2026-01-01')",
  "insert into vital_kind values (1, '8893-0', '/min'), (2, '8331-1', 'Cel')",
  `insert into vitals values (10, 1, 7, 1, 88, '2026-01-01T08:00:00Z'), (11, 1, null, 2, 37.5, '2026-01-02T08:00:00Z'),
    (12, 2, 7, 1, 61, '2026-01-03T08:00:00Z')`,
];

describe("store: a source that is somebody else's, and only read", () => {
  let folder: string;
  let url: string;
  let source: Database;
  let drop: () => Promise<void>;
  let server: Server;
  let client: Client;
  const registry = createRegistry([person, vital]);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portico-'));
    const fresh = await freshDatabase();
    drop = () => fresh.drop();
    url = dialect === 'sqlite' ? `sqlite:${join(folder, 'vendor.sqlite')}` : fresh.url;
    source = await openDatabase(url);
    // It has none of Portico's tables.
    if (dialect === 'postgres') await source.objects('drop table overflow, overflow_use, history, blob, outbox', []);
    const knex = await source.knex();
    for (const sql of tables) await knex.raw(sql);
    server = await start({ registry, env: { PORTICO_SOURCE_URL: url, PORTICO_SINGLE_TENANT: TENANT } });
    client = await server.client();
  });
  after(async () => {
    await server.stop();
    await source.close();
    await drop();
    await rm(folder, { recursive: true });
  });

  it('is served: ids with their prefix, codes translated, a join as one resource', async () => {
    const { body } = await client.get('Patient/pt-1');
    assert.deepEqual(
      [body.id, body.gender, body.birthDate, body.name[0].family],
      ['pt-1', 'female', '1980-02-29', 'Ärger'],
    );
    const vitals = (await client.get('Observation/vit-11')).body;
    assert.equal(vitals.code.coding[0].code, '8331-1');
    assert.deepEqual(vitals.valueQuantity, { value: 37.5, unit: 'Cel' });
    assert.equal(vitals.subject.reference, 'Patient/pt-1');
    for (const id of ['1', 'pt-x', 'pt-01', 'vit-1', 'pt-99'])
      assert.equal((await client.get(`Patient/${id}`)).status, 404);
  });

  it('what a read shows a search finds', async () => {
    for (const [query, ids] of Object.entries({
      'Patient?gender=female': ['pt-1'],
      'Patient?gender=other': [],
      'Patient?birthdate=1980': ['pt-1'],
      'Patient?family=arg': ['pt-1'],
      'Patient?_id=pt-2': ['pt-2'],
      'Observation?code=8893-0&_sort=_id': ['vit-10', 'vit-12'],
      'Observation?patient=pt-1': ['vit-11', 'vit-10'],
      'Observation?subject=Patient/pt-2': ['vit-12'],
      'Observation?date=2026-01-02': ['vit-11'],
      'Observation?date=ge2026-01-02': ['vit-12', 'vit-11'],
      'Observation?patient=nobody': [],
      'Observation?patient=pt-1&_include=Observation:patient': ['vit-11', 'vit-10'],
    }))
      assert.deepEqual(await client.ids(query), ids, query);
  });

  it('follows references both ways, by the ids of the source', async () => {
    const all = async (query: string): Promise<string[]> =>
      (await client.get(query)).body.entry.map((each: any) => each.resource.id as string);
    assert.deepEqual(await all('Observation?_id=vit-12&_include=Observation:patient'), ['vit-12', 'pt-2']);
    const reverse = await all('Patient?_id=pt-1&_revinclude=Observation:patient');
    assert.deepEqual(reverse.sort(), ['pt-1', 'vit-10', 'vit-11']);
  });

  it('a deleted row is not there', async () => {
    assert.deepEqual(await client.ids('Patient'), ['pt-1', 'pt-2']);
    assert.ok([404, 410].includes((await client.get('Patient/pt-3')).status));
  });

  it('has a weak ETag from its content where it knows no version, and no history', async () => {
    const { headers, body } = await client.get('Patient/pt-1');
    const tag = headers.get('etag') ?? '';
    assert.match(tag, /^W\/"[0-9a-f]{16}"$/);
    assert.equal(headers.get('last-modified'), null);
    assert.equal(body.meta?.lastUpdated, undefined);
    assert.equal((await client.get('Patient/pt-1', { headers: { 'if-none-match': tag } })).status, 304);
    const knex = await source.knex();
    await knex('pt').where('pt_no', 1).update({ sex: 9 });
    const changed = await client.get('Patient/pt-1', { headers: { 'if-none-match': tag } });
    assert.deepEqual([changed.status, changed.body.gender], [200, 'unknown']);
    await knex('pt').where('pt_no', 1).update({ sex: 2 });
    assert.equal((await client.get('Patient/pt-1/_history/7')).status, 404);
    assert.equal((await client.get('Patient?_lastUpdated=gt2020')).status, 400);
  });

  it('THREAT: a patient sees their own rows and nothing else', async () => {
    const portal = await server.portal('pt-1');
    assert.deepEqual(await portal.ids('Observation'), ['vit-11', 'vit-10']);
    assert.deepEqual(await portal.ids('Patient'), ['pt-1']);
    assert.equal((await portal.get('Patient/pt-1')).status, 200);
    assert.equal((await portal.get('Patient/pt-2')).status, 404);
    assert.equal((await portal.get('Observation/vit-12')).status, 404);
    assert.deepEqual(await portal.ids('Observation?patient=pt-2'), []);
    const nobody = await server.portal('no-such-id');
    assert.deepEqual(await nobody.ids('Observation'), []);
    assert.equal((await nobody.get('Patient/pt-1')).status, 404);
    assert.deepEqual(server.alarms, []);
  });

  it('THREAT: another organization sees nothing of it', async () => {
    const other = await server.client('system/*.rs', OTHER_TENANT);
    for (const type of ['Patient', 'Observation']) assert.deepEqual(await other.ids(type), []);
    assert.equal((await other.get('Patient/pt-1')).status, 404);
    assert.equal((await other.get('Patient?_summary=count')).body.total, 0);
    const portal = await server.portal('pt-1', OTHER_TENANT);
    assert.deepEqual(await portal.ids('Observation'), []);
  });

  it('does not start without the organization that it belongs to', async () => {
    await assert.rejects(start({ registry, env: { PORTICO_SOURCE_URL: url } }), /PORTICO_SINGLE_TENANT/);
  });

  it('takes no writes', () => {
    assert.equal(server.portico.writer, undefined);
  });

  it('check-source names missing tables and columns, and searches that no index serves', async () => {
    const faults = await checkSource(source, registry);
    const texts = faults.map(({ type, kind, text: what }) => `${type} ${kind} ${what}`);
    assert.ok(texts.includes('Patient unindexed search gender: no index serves sex'), texts.join('\n'));
    assert.ok(!texts.some((each) => /birthdate|_id|search patient|search date/.test(each)), texts.join('\n'));
    const lacking = defineResource<Patient, PersonRow & { mrn: string }>({
      ...{ type: 'Patient', profiles: [], patient: ['_id'], sort: ['_id'] },
      source: { from: 'pt', id: 'pt_no', tenant: 'single', patient: 'pt_no' },
      search: { identifier: token({ code: 'mrn' }) },
      view: { columns: ['sex'], toFhir: () => ({}) },
    });
    assert.deepEqual(await checkSource(source, createRegistry([lacking])), [
      { type: 'Patient', kind: 'missing', text: 'pt has no column mrn' },
    ]);
    const nowhere = { ...lacking, source: { ...lacking.source, from: 'nowhere' } };
    assert.deepEqual(await checkSource(source, createRegistry([nowhere])), [
      { type: 'Patient', kind: 'missing', text: 'there is no table nowhere' },
    ]);
  });
});
