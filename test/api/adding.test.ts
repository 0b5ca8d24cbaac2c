import assert from 'node:assert/strict';
import { share, unshare } from '../../src/api/organizations.js';
import type { Client } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const at = '2026-03-01T14:05:00-06:00';
const stroke = {
  method_of_arrival: 'INBOUND_EMS',
  patient_type: 'Stroke',
  first_name: 'Yellow',
  last_name: 'Canary',
  dob: '1958-07-14',
  gender: 'female',
  height: { value: 66, unit: 'in' },
  weight: { value: 70.5, unit: 'kg' },
  chief_complaint: 'Weakness of the right arm',
  condition: 'red',
  acuity: { label: 'Critical' },
  destination: 'Riverside',
  unit: 'Medic 7',
  room: 'Trauma 2',
  identifiers: [
    { name: 'Hospital MRN', category: 'MRN', value: 'mrn-canary' },
    { name: 'Visit', category: 'CSN', value: 'csn-canary' },
    { name: 'State band', category: 'WRISTBAND', value: 'band-canary' },
  ],
  labels: [
    { name: 'Stroke alert', visibility: 'public' },
    { name: 'Difficult family', type: 'note', visibility: 'private' },
  ],
  contacts: [{ name: 'Next of kin', relationship: 'Sister', phone: '217-555-0100' }],
  timeline: [{ event: 'first-contact', at }],
  vital_signs: [
    {
      ...{ at, heart_rate: 88, systolic: 182, diastolic: 101, respiratory_rate: 18, oxygen_saturation: 95 },
      ...{ oxygen_flow: 2, temperature: { value: 98.6, unit: 'degF' }, coma_scale: 14, pain: 3 },
    },
  ],
};

describe('api: what is added to channels', () => {
  let server: Server;
  let token: { id: string; secret: string };
  let other: { id: string; secret: string };
  let fhir: Client;
  let fhirOther: Client;

  before(async () => {
    server = await start();
    token = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    other = await server.credential({ kind: 'org', scopeCeiling: 'apiv2', tenant: OTHER_TENANT });
    fhir = await server.client();
    fhirOther = await server.client(undefined, OTHER_TENANT);
  });
  after(() => server.stop());

  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    { as = token.secret, headers = {} }: { as?: string; headers?: Record<string, string> } = {},
  ) => {
    const answer = await fetch(`${server.url}/api/v1/patient-channels${path}`, {
      method,
      headers: { 'x-api-key': as, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, body: JSON.parse(text) };
  };
  const create = async (body: object) => {
    const made = await ask('POST', '', body);
    assert.equal(made.status, 201, made.text);
    return made.body.id as string;
  };

  it('makes a channel of its case, which reads as it was sent, on both APIs', async () => {
    const made = await ask('POST', '', stroke);
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(Object.keys(made.body), ['id']);
    const { id } = made.body;
    assert.equal(made.headers.get('location'), `${server.url}/api/v1/patient-channels/${String(id)}`);
    const { body } = await ask('GET', `/${String(id)}`);
    const { identifiers, vital_signs: sets, labels, contacts, entities, ...rest } = body;
    for (const name of ['method_of_arrival', 'patient_type', 'first_name', 'last_name', 'dob', 'gender'] as const)
      assert.equal(rest[name], stroke[name]);
    for (const name of ['chief_complaint', 'condition', 'destination', 'unit', 'room'] as const)
      assert.equal(rest[name], stroke[name]);
    assert.deepEqual([rest.status, rest.acuity, rest.age], ['active', { label: 'Critical', nemsis: null }, null]);
    assert.deepEqual(rest.timeline, stroke.timeline);
    assert.deepEqual(
      new Set(identifiers.map(({ name, category, value }: any) => `${name} ${category} ${value}`)),
      new Set(stroke.identifiers.map(({ name, category, value }) => `${name} ${category} ${value}`)),
    );
    assert.deepEqual(sets[0], stroke.vital_signs[0]);
    assert.deepEqual([sets[1].height, sets[1].weight], [stroke.height, stroke.weight]);
    assert.deepEqual(
      labels.map(({ name, visibility }: any) => [name, visibility]),
      [
        ['Stroke alert', 'public'],
        ['Difficult family', 'private'],
      ],
    );
    assert.deepEqual(contacts, stroke.contacts);
    assert.deepEqual(entities, [{ entity_id: TENANT, role: 'ems' }]);
    // The client judges each of them as R4.
    for (const type of ['Encounter', 'Observation?_count=100', 'Patient'])
      assert.ok((await fhir.get(type)).body.entry.length > 0);
    assert.equal((await fhir.ids(`Observation?encounter=${String(id)}&code=85354-9`)).length, 1);
  });

  it('keeps an age as an age, and an unknown name as unknown: neither becomes something else', async () => {
    const id = await create({
      ...{ method_of_arrival: 'ED_PATIENT', patient_type: 'Trauma', age: 60, age_unit: 'years' },
      ...{ first_name_unknown: true, last_name_unknown: true },
    });
    const { body } = await ask('GET', `/${id}`);
    assert.deepEqual([body.age, body.age_unit, body.dob], [60, 'years', null]);
    assert.deepEqual([body.first_name_unknown, body.last_name_unknown], [true, true]);
    const encounter = (await fhir.get(`Encounter/${id}`)).body;
    const patient = (await fhir.get(encounter.subject.reference)).body;
    assert.equal(patient.birthDate, undefined);
    assert.equal(patient.name[0]._family.extension[0].valueCode, 'unknown');
  });

  it('refuses what is not sound with its place, never its value, and writes nothing', async () => {
    const before = (await fhir.get('Encounter?_summary=count')).body.total;
    const faults: [object, RegExp][] = [
      [{ ...stroke, patient_type: 'Canary' }, /^patient_type: /],
      [{ ...stroke, timeline: [] }, /timeline: needs first-contact/],
      [{ ...stroke, last_name_unknown: true }, /last_name: is needed, or last_name_unknown, and not both/],
      [{ ...stroke, patient_type: 'General', chief_complaint: undefined }, /chief_complaint: is needed/],
      [{ ...stroke, dob: '1958-02-30' }, /dob: is no day/],
      [{ ...stroke, age: 3 }, /age_unit/],
      [{ ...stroke, first_name: 'a\u0000b' }, /first_name: has control characters/],
      [{ ...stroke, first_name: 'a\ud800b' }, /^first_name: /],
      [{ ...stroke, dob: '0000-01-01' }, /^dob: /],
      [{ ...stroke, timeline: [{ event: 'first-contact', at: '0000-03-01T14:05:00Z' }] }, /^timeline\.0\.at: /],
      [{ ...stroke, acuity: { label: 'x', nemsis: '22  07' } }, /^acuity\.nemsis: /],
      [{ ...stroke, chief_complaint: 'x'.repeat(256) }, /chief_complaint/],
      [{ ...stroke, canary: 1 }, /has members that are not known here/],
      [{ ...stroke, vital_signs: [{ at, heart_rate: 1000 }] }, /vital_signs\.0\.heart_rate/],
      [{ ...stroke, vital_signs: [{ at }] }, /vital_signs\.0: has no value/],
      [{ ...stroke, vital_signs: [{ at: '2026-03-01T14:05:00', heart_rate: 80 }] }, /a zone/],
    ];
    for (const [body, text] of faults) {
      const answer = await ask('POST', '', body);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.body.code, 'VALIDATION');
      assert.match(answer.body.error, text);
      assert.doesNotMatch(answer.text, /canary|1000|1958/i);
    }
    for (const text of ['[]', 'x', '{"__proto__":{"polluted":1}}', `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`])
      assert.equal((await ask('POST', '', text)).status, 400);
    assert.equal(({} as any).polluted, undefined);
    assert.equal((await fhir.get('Encounter?_summary=count')).body.total, before);
  });

  it('REST 21: makes valid resources of whatever it accepts', async () => {
    const odd = {
      ...{ ...stroke, first_name: '\u{1F600}', chief_complaint: 'one\n\ttwo \u00a0\u2028 <b>&amp;', dob: '9999-12-31' },
      identifiers: ['!!!', '\u00e4\u00f6', ' spaced  out '].map((name) => ({ name, category: 'OTHER', value: '< 1' })),
      contacts: [{ name: '-', phone: 'ask\tinside' }],
      timeline: [{ event: 'first-contact', at: '2016-12-31T23:59:60.999999+14:00' }],
      acuity: { label: '.', nemsis: 'a b' },
      vital_signs: [
        { at, heart_rate: 0, oxygen_saturation: 0, oxygen_flow: 0 },
        { at, diastolic: 1e-7, weight: { value: 5e-324, unit: 'lb' } },
        { at, temperature: { value: 119.999999999, unit: 'degF' } },
      ],
    };
    const id = await create(odd);
    const number = { name: '\u{1F600}'.repeat(50), category: 'OTHER', value: 'x'.repeat(200) };
    assert.equal((await ask('POST', `/${id}/identifiers`, number)).status, 201);
    assert.equal(
      (await ask('POST', `/${id}/messages`, { text: 'x\n'.repeat(999) + 'x', sender: '\u0301' })).status,
      201,
    );
    // The client judges what it reads as R4.
    const { subject } = (await fhir.get(`Encounter/${id}`)).body;
    assert.equal((await fhir.get(subject.reference as string)).status, 200);
    for (const [type, count] of [
      ['Observation', 7],
      ['Communication', 2],
    ] as const)
      assert.equal((await fhir.get(`${type}?encounter=${id}`)).body.entry.length, count, type);
  });

  it('THREAT 52: lets no token add what its scopes do not open', async () => {
    const id = await create(stroke);
    const reader = await server.credential({ kind: 'org', scopeCeiling: 'system/*.rs' });
    const vitals = await server.credential({ kind: 'org', scopeCeiling: 'system/Encounter.rs system/vitals.write' });
    const sent: [string, object][] = [
      ['', stroke],
      [`/${id}/identifiers`, { name: 'A', category: 'MRN', value: '1' }],
      [`/${id}/messages`, { text: 'x', sender: 'y' }],
      [`/${id}/vital-signs`, { at, heart_rate: 80 }],
    ];
    for (const [path, body] of sent) {
      assert.equal((await ask('POST', path, body, { as: reader.secret })).status, 403);
      const expected = path.endsWith('vital-signs') ? 201 : 403;
      assert.equal((await ask('POST', path, body, { as: vitals.secret })).status, expected, path);
      if (path !== '') assert.equal((await ask('POST', path, body, { as: other.secret })).status, 404, path);
    }
    // A coma score is no vital sign of the native system.
    const scored = await ask('POST', `/${id}/vital-signs`, { at, coma_scale: 9 }, { as: vitals.secret });
    assert.equal(scored.status, 403);
  });

  it('adds numbers, vital signs and messages, with one audit event each and no patient data in it', async () => {
    const own = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    const id = await create(stroke);
    const send = (path: string, body: object) => ask('POST', `/${id}/${path}`, body, { as: own.secret });
    const number = { name: 'Hospital MRN', category: 'MRN', value: 'other-canary' };
    const changed = await send('identifiers', number);
    const again = await send('identifiers', number);
    assert.deepEqual([changed.status, again.status], [201, 200]);
    assert.equal(changed.body.id, again.body.id);
    assert.equal((await send('identifiers', { name: 'Second visit', category: 'CSN', value: 'v2' })).status, 201);
    const vitals = await send('vital-signs', { at: '2026-03-01T14:15:00-06:00', heart_rate: 92, pain: 2 });
    assert.equal(vitals.body.ids.length, 2);
    for (const text of ['First canary', 'Second canary'])
      assert.equal((await send('messages', { text, sender: 'Medic', urgent: true })).status, 201);
    const { body } = await ask('GET', `/${id}`);
    const values = body.identifiers.map(({ value }: any) => value).sort();
    assert.deepEqual(values, ['band-canary', 'csn-canary', 'other-canary', 'v2']);
    assert.equal(body.identifiers.find(({ value }: any) => value === 'other-canary').id, changed.body.id);
    assert.equal(body.vital_signs.find(({ heart_rate: rate }: any) => rate === 92).pain, 2);
    const messages = (await fhir.get(`Communication?encounter=${id}&_sort=_id`)).body.entry.map((e: any) => e.resource);
    assert.equal(messages.length, 3);
    const header = messages.find((each: any) => each.partOf === undefined);
    assert.equal(messages.filter((each: any) => each.partOf?.[0].reference === `Communication/${header.id}`).length, 2);
    await server.portico.trail.flush();
    const rows = (await server.portico.own.objects('select * from audit', [])).filter(
      (r) => r['credential_id'] === own.id,
    );
    assert.deepEqual(rows.map((row) => `${String(row['interaction'])} ${String(row['status'])}`).sort(), [
      'channel-identifier-create 200',
      'channel-identifier-create 201',
      'channel-identifier-create 201',
      'channel-message-create 201',
      'channel-message-create 201',
      'channel-vital-signs-create 201',
    ]);
    assert.ok(rows.every((row) => row['entity'] === `Encounter/${id}` && row['patient_id'] !== null));
    assert.doesNotMatch(JSON.stringify(rows), /canary/i);
  });

  it('has the effect of a request with an Idempotency-Key once, also when it is sent at the same time', async () => {
    const id = await create(stroke);
    const count = async () => (await fhir.get(`Observation?encounter=${id}&_summary=count`)).body.total as number;
    const before = await count();
    const headers = { 'idempotency-key': 'key-1' };
    const send = (body: object, as = token.secret) => ask('POST', `/${id}/vital-signs`, body, { headers, as });
    const sent = { at, heart_rate: 61 };
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(sent)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.equal(answers.filter((each) => each.headers.has('idempotency-replayed')).length, 4);
    assert.equal(await count(), before + 1);
    assert.equal((await send({ at, heart_rate: 62 })).status, 422);
    // THREAT 40: the key of another credential is another key.
    const second = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    const theirs = await send(sent, second.secret);
    assert.equal(theirs.status, 201);
    assert.notEqual(theirs.body.id, answers[0]!.body.id);
    assert.equal(await count(), before + 2);
    assert.equal(
      (await ask('POST', `/${id}/vital-signs`, sent, { headers: { 'idempotency-key': 'a b' } })).status,
      400,
    );
  });

  it('finds a patient of the organization by the record number and the same name, and merges nobody else', async () => {
    const known = (id: string) => fhir.get(`Encounter/${id}`).then(({ body }) => body.subject.reference as string);
    const mrn = (value: string) => ({ ...stroke, identifiers: [{ name: 'MRN', category: 'MRN', value }] });
    const first = await known(await create(mrn('same')));
    assert.equal(await known(await create({ ...mrn('same'), last_name: 'CANARY' })), first);
    assert.notEqual(await known(await create({ ...mrn('same'), last_name: 'Finch' })), first);
    assert.notEqual(await known(await create({ ...mrn('same'), dob: '1960-01-01' })), first);
    const banded = { ...stroke, identifiers: [{ name: 'Band', category: 'WRISTBAND', value: 'same-band' }] };
    assert.notEqual(await known(await create(banded)), await known(await create(banded)));
  });

  it('a known patient keeps what somebody else writes while a channel is made, and how it was written', async () => {
    const numbered = (...values: string[]) => ({
      ...stroke,
      identifiers: values.map((value) => ({ name: `Number ${value}`, category: 'MRN', value })),
    });
    const first = await create(numbered('known-1'));
    const path = (await fhir.get(`Encounter/${first}`)).body.subject.reference as string;
    const { writer } = server.portico;
    assert.ok(writer);
    const current = writer.current.bind(writer);
    writer.current = async (...asked) => {
      writer.current = current;
      const extension = '[{"op":"add","path":"/extension","value":[{"url":"urn:x","valueDecimal":1.50}]}]';
      const type = { 'content-type': 'application/json-patch+json' };
      assert.equal((await fhir.send('PATCH', path, extension, type)).status, 200);
      return current(...asked);
    };
    await create(numbered('known-1', 'known-2'));
    const { text } = await fhir.get(path);
    assert.match(text, /"valueDecimal":1\.50\b/);
    assert.match(text, /known-1.*known-2/);
    assert.equal(
      (await ask('POST', `/${first}/identifiers`, { name: 'B', category: 'WRISTBAND', value: 'b' })).status,
      201,
    );
    assert.match((await fhir.get(path)).text, /"valueDecimal":1\.50\b/);
  });

  it('PULSARA 3, 12: writes a channel to each of its entities, a private label to its own entity alone', async () => {
    const entities = [{ entity_id: OTHER_TENANT, role: 'hospital' }];
    const alone = await ask('POST', '', { ...stroke, entities });
    assert.equal(alone.status, 422);
    const unknown = await ask('POST', '', { ...stroke, entities: [{ entity_id: 'org_nowhere', role: 'ems' }] });
    assert.equal(unknown.body.error, alone.body.error);

    await share(server.portico.own, TENANT, OTHER_TENANT, Date.now());
    const id = await create({ ...stroke, entities });
    const theirs = await ask('GET', `/${id}`, undefined, { as: other.secret });
    assert.equal(theirs.status, 200);
    assert.equal(theirs.body.last_name, 'Canary');
    assert.deepEqual(
      theirs.body.labels.map(({ name }: any) => name),
      ['Stroke alert'],
    );
    assert.equal((await ask('GET', `/${id}`)).body.labels.length, 2);
    for (const path of [`Encounter/${id}`, `Encounter/${id}/_history`, 'Encounter'])
      assert.doesNotMatch((await fhirOther.get(path)).text, /Difficult family/);

    // What either adds, both have.
    assert.equal((await ask('POST', `/${id}/vital-signs`, { at, heart_rate: 71 })).status, 201);
    const band = { name: 'State band', category: 'WRISTBAND', value: 'new-band' };
    assert.equal((await ask('POST', `/${id}/identifiers`, band, { as: other.secret })).status, 201);
    const message = { text: 'Room is ready', sender: 'Charge' };
    assert.equal((await ask('POST', `/${id}/messages`, message, { as: other.secret })).status, 201);
    for (const as of [token.secret, other.secret]) {
      const { body } = await ask('GET', `/${id}`, undefined, { as });
      const rates = body.vital_signs.filter((set: any) => set.at === at).map((set: any) => set.heart_rate);
      assert.deepEqual(rates.sort(), [71, 88]);
      assert.ok(body.identifiers.some(({ value }: any) => value === 'new-band'));
    }
    assert.match((await fhir.get(`Communication?encounter=${id}`)).text, /Room is ready/);

    // A row of theirs with the same id is no share of a channel, whatever this side's says of it.
    const alien = { resourceType: 'Encounter', id: 'alien', status: 'in-progress', class: { code: 'EMER' } };
    await server.save([{ ...alien, subject: { reference: 'Patient/theirs' } }], OTHER_TENANT);
    const extension = [
      { url: 'entity', valueString: OTHER_TENANT },
      { url: 'role', valueCode: 'hospital' },
    ];
    const named = { url: `${server.base}/StructureDefinition/channel-entity`, extension };
    await server.save([{ ...alien, subject: { reference: 'Patient/ours' }, extension: [named] }]);
    assert.equal((await ask('POST', '/alien/vital-signs', { at, heart_rate: 70 })).status, 201);
    assert.deepEqual(await fhirOther.ids('Observation?encounter=alien'), []);

    await unshare(server.portico.own, TENANT, OTHER_TENANT);
    assert.equal((await ask('POST', `/${id}/vital-signs`, { at, pain: 9 })).status, 201);
    assert.doesNotMatch((await ask('GET', `/${id}`, undefined, { as: other.secret })).text, /"pain":9/);
  });

  it('THREAT 38, 52: what one entity adds replaces no number of another entity’s own, whoever its patient is by then', async () => {
    await share(server.portico.own, TENANT, OTHER_TENANT, Date.now());
    const id = await create({ ...stroke, entities: [{ entity_id: OTHER_TENANT, role: 'hospital' }] });
    const number = (value: string) => ({ name: 'Hospital MRN', category: 'MRN', value });
    const add = (value: string, as: string) => ask('POST', `/${id}/identifiers`, number(value), { as });
    const theirs = async (patientId: string) => {
      const { body } = await fhirOther.get(`Patient/${patientId}`);
      const said = body.identifier.map(({ system, value }: any) => `${system.split('/').slice(-2).join('/')} ${value}`);
      return said.filter((each: string) => /mrn/.test(each)).sort();
    };
    assert.equal((await add('theirs-1', other.secret)).status, 201);
    assert.equal((await add('ours-1', token.secret)).status, 201);
    const encounter = (await fhirOther.get(`Encounter/${id}`)).body;
    const standIn = encounter.subject.reference.replace('Patient/', '');
    const both = [`${OTHER_TENANT}/mrn theirs-1`, `${TENANT}/mrn ours-1`];
    assert.deepEqual(await theirs(standIn), both.sort());
    // They find out who it is, and their record has their own number.
    const code = { system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' };
    const identifier = [{ type: { text: 'Hospital MRN', coding: [code] }, system: 'urn:mrn', value: 'real' }];
    await server.save([{ resourceType: 'Patient', id: 'real', identifier }], OTHER_TENANT);
    const moved = { ...encounter, subject: { reference: 'Patient/real' } };
    assert.equal((await fhirOther.send('PUT', `Encounter/${id}`, moved)).status, 200);
    for (const value of ['ours-2', 'ours-3', 'ours-3']) assert.ok((await add(value, token.secret)).status < 300);
    assert.deepEqual(await theirs('real'), [`${TENANT}/mrn ours-3`, 'urn:mrn real']);
    assert.equal((await add('real-2', other.secret)).status, 201);
    assert.deepEqual(await theirs('real'), [`${TENANT}/mrn ours-3`, 'urn:mrn real-2']);
    await unshare(server.portico.own, TENANT, OTHER_TENANT);
  });
});
