import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOrg } from '../../src/auth/orgs.js';
import { demoPatients } from '../../src/dev/demo/patients.js';
import { demoEhr } from '../../src/dev/demo-ehr.js';
import { demoPulsara } from '../../src/dev/demo-pulsara.js';
import { playCases } from '../../src/dev/upstream/play.js';
import { Upstream } from '../../src/dev/upstream/server.js';
import { listEvents } from '../../src/pulsara/inbox.js';
import { Ehr } from '../../src/watch/ehr.js';
import { Folder } from '../../src/watch/folder.js';
import { Upstream as Watched } from '../../src/watch/upstream.js';
import { Watch } from '../../src/watch/watch.js';
import { Client } from '../support/client.js';
import { csn, channelOf, mrn } from '../support/inbound.js';
import { freePort, start, type Server } from '../support/server.js';
import { until } from '../support/until.js';

const RIVERSIDE = 'org_riverside';

describe('the Pulsara to develop against', () => {
  let server: Server;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    await createOrg(server.portico.own, RIVERSIDE, 'Riverside', Date.now());
  });
  after(() => server.stop());

  it('the demo: a known case is filed, an unknown one gets a patient, a doubtful one is held, and one is closed', async () => {
    const known = [...demoPatients()].filter(({ organization }) => organization === RIVERSIDE).slice(0, 10);
    await server.save(
      known.map(({ resource: { managingOrganization: _of, generalPractitioner: _by, ...patient } }) => patient),
      RIVERSIDE,
    );
    const { portico } = server;
    const config = { ...portico.config, port: (await freePort()) - 1 };
    const pulsara = await demoPulsara(portico, config, undefined);
    assert.deepEqual(await demoPulsara(portico, config, pulsara), pulsara, 'it is kept for the next start');
    const said: string[] = [];
    const demo = await playCases(pulsara, (line) => said.push(line), 0.02);
    const outcomes = async () =>
      (await listEvents(portico.own, RIVERSIDE, pulsara.integration)).map(({ outcome }) => outcome).reverse();
    await until(async () => (await outcomes()).filter((each) => each !== undefined).length === 4);
    assert.deepEqual(await outcomes(), ['filed', 'filed', 'held', 'filed']);
    assert.equal(said.length, 4);
    await demo.stop();
    const client = await server.client('system/*.rs', RIVERSIDE);
    const { body } = await client.get('DocumentReference?patient=p-001');
    assert.deepEqual(body.entry.map(({ resource }: any) => resource.docStatus).sort(), ['final', 'preliminary']);

    // What README begins with: the summary of the closed case, in a folder and in the record of the other system.
    const { fhirUrl, clientId, clientSecret } = await demoEhr(portico, undefined);
    const { secret: token } = await server.credential({ tenant: RIVERSIDE, kind: 'org', scopeCeiling: 'apiv2' });
    const folder = mkdtempSync(join(tmpdir(), 'portico-demo-'));
    const lines: string[] = [];
    const watch = new Watch({
      upstream: new Watched(server.url, token),
      folder: await Folder.open(folder),
      ehr: new Ehr(fhirUrl, `${clientId}:${clientSecret}`),
      lookBackHours: 24,
      say: (line) => lines.push(line),
    });
    assert.deepEqual(await watch.look(), { failed: 0 });
    const files = readdirSync(folder).filter((name) => name.endsWith('.pdf'));
    assert.equal(files.length, 1);
    assert.match(lines.join('\n'), /^([\w-]+): \1\S*\.pdf\n\1: DocumentReference\/\S+$/);
    const ehr = await Client.login(server.url, { id: clientId, secret: clientSecret });
    const filed = await ehr.get('DocumentReference?patient=ehr-1');
    assert.equal(filed.body.entry.length, 1);
    rmSync(folder, { recursive: true });
  });

  it('PULSARA 5, 6, 7: it asks for a token and for application/pdf, tells no value, and tells of a change alone', async () => {
    const upstream = await Upstream.start({ token: 'a token' });
    const bodies: string[] = [];
    upstream.notify = (body) => {
      bodies.push(body);
      return Promise.resolve(202);
    };
    upstream.put(channelOf('c'));
    await upstream.identify('c', mrn('4410207'));
    await upstream.identify('c', mrn('4410208'));
    assert.equal(await upstream.identify('c', mrn('4410208')), undefined);
    await upstream.identify('c', csn('V1'));
    assert.deepEqual(
      bodies.map((body) => (JSON.parse(body) as { event: string }).event.split('.').at(-1)),
      ['created', 'updated', 'created'],
    );
    assert.doesNotMatch(bodies.join(), /4410207|4410208|"V1"/);
    const ask = async (path: string, headers: Record<string, string>): Promise<number> =>
      (await fetch(`${upstream.url}/api/v1/patient-channels${path}`, { headers })).status;
    const key = { 'x-api-key': 'a token' };
    assert.deepEqual(
      await Promise.all([
        ask('/c', {}),
        ask('/c', key),
        ask('', { authorization: 'Bearer a token' }),
        ask('/c/summary', { ...key, accept: '*/*' }),
        ask('/c/summary', { ...key, accept: 'application/pdf' }),
        ask('/other', key),
      ]),
      [401, 200, 200, 406, 200, 404],
    );
    await upstream.stop();
  });
});
