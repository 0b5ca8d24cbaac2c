import assert from 'node:assert/strict';
import { revokeCredential } from '../../src/auth/store.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { PASSWORD, person, post } from '../support/users.js';

describe('api/patient-channels', () => {
  let server: Server;
  let token: { id: string; secret: string };

  const codes = (code: string) => ({
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }],
    text: `Name ${code}`,
  });

  before(async () => {
    server = await start();
    await server.save([
      {
        resourceType: 'Patient',
        id: 'p1',
        name: [{ family: 'Canary', given: ['Yellow'] }],
        birthDate: '1970-01-02',
        gender: 'female',
        identifier: [{ type: codes('MR'), system: 'urn:oid:1.2.3', value: 'mrn-value' }],
      },
      {
        resourceType: 'Encounter',
        id: 'c1',
        status: 'finished',
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'EMER' },
        type: [{ text: 'Stroke' }],
        subject: { reference: 'Patient/p1' },
        period: { start: '2024-01-01T10:00:00Z', end: '2024-01-01T12:00:00Z' },
        identifier: [{ type: codes('VN'), system: 'urn:oid:1.2.4', value: 'csn-value' }],
      },
    ]);
    token = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
  });
  after(() => server.stop());

  const get = async (headers: Record<string, string>, id = 'c1') => {
    const answer = await fetch(`${server.url}/api/v1/patient-channels/${id}`, { headers });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  const key = (secret: string) => ({ 'x-api-key': secret });

  it('gives a channel with its identifiers to the token of its organization, by either header', async () => {
    for (const headers of [key(token.secret), { authorization: `Bearer ${token.secret}` }]) {
      const { status, headers: answered, body } = await get(headers);
      assert.equal(status, 200);
      assert.equal(answered.get('cache-control'), 'no-store');
      assert.ok(answered.get('ratelimit-limit'));
      const { identifiers, ...rest } = body;
      assert.deepEqual(rest, {
        id: 'c1',
        status: 'stopped',
        started_at: '2024-01-01T10:00:00Z',
        stopped_at: '2024-01-01T12:00:00Z',
        method_of_arrival: 'ED_PATIENT',
        patient_type: 'Stroke',
        first_name: 'Yellow',
        first_name_unknown: false,
        last_name: 'Canary',
        last_name_unknown: false,
        dob: '1970-01-02',
        gender: 'female',
        age: null,
        age_unit: null,
        chief_complaint: null,
        condition: null,
        acuity: null,
        destination: null,
        unit: null,
        room: null,
        entities: [],
        labels: [],
        contacts: [],
        timeline: [],
        vital_signs: [],
        labs: [],
      });
      assert.deepEqual(
        identifiers.map(({ name, category, value }: any) => [name, category, value]),
        [
          ['Name MR', 'MRN', 'mrn-value'],
          ['Name VN', 'CSN', 'csn-value'],
        ],
      );
      assert.equal(new Set(identifiers.map(({ id }: any) => id)).size, 2);
    }
  });

  it('PULSARA 3: answers another organization as if there were no such channel', async () => {
    const other = await server.credential({ kind: 'org', scopeCeiling: 'apiv2', tenant: OTHER_TENANT });
    const answers = [
      await get(key(other.secret)),
      await get(key(token.secret), 'c2'),
      await get(key(token.secret), '%20'),
    ];
    for (const { status, body } of answers) {
      assert.equal(status, 404);
      assert.deepEqual(Object.keys(body), ['error', 'code', 'requestId']);
    }
    assert.deepEqual(new Set(answers.map(({ body }) => `${String(body.error)} ${String(body.code)}`)).size, 1);
  });

  it('THREAT 39: lets X-Organization-ID agree, and select nothing', async () => {
    const ask = async (organization: string) =>
      (await get({ ...key(token.secret), 'x-organization-id': organization })).status;
    assert.equal(await ask(TENANT), 200);
    for (const foreign of [OTHER_TENANT, 'org_nowhere', TENANT.toUpperCase()]) assert.equal(await ask(foreign), 403);
    for (const list of [`${TENANT}, ${TENANT}`, `${TENANT},${OTHER_TENANT}`, 'a b']) assert.equal(await ask(list), 400);
  });

  it('opens with an access token or a session whose scopes fit', async () => {
    const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
    const fits = await server.client('system/Encounter.r');
    const answer = await get(bearer(fits.token));
    assert.equal(answer.status, 200);
    // Without Patient in its scopes it is not told who it is.
    assert.doesNotMatch(JSON.stringify(answer.body), /Canary|mrn-value|1970/);
    assert.equal((await get(bearer((await server.client('system/Patient.r')).token))).status, 403);
    const { email } = await person(server);
    const { accessToken } = (await post(server, '/login', { email, password: PASSWORD })).body;
    assert.equal((await get(bearer(accessToken))).body.last_name, 'Canary');
    assert.equal((await get(bearer((await server.portal('p2')).token))).status, 404);
  });

  it('refuses what is no token of an organization, and two callers in one request', async () => {
    const client = await server.credential({ kind: 'client', scopeCeiling: 'apiv2' });
    const changed = `${token.secret.slice(0, -1)}${token.secret.endsWith('A') ? 'B' : 'A'}`;
    for (const secret of [client.secret, changed, 'pto_x', `${token.secret}A`, '']) {
      const { status, body } = await get(key(secret));
      assert.equal(status, 401, secret.slice(0, 4));
      assert.deepEqual(Object.keys(body), ['error', 'code', 'requestId']);
    }
    assert.equal((await get({})).status, 401);
    assert.equal((await get({ ...key(token.secret), authorization: `Bearer ${token.secret}` })).status, 400);
    const onFhir = await fetch(`${server.base}/Patient/p1`, { headers: { authorization: `Bearer ${token.secret}` } });
    assert.equal(onFhir.status, 401);
  });

  it('PULSARA 4: refuses a revoked token on the next request, and has a log row without patient data for each call', async () => {
    const own = await server.credential({ kind: 'org', scopeCeiling: 'apiv2' });
    assert.equal((await get(key(own.secret))).status, 200);
    assert.equal((await get(key(own.secret), 'c2')).status, 404);
    assert.equal(await revokeCredential(server.portico.own, TENANT, own.id, Date.now()), true);
    assert.equal((await get(key(own.secret))).status, 401);
    await server.portico.trail.flush();
    const rows = (await server.portico.own.objects('select * from audit', [])).filter(
      (row) => row['credential_id'] === own.id,
    );
    assert.deepEqual(
      rows.map((row) => `${String(row['interaction'])} ${String(row['entity'])} ${String(row['status'])}`).sort(),
      ['patient-channel Encounter/c1 200', 'patient-channel Encounter/c1 401', 'patient-channel Encounter/c2 404'],
    );
    assert.equal(rows.find((row) => row['status'] === 200)?.['patient_id'], 'p1');
    assert.doesNotMatch(JSON.stringify(rows), /Canary|mrn-value|csn-value|pto_/);
  });
});
