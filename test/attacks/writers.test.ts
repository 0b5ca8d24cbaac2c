import assert from 'node:assert/strict';
import type { NewCredential } from '../../src/auth/store.js';
import { coded, documentReference, observation, patient } from '../search/resources.js';
import { Client, type Answer } from '../support/client.js';
import { TENANT, type Server } from '../support/server.js';
import { startRecords, to } from './records.js';

const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const code = ({ body }: Answer): string => body.issue[0].details.coding[0].code as string;
const of = (category: string, ...more: string[]): object => ({
  category: [category, ...more].map((each) => coded(CATEGORY, each)),
});

describe('attacks/writers', () => {
  let server: Server;
  let all: Client;
  /** Every way in which a credential that writes is confined to patient a. */
  const pinned = new Map<string, Client>();

  const login = async (credential: Partial<NewCredential>, scope?: string): Promise<Client> =>
    Client.login(server.url, await server.credential(credential), scope);

  before(async () => {
    server = await startRecords();
    all = await server.client();
    for (const scope of ['apiv2', 'system/*.cruds', 'patient/*.cruds', 'patient/*.cud', 'system/*.write'])
      pinned.set(scope, await login({ patient: 'a', scopeCeiling: 'apiv2 system/*.cruds' }, scope));
  });
  after(() => server.stop());

  /** Everything that is stored, but for the audit trail. */
  async function stored(): Promise<string> {
    const tables = ['patient', 'observation', 'document_reference', 'practitioner', 'organization', 'history', 'blob'];
    const texts: string[] = [];
    for (const table of tables)
      for (const row of await server.portico.own.objects(`select * from ${table}`, [])) texts.push(JSON.stringify(row));
    return texts.sort().join('\n');
  }

  it('THREAT 52: a pinned credential creates nothing outside of its patient’s record', async () => {
    const before = await stored();
    const attempts: [type: string, resource: object][] = [
      ['Observation', observation('x', { subject: to('Patient/b') })],
      ['Observation', observation('x', { subject: to(`${server.base}/Patient/b`) })],
      ['Observation', observation('x', { subject: to('Patient/b/_history/1') })],
      ['Observation', observation('x', { subject: to('Patient/a'), performer: [to('Patient/b')] })],
      ['Observation', observation('x')],
      ['Observation', observation('x', { subject: { identifier: { value: 'a' } } })],
      ['Observation', observation('x', { subject: to('Group/a') })],
      ['Patient', patient('a')],
      ['Practitioner', { resourceType: 'Practitioner', name: [{ family: 'Own' }] }],
      ['Organization', { resourceType: 'Organization', name: 'Own' }],
      ['DocumentReference', documentReference('x', { subject: to('Patient/b') })],
      ['DocumentReference', documentReference('x', { subject: to('Patient/a'), author: [to('Patient/b')] })],
    ];
    for (const [scope, client] of pinned)
      for (const [type, resource] of attempts) {
        const answer = await client.send('POST', type, resource);
        assert.equal(answer.status, 403, `${scope}: ${JSON.stringify(resource)}`);
        assert.equal(code(answer), 'insufficient-scope');
      }
    assert.equal(await stored(), before);
  });

  it('THREAT 52: what a pinned credential does not see it neither replaces, deletes nor tells from what is not there', async () => {
    const before = await stored();
    const own = { subject: to('Patient/a') };
    for (const [scope, client] of pinned) {
      const unknown = (await client.send('PUT', 'Observation/unknown', observation('unknown', own))).text;
      for (const id of ['unknown', 'b1', 'both', 'nobody', 'gone', 'theirs'])
        for (const headers of [{}, { 'if-match': 'W/"1"' }, { 'if-match': '*' }, { 'if-none-match': '*' }]) {
          const path = `Observation/${id}`;
          for (const answer of [
            await client.send('PUT', path, observation(id, own), headers),
            await client.remove(path, headers),
          ]) {
            assert.equal(answer.status, 404, `${scope}: ${id} ${JSON.stringify(headers)}`);
            assert.equal(answer.text, unknown);
            assert.equal(answer.headers.get('etag'), null);
          }
        }
      assert.equal((await client.send('PUT', 'Patient/b', patient('b'))).text, unknown);
      assert.equal((await client.remove('Patient/b')).text, unknown);
    }
    assert.equal(await stored(), before);
  });

  it('THREAT 52: a pinned credential moves nothing out of its patient’s record, and writes no directory', async () => {
    const before = await stored();
    for (const [scope, client] of pinned) {
      for (const more of [{ subject: to('Patient/b') }, {}, { subject: to('Patient/a'), performer: [to('Patient/b')] }])
        assert.equal((await client.send('PUT', 'Observation/a1', observation('a1', more))).status, 403, scope);
      assert.equal(
        (await client.send('PUT', 'Practitioner/doc', { resourceType: 'Practitioner', id: 'doc' })).status,
        403,
      );
      assert.equal((await client.remove('Practitioner/doc')).status, 403, scope);
      assert.equal((await client.remove('Organization/org')).status, 403, scope);
    }
    assert.equal(await stored(), before);
  });

  it('THREAT 53: a pinned credential refers to nothing outside of its patient’s record, and learns nothing by trying', async () => {
    const before = await stored();
    const inside = (reference: string): object => ({
      contained: [{ ...observation('in', { subject: to(reference) }) }],
      hasMember: [to('#in')],
    });
    for (const [scope, client] of pinned) {
      const texts = new Set<string>();
      for (const more of [
        { focus: [to('Patient/b')] },
        { focus: [to('Patient/unknown')] },
        inside('Patient/b'),
        inside(`${server.base}/Patient/b/_history/1`),
      ]) {
        const answer = await client.send(
          'POST',
          'Observation',
          observation('x', { subject: to('Patient/a'), ...more }),
        );
        assert.equal(answer.status, 422, `${scope}: ${JSON.stringify(more)}`);
        texts.add(answer.text);
      }
      assert.equal(texts.size, 1, 'what is hidden is refused as what does not exist');
      for (const id of ['b1', 'unknown', 'theirs', 'gone', 'nobody']) {
        const hasMember = [to(`Observation/${id}`)];
        const sent = observation('x', { subject: to('Patient/a'), hasMember });
        assert.equal((await client.send('POST', 'Observation', sent)).status, 422, `${scope}: ${id}`);
      }
      const url = (await all.get('DocumentReference/b-doc')).body.content[0].attachment.url as string;
      const content = [{ attachment: { contentType: 'text/plain', url } }];
      const borrowed = await client.send(
        'POST',
        'DocumentReference',
        documentReference('x', { subject: to('Patient/a'), content }),
      );
      assert.equal(borrowed.status, 422, scope);
    }
    assert.equal(await stored(), before);
  });

  it('THREAT 52: within its patient’s record a pinned credential writes what its scopes say', async () => {
    for (const [scope, client] of pinned) {
      const sent = observation('x', { subject: to('Patient/a'), performer: [to('Practitioner/doc')] });
      const made = await client.send('POST', 'Observation', { ...sent, hasMember: [to('Observation/a1')] });
      assert.equal(made.status, 201, `${scope}: ${made.text}`);
      const path = /Observation\/[^/]+/.exec(made.headers.get('location') ?? '')?.[0] as string;
      const id = path.slice('Observation/'.length);
      assert.equal((await client.send('PUT', path, { ...sent, id, status: 'amended' })).status, 200, scope);
      assert.equal((await client.remove(path)).status, 204, scope);
      assert.equal((await client.remove(path)).status, 204, scope);
      const [last] = await server.portico.own.objects(
        `select * from history where id = '${id}' and version = 3 and organization_id = '${TENANT}'`,
        [],
      );
      assert.equal(last?.['method'], 'DELETE');
    }
    const kept = (await all.get('Observation/a1')).body;
    const [client] = [...pinned.values()];
    const answer = await client!.send('PUT', 'Observation/a1', { ...kept, status: 'amended' });
    assert.equal(answer.status, 200, 'what others refer to in a record may stay there');
  });

  it('THREAT 52, ELATION 7: each letter of a scope is needed, and none stands for another', async () => {
    const path = 'Observation/lettered';
    const sent = observation('lettered');
    await all.send('PUT', path, sent);
    for (const letters of ['c', 'r', 'u', 'd', 's', 'rs', 'cu', 'cud', 'cruds']) {
      const client = await server.client(`system/Observation.${letters}`);
      const expected = (letter: string, status: number): number => (letters.includes(letter) ? status : 403);
      assert.equal((await client.send('POST', 'Observation', sent)).status, expected('c', 201), letters);
      assert.equal((await client.send('PUT', path, sent)).status, expected('u', 200), letters);
      assert.equal((await client.get(path)).status, expected('r', 200), letters);
      assert.equal((await client.remove('Observation/never')).status, expected('d', 204), letters);
      assert.equal((await client.send('POST', 'Patient', patient('x'))).status, 403, letters);
    }
    const read = await login({ scopeCeiling: 'apiv2' }, 'system/vitals.read');
    assert.equal((await read.send('POST', 'Observation', observation('x', of('vital-signs')))).status, 403);
    const write = await login({ scopeCeiling: 'apiv2' }, 'system/vitals.write');
    const made = await write.send('POST', 'Observation', observation('x', of('vital-signs')));
    assert.equal(made.status, 201);
    assert.equal((await write.get(/Observation\/[^/]+/.exec(made.headers.get('location') ?? '')![0])).status, 403);
  });

  it('THREAT 52: who may not read gets no body, whatever they prefer', async () => {
    const prefer = ['return=representation', 'return=OperationOutcome', 'return=minimal'];
    const blind = await server.client('system/Observation.cud');
    const partly = await server.client(`system/Observation.cud system/Observation.r?category=${CATEGORY}|laboratory`);
    for (const each of prefer)
      for (const [method, path] of [
        ['POST', 'Observation'],
        ['PUT', 'Observation/blind'],
      ] as const) {
        const answer = await blind.send(method, path, observation('blind', of('vital-signs')), { prefer: each });
        assert.ok(answer.status < 300, answer.text);
        assert.equal(answer.text, '', `${method} ${each}`);
        assert.ok(answer.headers.get('etag'));
        const other = await partly.send(method, path, observation('blind', of('vital-signs')), { prefer: each });
        assert.equal(other.text, '', `${method} ${each}`);
      }
    const shown = await partly.send('POST', 'Observation', observation('x', of('laboratory')));
    assert.equal(shown.body.resourceType, 'Observation');
  });

  for (const [kind, scope] of [
    ['a query', `system/Observation.cud?category=${CATEGORY}|vital-signs`],
    ['a query of a patient', `patient/Observation.cud?category=${CATEGORY}|vital-signs`],
    ['a native name', 'system/vitals.write'],
  ] as const)
    it(`THREAT 52: a scope with ${kind} writes what it opens, and relabels nothing into it or out of it`, async () => {
      const ceiling = 'apiv2 system/*.cruds';
      const client = await login({ scopeCeiling: ceiling, ...(kind.includes('patient') && { patient: 'a' }) }, scope);
      const own = { subject: to('Patient/a') };
      await server.save([
        observation('vital', { ...own, ...of('vital-signs') }),
        observation('lab', { ...own, ...of('laboratory') }),
        observation('none', own),
      ]);
      const before = await stored();
      for (const each of [of('laboratory'), of('laboratory', 'exam'), {}]) {
        assert.equal((await client.send('POST', 'Observation', observation('x', { ...own, ...each }))).status, 403);
        assert.equal(
          (await client.send('PUT', 'Observation/vital', observation('vital', { ...own, ...each }))).status,
          403,
        );
      }
      const unknown = (await client.remove('Observation/unknown')).text;
      for (const id of ['lab', 'none', 'unknown'])
        for (const answer of [
          await client.send('PUT', `Observation/${id}`, observation(id, { ...own, ...of('vital-signs') })),
          await client.remove(`Observation/${id}`),
        ]) {
          assert.equal(answer.status, 404, id);
          assert.equal(answer.text, unknown);
        }
      assert.equal(await stored(), before);
      // The second category has no column: it is found through the overflow index.
      for (const each of [of('vital-signs'), of('exam', 'vital-signs'), of('laboratory', 'vital-signs')]) {
        const made = await client.send('POST', 'Observation', observation('x', { ...own, ...each }));
        assert.equal(made.status, 201, `${JSON.stringify(each)} ${made.text}`);
        const sent = observation('vital', { ...own, ...each, status: 'amended' });
        assert.equal((await client.send('PUT', 'Observation/vital', sent)).status, 200);
      }
      assert.equal((await client.remove('Observation/vital')).status, 204);
    });

  it('THREAT 81: what was refused is in the audit trail too', async () => {
    const client = pinned.get('apiv2');
    const headers = { 'x-request-id': 'refused-write' };
    assert.equal((await client!.send('PUT', 'Patient/b', patient('b'), headers)).status, 404);
    await server.portico.trail.flush();
    const [row, ...more] = await server.portico.own.objects(
      `select * from audit where request_id = 'refused-write'`,
      [],
    );
    assert.deepEqual(more, []);
    assert.deepEqual([row?.['interaction'], row?.['entity'], row?.['status']], ['update', 'Patient/b', 404]);
    assert.deepEqual(server.alarms, []);
  });
});
