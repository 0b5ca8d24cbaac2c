import assert from 'node:assert/strict';
import type { Bundle, DocumentReference, Encounter, Observation, Patient } from '@medplum/fhirtypes';
import type { Client } from '../support/client.js';
import { channelOf, connect, CSN_SYSTEM, csn, MRN_SYSTEM, mrn, type Connected } from '../support/inbound.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

describe('pulsara: from a webhook to a document', () => {
  let server: Server;
  let client: Client;
  let pulsara: Connected;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    const { own, secret } = server.portico;
    pulsara = await connect({ own, secret, url: server.url });
    client = await server.client('system/*.cruds');
  });
  after(async () => {
    await pulsara.stop();
    await server.stop();
  });

  async function all<T>(query: string, from = client): Promise<T[]> {
    const { status, body } = await from.get(query);
    assert.equal(status, 200, JSON.stringify(body));
    return ((body as Bundle).entry ?? []).map(({ resource }) => resource as T);
  }
  const patientsOf = (value: string) => all<Patient>(`Patient?identifier=${MRN_SYSTEM}|${value}`);
  const encounterOf = async (channel: string) =>
    (await all<Encounter>(`Encounter?identifier=${server.base}/ids/pulsara/channel|${channel}`))[0];
  const documentsOf = async (channel: string) =>
    all<DocumentReference>(
      `DocumentReference?encounter=Encounter/${(await encounterOf(channel))!.id!}&_sort=_lastUpdated`,
    );

  it('PULSARA 8: a case with odd words is filed as far as it can be read, and what is filed is valid', async () => {
    const odd = 'a\ud800 \u0001\uffff<b>';
    const channel = channelOf('chan-odd', {
      ...{ patient_type: odd, first_name: odd, dob: '0000-01-01', chief_complaint: odd, unit: '\u0000', room: odd },
      ...{ started_at: '0000-03-01T20:01:00Z', acuity: { label: odd, nemsis: ' 22 \n 07 ' }, gender: 'Unknown ' },
      ...{ height: { value: -1, unit: 'inches' }, weight: { value: 1e300, unit: 'stone' } },
      entities: [{ entity_id: odd, role: ' ems\u00a0 crew' }],
      labels: [{ name: odd, visibility: 'public', entity_id: odd }],
      timeline: [
        { event: '!!!', at: '2026-03-01T20:00:00Z' },
        { event: 'ETA', at: '2026-03-01T20:00:00' },
        { event: 'First Contact', at: '2026-02-30T20:00:00Z' },
      ],
      vital_signs: [{ at: '2026-03-01T20:05:00Z', heart_rate: -5, systolic: 1e21, coma_scale: 0.5 }],
      labs: [
        { at: 'yesterday', test: odd, value: '< -1.50', unit: odd, reference_range: odd, flag: odd },
        { at: '2026-03-01', test: '.', value: '1e5' },
      ],
    });
    pulsara.upstream.put(channel);
    assert.equal(await pulsara.upstream.identify('chan-odd', { ...mrn('4410066'), name: odd }), 202);
    assert.equal((await pulsara.settled('chan-odd')).outcome, 'filed');
    // The client judges what it reads as R4.
    const [patient] = await patientsOf('4410066');
    assert.deepEqual([patient!.birthDate, patient!.name?.[0]?.given], [undefined, ['a\ufffd <b>']]);
    const encounter = (await encounterOf('chan-odd'))!;
    assert.equal(encounter.priority?.coding?.[0]?.code, '22 07');
    assert.equal((await all<Observation>(`Observation?encounter=Encounter/${encounter.id!}`)).length, 5);
    assert.equal((await documentsOf('chan-odd')).length, 1);
  });

  it('PULSARA 8, 9: an identifier makes one patient, encounter, findings and document of its case', async () => {
    pulsara.upstream.put(channelOf('chan-1'));
    assert.equal(await pulsara.upstream.identify('chan-1', mrn('4410001')), 202);
    assert.equal((await pulsara.settled('chan-1')).outcome, 'filed');

    const [patient, ...others] = await patientsOf('4410001');
    assert.deepEqual(others, []);
    assert.equal(patient!.name?.[0]?.family, 'Rowe');
    assert.equal(patient!.birthDate, '1958-07-14');
    const encounter = (await encounterOf('chan-1'))!;
    assert.equal(encounter.status, 'in-progress');
    assert.equal(encounter.subject?.reference, `Patient/${patient!.id!}`);
    assert.equal(encounter.type?.[0]?.coding?.[0]?.code, 'stroke');
    const stamps = (encounter.extension ?? []).filter(({ url }) => url.endsWith('/channel-timeline'));
    assert.deepEqual(
      stamps.map(({ extension }) => extension?.[0]?.valueCode),
      ['first-contact', 'last-known-well'],
    );

    const found = await all<Observation>(`Observation?encounter=Encounter/${encounter.id!}&_count=100`);
    const loincs = found.map(({ code }) => code.coding?.[0]?.code ?? code.text).sort();
    assert.deepEqual(loincs, [
      '29463-7',
      '59408-5',
      '8302-2',
      '8310-5',
      '85354-9',
      '85354-9',
      '8867-4',
      '8867-4',
      'Glucose',
      'Troponin I',
    ]);
    assert.ok(found.every(({ subject }) => subject?.reference === `Patient/${patient!.id!}`));
    const troponin = found.find(({ code }) => code.text === 'Troponin I')!;
    assert.deepEqual(troponin.valueQuantity, { value: 0.01, comparator: '<', unit: 'ng/mL' });

    const [document] = await documentsOf('chan-1');
    assert.equal(document!.docStatus, 'preliminary');
    assert.equal(document!.type?.coding?.[0]?.code, '67796-3');
    const { url, contentType, hash } = document!.content[0]!.attachment;
    assert.equal(contentType, 'application/pdf');
    assert.ok(hash);
    const bytes = await fetch(`${server.base}/${url!}`, {
      headers: { Authorization: `Bearer ${client.token}`, Accept: 'application/pdf' },
    });
    assert.equal(
      Buffer.from(await bytes.arrayBuffer())
        .subarray(0, 5)
        .toString(),
      '%PDF-',
    );
  });

  it('PULSARA 12: a private label is kept where its entity is ours, and nowhere else', async () => {
    const encounter = (await encounterOf('chan-1'))!;
    const labels = (encounter.extension ?? [])
      .filter(({ url }) => url.endsWith('/channel-label'))
      .map(({ extension }) => extension?.find(({ url }) => url === 'name')?.valueString);
    assert.deepEqual(labels, ['Stroke alert', 'Bed 4 kept']);
    assert.doesNotMatch(JSON.stringify(encounter), /debrief/);
  });

  it('PULSARA 11: team messages are not written unless the organization wants them', async () => {
    assert.deepEqual(await all('Communication'), []);
    const { own, secret } = server.portico;
    const other = await connect({ own, secret, url: server.url }, { more: { messages: true } });
    other.upstream.put(channelOf('chan-talk', { identifiers: [] }));
    await other.upstream.identify('chan-talk', mrn('4410002'));
    await other.settled('chan-talk');
    const messages = await all<{ payload?: { contentString?: string }[] }>('Communication?_count=10');
    assert.deepEqual(
      messages.flatMap(({ payload }) => payload?.map(({ contentString }) => contentString) ?? []),
      ['CT is clear'],
    );
    await other.stop();
  });

  it('PULSARA 9: the same bytes are no new version; other bytes are a document that replaces the last', async () => {
    const [first] = await documentsOf('chan-1');
    const { upstream } = pulsara;
    assert.equal(await upstream.notify(upstream.event('updated', 'chan-1', mrn(''))), 202);
    assert.equal((await pulsara.settled('chan-1')).outcome, 'unchanged');
    const [same, ...none] = await documentsOf('chan-1');
    assert.deepEqual([same, none], [first, []]);

    const before = upstream.read('chan-1');
    upstream.put({
      ...before,
      status: 'stopped',
      stopped_at: '2026-03-01T21:00:00Z',
      vital_signs: [before.vital_signs![0]!, { at: '2026-03-01T20:40:00Z', heart_rate: 80 }],
    });
    await upstream.notify(upstream.event('updated', 'chan-1', mrn('')));
    assert.equal((await pulsara.settled('chan-1')).outcome, 'filed');
    const documents = await documentsOf('chan-1');
    const [old, replacing] = ['superseded', 'current'].map((status) =>
      documents.find((each) => each.status === status),
    );
    assert.equal(documents.length, 2);
    assert.equal(old!.id, first!.id);
    assert.deepEqual(replacing!.relatesTo, [
      { code: 'replaces', target: { reference: `DocumentReference/${first!.id!}` } },
    ]);
    assert.equal(replacing!.docStatus, 'final');
    const encounter = (await encounterOf('chan-1'))!;
    assert.equal(encounter.status, 'finished');
    const left = await all<Observation>(
      `Observation?encounter=Encounter/${encounter.id!}&status=entered-in-error&_count=100`,
    );
    assert.deepEqual(
      left.map(({ effectiveDateTime }) => effectiveDateTime),
      ['2026-03-01T20:15:00Z', '2026-03-01T20:15:00Z'],
      'a reading that was taken back is an error',
    );
  });

  it('PULSARA 8: the same event twice is one document', async () => {
    const { upstream } = pulsara;
    upstream.put(channelOf('chan-twice', { identifiers: [mrn('4410003')] }));
    const event = upstream.event('created', 'chan-twice', mrn(''));
    assert.deepEqual(await Promise.all([upstream.notify(event), upstream.notify(event)]), [202, 202]);
    await pulsara.settled('chan-twice');
    assert.equal(await upstream.notify(event), 202);
    await pulsara.settled('chan-twice');
    assert.equal((await documentsOf('chan-twice')).length, 1);
    assert.equal(upstream.asked.filter(({ channel }) => channel === 'chan-twice').length, 2);
  });

  it('PULSARA 10: nothing is asked about an identifier of another category', async () => {
    const { upstream } = pulsara;
    upstream.put(channelOf('chan-other'));
    await upstream.identify('chan-other', { id: 'w', name: 'Wristband', category: 'WRISTBAND', value: '77' });
    assert.equal((await pulsara.settled('chan-other')).outcome, 'other-identifier');
    assert.ok(upstream.asked.every(({ channel }) => channel !== 'chan-other'));
    // What the event said is checked against the channel as it is now.
    upstream.put(channelOf('chan-other', { identifiers: [{ ...mrn('9'), category: 'OTHER' }] }));
    await upstream.notify(upstream.event('updated', 'chan-other', mrn('')));
    assert.equal((await pulsara.settled('chan-other')).outcome, 'other-identifier');
    assert.deepEqual(
      upstream.asked.filter(({ channel }) => channel === 'chan-other').map(({ step }) => step),
      ['channel'],
    );
    assert.equal(await encounterOf('chan-other'), undefined);
  });

  it('an age never becomes a birth date, and a name that nobody knows is said to be unknown', async () => {
    const { upstream } = pulsara;
    const unknown = { first_name: null, first_name_unknown: true, last_name: 'Unknown', dob: null };
    upstream.put(channelOf('chan-unknown', { ...unknown, age: 60, age_unit: 'years' }));
    await upstream.identify('chan-unknown', mrn('4410004'));
    await pulsara.settled('chan-unknown');
    const [patient] = await patientsOf('4410004');
    assert.equal(patient!.birthDate, undefined);
    const [name] = patient!.name as unknown as { family?: string; _family?: { extension: { valueCode: string }[] } }[];
    assert.equal(name!.family, undefined);
    assert.equal(name!._family!.extension[0]!.valueCode, 'unknown');
    const [age] = await all<Observation>(`Observation?patient=${patient!.id!}&code=30525-0`);
    assert.equal(age!.valueQuantity?.value, 60);

    // Later somebody knows them.
    upstream.put({ ...upstream.read('chan-unknown'), ...{ first_name: 'Bo', first_name_unknown: false } });
    upstream.put({ ...upstream.read('chan-unknown'), ...{ last_name: 'Lund', dob: '1964-02-03' } });
    await upstream.notify(upstream.event('updated', 'chan-unknown', mrn('')));
    await pulsara.settled('chan-unknown');
    const [known] = await patientsOf('4410004');
    assert.deepEqual([known!.id, known!.birthDate, known!.name?.[0]?.family], [patient!.id, '1964-02-03', 'Lund']);
  });

  it('files what a channel says, be it next to nothing', async () => {
    const { upstream } = pulsara;
    const bare = {
      id: 'chan-bare',
      status: 'active',
      started_at: '2026-03-01T20:01:00Z',
      identifiers: [mrn('4410006')],
    };
    upstream.put(bare as unknown as ReturnType<typeof channelOf>);
    await upstream.notify(upstream.event('created', 'chan-bare', mrn('')));
    assert.equal((await pulsara.settled('chan-bare')).outcome, 'filed');
    assert.equal((await encounterOf('chan-bare'))!.class.code, 'UNK');
    assert.equal((await documentsOf('chan-bare')).length, 1);
  });

  it('files under a patient who is known by the number, and changes nothing of their record', async () => {
    const known = {
      resourceType: 'Patient',
      id: 'known',
      identifier: [{ system: MRN_SYSTEM, value: '4410005' }],
      name: [{ family: 'Rowe', given: ['Ada', 'Maria'] }],
      birthDate: '1958',
    };
    await server.save([known]);
    const before = (await client.get('Patient/known')).body;
    const { upstream } = pulsara;
    upstream.put(channelOf('chan-known'));
    await upstream.identify('chan-known', mrn('4410005'));
    assert.equal((await pulsara.settled('chan-known')).outcome, 'filed');
    assert.deepEqual((await client.get('Patient/known')).body, before);
    assert.equal((await encounterOf('chan-known'))!.subject?.reference, 'Patient/known');
    assert.deepEqual((await patientsOf('4410005')).length, 1);
  });

  it('a case that came with its visit number alone moves to its patient when the record number comes', async () => {
    const { upstream } = pulsara;
    upstream.put(channelOf('chan-visit'));
    await upstream.identify('chan-visit', csn('V1'));
    assert.equal((await pulsara.settled('chan-visit')).outcome, 'filed');
    const encounter = (await encounterOf('chan-visit'))!;
    assert.ok(encounter.identifier?.some(({ system, value }) => system === CSN_SYSTEM && value === 'V1'));
    const stand = encounter.subject!.reference!;
    await upstream.identify('chan-visit', mrn('4410005'));
    assert.equal((await pulsara.settled('chan-visit')).outcome, 'filed');
    assert.equal((await encounterOf('chan-visit'))!.subject?.reference, 'Patient/known');
    const [document] = (await documentsOf('chan-visit')).filter(({ status }) => status === 'current');
    assert.equal(document!.subject?.reference, 'Patient/known');
    assert.deepEqual(await all(`Observation?subject=${stand}`), []);
    assert.deepEqual(await all(`DocumentReference?subject=${stand}`), []);
    const left = (await client.get(stand)).body as Patient;
    assert.equal(left.active, false);
    assert.equal(left.link?.[0]?.type, 'replaced-by');
  });

  it('THREAT 38: another organization sees nothing of it', async () => {
    const stranger = await server.client('system/*.rs', OTHER_TENANT);
    for (const type of ['Patient', 'Encounter', 'Observation', 'DocumentReference'])
      assert.deepEqual(await all(type, stranger), []);
  });
});
