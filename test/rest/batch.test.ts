import assert from 'node:assert/strict';
import { observation, patient } from '../search/resources.js';
import { Client } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';

const ask = (method: string, url: string, resource?: object, more: object = {}): object => ({
  ...(resource && { resource }),
  request: { method, url, ...more },
});

describe('rest: batch', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([patient('a'), patient('b'), observation('b1', { subject: { reference: 'Patient/b' } })]);
  });
  after(() => server.stop());

  async function batch(entry: object[], by: Client = client, headers: Record<string, string> = {}): Promise<any[]> {
    const answer = await by.send('POST', '', { resourceType: 'Bundle', type: 'batch', entry }, headers);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.body.type, 'batch-response');
    return answer.body.entry ?? [];
  }
  const statuses = (entries: any[]): number[] => entries.map(({ response }) => Number(response.status.slice(0, 3)));

  it('REST 47: each entry is answered for itself, in order', async () => {
    const entries = await batch([
      ask('POST', 'Patient', patient('x')),
      ask('POST', 'Patient', patient('x', { birthDate: 'never' })),
      ask('GET', 'Patient/a'),
      ask('GET', 'Patient/nobody'),
      ask('GET', 'Patient?_id=a,b'),
      ask('PUT', 'Patient/a', patient('a', { gender: 'male' }), { ifMatch: 'W/"9"' }),
      ask('DELETE', 'Observation/never'),
      ask('GET', 'Patient/b', undefined, { ifNoneMatch: 'W/"1"' }),
      ask('GET', 'Nothing/1'),
      ask('PATCH', 'Patient/b'),
      ask('GET', 'Patient/b/_history'),
      ask('POST', 'Patient/_search?_id=a'),
      ask('GET', 'metadata'),
    ]);
    assert.deepEqual(statuses(entries), [201, 400, 200, 404, 200, 412, 204, 304, 404, 400, 200, 200, 404]);
    const [made, invalid, read, unknown, found] = entries;
    assert.equal(made.response.location, `${server.base}/Patient/${String(made.resource.id)}/_history/1`);
    assert.equal(made.response.etag, 'W/"1"');
    assert.equal(invalid.response.outcome.issue[0].severity, 'error');
    assert.equal(invalid.resource, undefined);
    assert.equal(read.fullUrl, `${server.base}/Patient/a`);
    assert.equal(unknown.response.outcome.issue[0].code, 'not-found');
    assert.equal(found.resource.total, 2);
    assert.equal((await client.get(`Patient/${String(made.resource.id)}`)).status, 200);
    assert.deepEqual(await batch([]), []);
  });

  it('REST 47, 61: each entry is in the audit trail as if it had come alone, once', async () => {
    const entries = [
      ask('GET', 'Patient/a'),
      ask('GET', 'Patient/nobody'),
      ask('PUT', 'Patient/b', patient('b')),
      ask('PUT', 'Patient/b', patient('c')),
    ];
    await batch(entries, client, { 'x-request-id': 'several' });
    // The first may be under way since before.
    for (let times = 0; times < 2; times++) await server.portico.trail.flush();
    const rows = await server.portico.own.objects(`select * from audit where request_id = 'several'`, []);
    const told = rows.map((row) => `${String(row['interaction'])} ${String(row['entity'])} ${String(row['status'])}`);
    assert.deepEqual(told.sort(), [
      'batch null 200',
      'read Patient/a 200',
      'read Patient/nobody 404',
      'update Patient/b 200',
      'update Patient/b 400',
    ]);
  });

  it('REST 47: a URL may have our own base before it, or a slash, and nothing else', async () => {
    const { base, url } = server;
    const taken = ['/Patient/a', `${base}/Patient/a`, '/?_type=Patient', `${base}?_type=Patient`, '/Patient?_id=a'];
    assert.deepEqual(statuses(await batch(taken.map((each) => ask('GET', each)))), [200, 200, 200, 200, 200]);
    const refused = [
      ...[
        '//Patient/a',
        `/${base}/Patient/a`,
        `${base}//Patient/a`,
        `${base}.example/Patient/a`,
        `${base}@evil/Patient/a`,
      ],
      ...[`${url}/Patient/a`, 'http://other.example/fhir/R4/Patient/a', `${base}/../R4/Patient/a`, base, '/', ''],
    ];
    const answers = await batch(refused.map((each) => ask('GET', each)));
    assert.deepEqual(
      statuses(answers),
      refused.map(() => 400),
    );
    const [made] = await batch([ask('POST', '/Patient', patient('x')), ask('DELETE', `${base}/Observation/never`)]);
    assert.match(made.response.status, /^201/);
  });

  it('THREAT 47: an entry opens no more than it would alone', async () => {
    const pinned = await Client.login(
      server.url,
      await server.credential({ patient: 'a', scopeCeiling: 'patient/*.cruds' }),
    );
    const own = { subject: { reference: 'Patient/a' } };
    const entries = await batch(
      [
        ask('GET', 'Patient/b'),
        ask('GET', 'Observation?patient=b'),
        ask('POST', 'Observation', observation('x', { subject: { reference: 'Patient/b' } })),
        ask('PUT', 'Observation/b1', observation('b1', own)),
        ask('DELETE', 'Observation/b1'),
        ask('GET', 'http://evil.example/Patient/b'),
        ask('GET', `${server.base}/Patient/b`),
        ask('GET', 'Patient/a/../b'),
        ask('POST', 'Patient', patient('x'), { ifNoneExist: '_id=b' }),
        ask('POST', 'Observation', observation('x', own)),
        {
          ...ask('GET', 'Patient/b'),
          request: { method: 'GET', url: 'Patient/b', authorization: `Bearer ${client.token}` },
        },
      ],
      pinned,
    );
    assert.deepEqual(statuses(entries), [404, 200, 403, 404, 404, 400, 404, 400, 403, 201, 404]);
    assert.equal(entries[1].resource.total, 0);
    const other = await server.client(undefined, OTHER_TENANT);
    assert.deepEqual(statuses(await batch([ask('GET', 'Patient/a'), ask('DELETE', 'Patient/a')], other)), [404, 204]);
    assert.equal((await client.get('Patient/a')).status, 200);
    const reader = await server.client('system/Patient.r');
    assert.deepEqual(
      statuses(await batch([ask('GET', 'Patient/a'), ask('DELETE', 'Patient/a'), ask('GET', 'Patient')], reader)),
      [200, 403, 403],
    );
    assert.deepEqual(server.alarms, []);
    assert.equal((await client.ask('', { method: 'POST', anonymous: true })).status, 401);
  });
});
