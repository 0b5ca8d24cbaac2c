import assert from 'node:assert/strict';
import { codeOf } from '../search/describe-search.js';
import { observation, patient } from '../search/resources.js';
import { startRecords, to } from '../attacks/records.js';
import { matches, type Client } from '../support/client.js';
import type { Server } from '../support/server.js';

describe('rest/search: the compartment of a patient', () => {
  let server: Server;
  let client: Client;
  let portal: Client;

  before(async () => {
    server = await startRecords();
    await server.save([
      patient('linked', { link: [{ other: to('Patient/a'), type: 'seealso' }] }),
      observation('a2', { subject: to('Patient/a'), effectiveDateTime: '2024-01-02' }),
      observation('a3', { subject: to('Patient/a'), effectiveDateTime: '2024-01-03' }),
      observation('second', { subject: to('Patient/b'), performer: [to('Practitioner/doc'), to('Patient/a')] }),
    ]);
    client = await server.client();
    portal = await server.portal('a');
  });
  after(() => server.stop());

  const ids = async (who: Client, path: string): Promise<string> => {
    const { status, body, text } = await who.get(path);
    assert.equal(status, 200, `${path} ${text}`);
    return matches(body)
      .map(({ id }) => id as string)
      .sort()
      .join(' ');
  };

  it('REST 30: finds what names the patient, by whichever parameter of the compartment', async () => {
    for (const [path, found] of [
      ['Patient/a/Observation', 'a1 a2 a3 both second'],
      ['Patient/b/Observation', 'b1 both second'],
      ['Patient/a/DocumentReference', 'a-doc both-doc'],
      ['Patient/b/DocumentReference', 'b-doc both-doc'],
      ['Patient/b/Communication', 'to-b'],
      ['Patient/b/Encounter', 'b-visit'],
      ['Patient/a/Encounter', ''],
      ['Patient/a/Patient', 'a linked'],
      ['Patient/nobody/Observation', ''],
      ['Patient/a/Observation?date=ge2024-01-03', 'a3'],
      ['Patient/a/Observation?_id=a1,b1', 'a1'],
      ['Patient/a/Observation?subject=Patient/b', 'second'],
      ['Patient/a/Observation?patient._id=a&date=2024-01-02', 'a2'],
    ] as const)
      assert.equal(await ids(client, path), found, path);
    const { body } = await client.ask('Patient/a/Observation/_search', {
      method: 'POST',
      body: 'date=2024-01-02',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assert.equal(body.total, 1);
    assert.match(body.link[0].url, /\/Patient\/a\/Observation\?date=2024-01-02&/);
  });

  it('REST 47: it is an entry of a batch like any other search, narrowed alike', async () => {
    const entry = ['Patient/a/Observation', 'Patient/b/Observation', '?_type=Patient', 'Patient/b/*'].map((url) => ({
      request: { method: 'GET', url },
    }));
    const bundle = { resourceType: 'Bundle', type: 'batch', entry };
    const { body, text } = await portal.send('POST', '', bundle);
    assert.equal(body.type, 'batch-response', text);
    const totals = body.entry.map(({ resource, response }: any) => (response.status === '200 OK' ? resource.total : 0));
    assert.deepEqual(totals, [3, 0, 1, 0]);
  });

  it('REST 41: its pages stay in the compartment', async () => {
    const { body } = await client.get('Patient/a/Observation?_count=2&_sort=_id');
    const next = body.link.find((each: any) => each.relation === 'next').url as string;
    assert.match(next, /\/Patient\/a\/Observation\?_cursor=/);
    assert.equal(await ids(client, next), 'a3 both');
    assert.equal(await ids(client, 'Patient/a/Observation?_count=2&_sort=_id&_cursor=last'), 'both second');
    // The link of one patient is none of another's.
    const moved = next.replace('/Patient/a/', '/Patient/b/');
    assert.equal(codeOf((await client.get(moved)).body), 'invalid-cursor');
    assert.equal(codeOf((await client.get(next.replace('Patient/a/', ''))).body), 'invalid-cursor');
  });

  it('THREAT 42: a key of one patient finds nothing in the compartment of another', async () => {
    assert.equal(await ids(portal, 'Patient/a/Observation'), 'a1 a2 a3');
    for (const path of [
      'Patient/b/Observation',
      'Patient/b/Encounter',
      'Patient/b/Patient',
      'Patient/none/Observation',
    ])
      for (const more of ['', '?_summary=count', '?_total=accurate&_count=1', '?_include=*', '?_cursor=last']) {
        const { status, body } = await portal.get(`${path}${more}`);
        assert.equal(status, 200);
        assert.equal(body.entry, undefined, `${path}${more}`);
        if (more !== '?_cursor=last') assert.equal(body.total, 0, `${path}${more}`);
      }
    assert.deepEqual(server.alarms, []);
  });

  it('REST 44: it needs the scope of the type that is searched', async () => {
    const only = await server.client('system/Observation.s');
    assert.equal(await ids(only, 'Patient/b/Observation'), 'b1 both second');
    assert.equal((await only.get('Patient/b/Encounter')).status, 403);
  });

  it('REST 7: what is no compartment, or not in it, is 404', async () => {
    for (const path of [
      'Patient/a/Practitioner',
      'Patient/a/Organization',
      'Patient/a/Nonsense',
      'Patient/a/observation',
      'Encounter/b-visit/Observation',
      'Patient/a_b/Observation',
      'Patient/a/Observation/a1',
    ])
      assert.equal((await client.get(path)).status, 404, path);
    assert.equal((await client.ask('Patient/a/Observation', { method: 'POST' })).status, 405);
    assert.equal((await client.get('Patient/a/Observation?nonsense=x')).status, 400);
  });

  it('records whose compartment was searched', async () => {
    await server.portico.trail.flush();
    const { body } = await client.get('AuditEvent?_count=500');
    const named = body.entry.map(({ resource }: any) => resource.entity?.[0]?.what?.reference as string);
    assert.ok(named.includes('Patient/a'));
    assert.ok(!named.includes('Observation/a'));
  });
});
