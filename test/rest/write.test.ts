import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { coded, observation, patient } from '../search/resources.js';
import type { Answer, Client } from '../support/client.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const code = ({ body }: Answer): string => body.issue[0].details.coding[0].code as string;
const etagOf = ({ headers }: Answer): string => headers.get('etag') ?? '';

describe('rest: create, update and delete', () => {
  let server: Server;
  let client: Client;
  let clock = Date.UTC(2026, 0, 1);

  before(async () => {
    server = await start({ now: () => clock });
    client = await server.client();
  });
  beforeEach(() => (clock += 1000));
  after(() => server.stop());

  const created = async (resource: any, headers?: Record<string, string>): Promise<any> => {
    const answer = await client.send('POST', resource.resourceType, resource, headers);
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  };

  it('REST 19: a create chooses id, version and time, and says where the resource is', async () => {
    const sent = patient('mine', { meta: { versionId: '7', lastUpdated: '2020-01-01T00:00:00Z' }, gender: 'other' });
    const answer = await client.send('POST', 'Patient', sent);
    assert.equal(answer.status, 201);
    const { id, meta, gender } = answer.body;
    assert.notEqual(id, 'mine');
    assert.equal(meta.versionId, '1');
    assert.equal(meta.lastUpdated, new Date(clock).toISOString());
    assert.equal(gender, 'other');
    assert.equal(answer.headers.get('location'), `${server.base}/Patient/${String(id)}/_history/1`);
    assert.equal(etagOf(answer), 'W/"1"');
    assert.equal(answer.headers.get('last-modified'), new Date(clock).toUTCString());
    const read = await client.get(`Patient/${String(id)}`);
    assert.equal(read.text, answer.text, 'what is answered is what a read shows');
    assert.equal((await client.get(answer.headers.get('location') ?? '')).status, 200);
    assert.equal((await client.get('Patient/mine')).status, 404);
    assert.equal((await client.send('POST', 'Patient/x', sent)).status, 405);
  });

  it('REST 4: a resource is sent as JSON that says so', async () => {
    const body = JSON.stringify(patient('x'));
    for (const type of [
      'application/fhir+json',
      'application/json',
      'text/json',
      'application/json+fhir',
      'application/fhir+json; charset=UTF-8; fhirVersion=4.0',
    ])
      assert.equal((await client.send('POST', 'Patient', body, { 'content-type': type })).status, 201, type);
    for (const type of [
      'text/plain',
      'application/fhir+turtle',
      'application/x-www-form-urlencoded',
      'application/json-patch+json',
      'application/fhir+json; charset=latin1',
      'application/fhir+json; fhirVersion=5.0',
    ])
      for (const [method, path] of [
        ['POST', 'Patient'],
        ['PUT', 'Patient/x'],
      ] as const) {
        const answer = await client.send(method, path, body, { 'content-type': type });
        assert.equal(answer.status, 415, `${method} ${type}`);
        assert.equal(code(answer), 'unsupported-media-type');
      }
    const packed = await client.send('POST', 'Patient', body, { 'content-encoding': 'gzip' });
    assert.equal(packed.status, 415);
    assert.equal((await client.ask('Patient', { method: 'POST' })).status, 415);
  });

  it('REST 5, THREAT 70: what cannot be read is refused as what it is', async () => {
    const deep = `${'{"a":'.repeat(70)}1${'}'.repeat(70)}`;
    const wide = JSON.stringify({
      resourceType: 'Patient',
      name: Array.from({ length: 6000 }, () => ({ family: 'x' })),
    });
    const long = JSON.stringify({ resourceType: 'Patient', name: [{ family: 'x'.repeat(1_100_000) }] });
    const cases: [body: string, status: number, error: string][] = [
      ['', 400, 'invalid-json'],
      ['{', 400, 'invalid-json'],
      ['{"resourceType":"Patient","active":true,"active":false}', 400, 'invalid-json'],
      ['{"resourceType":"Patient","__proto__":{"a":1}}', 400, 'invalid-json'],
      [deep, 400, 'invalid-json'],
      ['[]', 400, 'invalid-resource'],
      ['null', 400, 'invalid-resource'],
      ['"Patient"', 400, 'invalid-resource'],
      ['{}', 400, 'invalid-resource'],
      ['{"resourceType":"Observation","status":"final","code":{"text":"x"}}', 400, 'invalid-resource'],
      [wide, 413, 'too-long'],
      [long, 413, 'too-long'],
    ];
    for (const [body, status, error] of cases) {
      const answer = await client.send('POST', 'Patient', body);
      assert.equal(answer.status, status, body.slice(0, 60));
      assert.equal(code(answer), error, body.slice(0, 60));
    }
    const latin = Buffer.from('{"resourceType":"Patient","name":[{"family":"M\xfcller"}]}', 'latin1');
    const answer = await client.ask('Patient', {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: latin as unknown as string,
    });
    assert.equal(answer.status, 400);
    assert.equal(code(answer), 'invalid-json');
    assert.equal((await client.send('POST', 'Patient', `\ufeff${JSON.stringify(patient('x'))}`)).status, 201);
  });

  it('REST 21: what is not R4 is 400 with an issue and a path for each fault, and is not stored', async () => {
    const before = (await client.get('Observation?_summary=count')).body.total as number;
    const { status, body } = await client.send('POST', 'Observation', {
      ...{ resourceType: 'Observation', status: 'final', colour: 'red' },
      ...{ effectiveDateTime: '2026-02-30', valueQuantity: { value: '1' } },
    });
    assert.equal(status, 400);
    const expressions = body.issue.flatMap((issue: any) => issue.expression as string[]);
    for (const path of ['Observation.colour', 'Observation.code', 'Observation.effectiveDateTime'])
      assert.ok(expressions.includes(path), `${path} of ${String(expressions)}`);
    assert.equal((await client.get('Observation?_summary=count')).body.total, before);
    for (const id of ['a b', 'x'.repeat(65)]) {
      const answer = await client.send('PUT', `Patient/${encodeURIComponent(id)}`, patient(id));
      assert.equal(answer.status, 400);
      assert.equal(answer.body.issue[0].details.coding[0].code, 'invalid-id');
    }
  });

  it('REST 56: decimals, extensions of primitives and unknown codes come back as they were sent', async () => {
    const { id } = await created(patient('x'));
    const text = `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"urn:x","code":"a"},{"system":"urn:x","code":"b"}],"text":"A"},"subject":{"reference":"Patient/${String(id)}","display":"x"},"_issued":{"extension":[{"url":"urn:x","valueString":"y"}]},"valueQuantity":{"value":1.50,"unit":"x"},"note":[{"text":"n"}]}`;
    const answer = await client.send('POST', 'Observation', text);
    assert.equal(answer.status, 201, answer.text);
    assert.match(answer.text, /"value":1\.50,/);
    const { id: _id, meta: _meta, ...rest } = answer.body;
    const { meta: _m, ...sent } = JSON.parse(text);
    assert.deepEqual(rest, sent);
    assert.deepEqual(await client.ids(`Observation?code=b&patient=${String(id)}`), [answer.body.id]);
  });

  it('REST 20: Prefer decides what a write answers with', async () => {
    for (const [method, path] of [
      ['POST', 'Patient'],
      ['PUT', 'Patient/preferred'],
    ] as const) {
      const send = (prefer: string, gender: string): Promise<Answer> =>
        client.send(method, path, patient('preferred', { gender }), { prefer });
      const minimal = await send('return=minimal', 'male');
      assert.equal(minimal.status, 201);
      assert.equal(minimal.text, '');
      assert.equal(minimal.headers.get('content-type'), null);
      assert.ok(etagOf(minimal) && minimal.headers.get('location'));
      const whole = await send('return=representation; handling=strict', 'female');
      assert.equal(whole.body.resourceType, 'Patient');
      const outcome = await send('respond-async, return=OperationOutcome', 'other');
      assert.equal(outcome.body.resourceType, 'OperationOutcome');
      assert.equal(outcome.body.issue[0].severity, 'information');
      assert.equal((await send('return=nonsense', 'unknown')).body.resourceType, 'Patient');
    }
  });

  it('REST 22: an update replaces the resource of the URL, whose id the body must have', async () => {
    const { id } = await created(patient('x', { gender: 'male', active: true }));
    const path = `Patient/${String(id)}`;
    const answer = await client.send('PUT', path, patient(id, { gender: 'female' }));
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('location'), null);
    assert.equal(etagOf(answer), 'W/"2"');
    assert.equal(answer.body.active, undefined);
    assert.equal((await client.get(path)).text, answer.text);
    assert.equal((await client.get(`${path}/_history/1`)).body.gender, 'male');
    const { id: _id, ...without } = patient(id) as any;
    for (const body of [without, patient('other'), { ...patient(id), resourceType: 'Observation' }]) {
      const refused = await client.send('PUT', path, body);
      assert.equal(refused.status, 400);
      assert.equal(code(refused), 'invalid-resource');
    }
    assert.equal((await client.get(path)).body.meta.versionId, '2');
  });

  it('REST 22: an update of an id that is new creates it, and brings back what was deleted', async () => {
    const first = await client.send('PUT', 'Patient/chosen', patient('chosen'));
    assert.equal(first.status, 201);
    assert.equal(first.headers.get('location'), `${server.base}/Patient/chosen/_history/1`);
    assert.equal((await client.remove('Patient/chosen')).status, 204);
    const again = await client.send('PUT', 'Patient/chosen', patient('chosen', { gender: 'male' }));
    assert.equal(again.status, 201);
    assert.equal(again.body.meta.versionId, '3');
    assert.equal((await client.get('Patient/chosen/_history/2')).status, 410);
    const { entry } = (await client.get('Patient/chosen/_history')).body;
    assert.deepEqual(
      entry.map(({ request, response }: any) => `${String(request.method)} ${String(response.status)}`),
      ['PUT 201 Created', 'DELETE 204 No Content', 'POST 201 Created'],
    );
  });

  it('REST 22: an update that changes nothing keeps the version', async () => {
    await client.send('PUT', 'Patient/still', patient('still'));
    const again = await client.send('PUT', 'Patient/still', patient('still'));
    assert.equal(again.status, 200);
    assert.equal(etagOf(again), 'W/"1"');
  });

  it('REST 57: tags and security labels stay when an update does not name them; profiles are as sent', async () => {
    const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }];
    const tag = [{ system: 'urn:x', code: 'a' }];
    await client.send('PUT', 'Patient/labelled', patient('labelled', { meta: { security, tag, profile: ['urn:p'] } }));
    const more = [{ system: 'urn:x', code: 'b' }];
    const { body } = await client.send('PUT', 'Patient/labelled', patient('labelled', { meta: { tag: more } }));
    assert.deepEqual(body.meta.security, security);
    assert.deepEqual(
      body.meta.tag.filter(({ system }: any) => system === 'urn:x'),
      [...more, ...tag],
    );
    assert.equal(body.meta.profile, undefined);
  });

  it('REST 23: If-Match lets the version that it names be replaced, and no other', async () => {
    const { id } = await created(patient('x'));
    const path = `Patient/${String(id)}`;
    const put = (ifMatch: string, gender: string): Promise<Answer> =>
      client.send('PUT', path, patient(id, { gender }), { 'if-match': ifMatch });
    assert.equal((await put('W/"1"', 'male')).status, 200);
    for (const stale of ['W/"1"', 'W/"9"', '"x"', 'W/"1", W/"9"']) {
      const answer = await put(stale, 'other');
      assert.equal(answer.status, 412, stale);
      assert.equal(code(answer), 'version-conflict');
    }
    for (const wrong of ['1', 'W/1', 'W/"1', 'nonsense, W/"2"']) {
      const answer = await put(wrong, 'other');
      assert.equal(answer.status, 400, wrong);
      assert.equal(code(answer), 'invalid-header');
    }
    assert.equal((await put('W/"1", W/"2"', 'female')).status, 200);
    assert.equal((await put('*', 'male')).status, 200);
    assert.equal((await client.get(path)).body.meta.versionId, '4');
    assert.equal((await client.remove(path, { 'if-match': 'W/"3"' })).status, 412);
    assert.equal((await client.remove(path, { 'if-match': 'W/"4"' })).status, 204);
    assert.equal((await client.send('PUT', path, patient(id), { 'if-match': 'W/"4"' })).status, 412);
    assert.equal((await client.send('PUT', 'Patient/no', patient('no'), { 'if-match': '*' })).status, 412);
    assert.equal((await client.get('Patient/no')).status, 404);
  });

  it('REST 23: If-None-Match: * wants to be the first', async () => {
    const first = { 'if-none-match': '*' };
    assert.equal((await client.send('PUT', 'Patient/first', patient('first'), first)).status, 201);
    assert.equal((await client.send('PUT', 'Patient/first', patient('first'), first)).status, 412);
  });

  it('REST 10, 24: a delete is 204, again and for what never was; then a read is 410 and no search finds it', async () => {
    const { id } = await created(observation('x', { code: coded('urn:x', 'deleted') }));
    const path = `Observation/${String(id)}`;
    assert.equal((await client.ids('Observation?code=deleted')).length, 1);
    for (let count = 0; count < 2; count++) {
      const answer = await client.remove(path);
      assert.equal(answer.status, 204);
      assert.equal(answer.headers.get('content-type'), null);
    }
    const gone = await client.get(path);
    assert.equal(gone.status, 410);
    assert.equal(etagOf(gone), 'W/"2"');
    assert.deepEqual(await client.ids('Observation?code=deleted'), []);
    assert.equal((await client.get(`${path}/_history/1`)).status, 200);
    assert.equal((await client.remove('Observation/never')).status, 204);
    assert.equal((await client.get('Observation/never')).status, 404);
  });

  it('REST 32: a write takes no parameters that it would ignore', async () => {
    for (const [method, path] of [
      ['POST', 'Patient?x=1'],
      ['PUT', 'Patient/p?x=1'],
      ['DELETE', 'Patient/p?x=1'],
    ] as const)
      assert.equal((await client.send(method, path, patient('p'))).status, 400, path);
    assert.equal((await client.send('POST', 'Patient?_format=json&_pretty=true', patient('p'))).status, 201);
    assert.equal((await client.send('POST', 'Patient?_format=ttl', patient('p'))).status, 406);
  });

  it('REST 58: of updates at the same time with the same If-Match exactly one succeeds', async () => {
    const { id } = await created(patient('x'));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        client.send('PUT', `Patient/${String(id)}`, patient(id, { name: [{ family: `n${String(index)}` }] }), {
          'if-match': 'W/"1"',
        }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array.from({ length: 19 }, () => 412)]);
    assert.equal((await client.get(`Patient/${String(id)}`)).body.meta.versionId, '2');
  });

  it('REST 23: updates at the same time without If-Match all succeed, or are told to try again', async () => {
    const { id } = await created(patient('x'));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        client.send('PUT', `Patient/${String(id)}`, patient(id, { name: [{ family: `n${String(index)}` }] })),
      ),
    );
    for (const { status } of answers) assert.ok(status === 200 || status === 409, String(status));
    const done = answers.filter(({ status }) => status === 200).length;
    assert.ok(done > 0);
    assert.equal((await client.get(`Patient/${String(id)}`)).body.meta.versionId, String(done + 1));
  });

  it('REST 58: of updates at the same time that create an id, one creates it', async () => {
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        client.send('PUT', 'Patient/raced', patient('raced', { name: [{ family: `n${String(index)}` }] })),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const { status } of answers) assert.ok([200, 201, 409].includes(status), String(status));
  });

  it('REST 61: the audit event of a write is there with the write, and once', async () => {
    const requestId = randomUUID();
    const { id } = await created(observation('x', { subject: { reference: 'Patient/chosen' } }), {
      'x-request-id': requestId,
    });
    const row = async (): Promise<any[]> =>
      server.portico.own.objects(`select * from audit where request_id = '${requestId}'`, []);
    const [event, ...more] = await row();
    assert.deepEqual(more, []);
    const { action, interaction, entity, status, patient_id: patientId, organization_id: tenant } = event;
    assert.deepEqual(
      [action, interaction, entity, status, patientId, tenant],
      ['C', 'create', `Observation/${String(id)}`, 201, 'chosen', TENANT],
    );
    await server.portico.trail.flush();
    assert.equal((await row()).length, 1);
    assert.notEqual((await row())[0].hash, null, 'and it has its link');
    const [version] = await server.portico.own.objects(`select * from history where id = '${String(id)}'`, []);
    assert.equal(version?.['credential_id'], event.credential_id);
  });

  it('THREAT 38: an id is an organization’s own: writing it elsewhere touches nothing', async () => {
    const other = await server.client(undefined, OTHER_TENANT);
    await client.send('PUT', 'Patient/same', patient('same', { gender: 'male' }));
    assert.equal((await other.send('PUT', 'Patient/same', patient('same', { gender: 'female' }))).status, 201);
    assert.equal((await client.get('Patient/same')).body.gender, 'male');
    assert.equal((await other.remove('Patient/same')).status, 204);
    assert.equal((await client.get('Patient/same')).status, 200);
    const stale = await other.send('PUT', 'Patient/chosen', patient('chosen'), { 'if-match': 'W/"3"' });
    assert.equal(stale.status, 412);
  });

  it('REST 55: a type that is only read takes no writes', async () => {
    const named = await server.client('system/AuditEvent.cruds system/*.cruds').catch(() => undefined);
    const asking = named ?? client;
    for (const [method, path] of [
      ['PUT', 'AuditEvent/x'],
      ['DELETE', 'AuditEvent/x'],
      ['POST', 'AuditEvent'],
    ] as const) {
      const answer = await asking.send(method, path, { resourceType: 'AuditEvent', id: 'x' });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers.get('allow'), 'GET, HEAD, OPTIONS');
    }
    assert.equal((await client.send('POST', 'Nothing', { resourceType: 'Nothing' })).status, 404);
    assert.equal((await client.send('PUT', 'Condition/1', { resourceType: 'Condition', id: '1' })).status, 404);
  });
});
