import assert from 'node:assert/strict';
import type { Bundle, Encounter, Patient } from '@medplum/fhirtypes';
import { heldCases } from '../../src/pulsara/case.js';
import { decide } from '../../src/pulsara/decide.js';
import type { Client } from '../support/client.js';
import { channelOf, connect, csn, CSN_SYSTEM, mrn, MRN_SYSTEM, type Connected } from '../support/inbound.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { until } from '../support/until.js';

describe('pulsara: cases that are not filed before somebody decides', () => {
  let server: Server;
  let client: Client;
  let pulsara: Connected;
  let options: Parameters<typeof decide>[0];

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    const { portico } = server;
    pulsara = await connect({ own: portico.own, secret: portico.secret, url: server.url });
    client = await server.client('system/*.cruds');
    options = { ...portico, writer: portico.writer! };
    const person = (id: string, value: string, family: string, birthDate: string) => ({
      ...{ resourceType: 'Patient', id, birthDate },
      identifier: [{ system: MRN_SYSTEM, value }],
      name: [{ family, given: ['Ada'] }],
    });
    await server.save([
      person('p-name', '1', 'Lund', '1958-07-14'),
      person('p-born', '2', 'Rowe', '1985-07-14'),
      person('p-twin-1', '3', 'Rowe', '1958-07-14'),
      person('p-twin-2', '3', 'Rowe', '1958-07-14'),
      person('p-first', '4', 'Rowe', '1958-07-14'),
      person('p-second', '5', 'Rowe', '1958-07-14'),
      person('p-visit', '6', 'Lund', '1958-07-14'),
      {
        ...{ resourceType: 'Encounter', id: 'visit', status: 'in-progress', class: { code: 'EMER' } },
        identifier: [{ system: CSN_SYSTEM, value: 'V6' }],
        subject: { reference: 'Patient/p-visit' },
      },
    ]);
  });
  after(async () => {
    await pulsara.stop();
    await server.stop();
  });

  const held = async (channel: string) =>
    (await heldCases(server.portico.own, TENANT)).find((each) => each.channel === channel);
  const encounters = async (channel: string): Promise<Encounter[]> => {
    const { body } = await client.get(`Encounter?identifier=${server.base}/ids/pulsara/channel|${channel}`);
    return ((body as Bundle).entry ?? []).map(({ resource }) => resource as Encounter);
  };
  const arrive = async (channel: string, identifier: ReturnType<typeof mrn>): Promise<string | undefined> => {
    pulsara.upstream.put(channelOf(channel));
    await pulsara.upstream.identify(channel, identifier);
    return (await pulsara.settled(channel)).outcome;
  };
  const deciding = async (channel: string, patient: string | undefined) => {
    const { question } = (await held(channel))!.held!;
    return { tenant: TENANT, integration: pulsara.id, channel, question, patient, by: 'user' };
  };

  it('a record number with another name, another birth date or two patients is never merged silently', async () => {
    for (const [channel, identifier, doubts, candidates] of [
      ['h-name', mrn('1'), ['name'], ['p-name']],
      ['h-born', mrn('2'), ['birth-date'], ['p-born']],
      ['h-twins', mrn('3'), ['several'], ['p-twin-1', 'p-twin-2']],
      ['h-visit', csn('V6'), ['name'], ['p-visit']],
    ] as const) {
      assert.equal(await arrive(channel, identifier), 'held', channel);
      const waits = (await held(channel))!.held!;
      assert.deepEqual([waits.doubts, [...waits.candidates].sort()], [doubts, candidates]);
      assert.equal(waits.pdf.subarray(0, 5).toString(), '%PDF-');
      assert.deepEqual(await encounters(channel), [], 'nothing of it is in the record');
    }
    assert.equal((await client.get('DocumentReference?_summary=count')).body.total, 0);
  });

  it('THREAT 38: is shown to its own organization, and decided by nobody else', async () => {
    assert.deepEqual(await heldCases(server.portico.own, OTHER_TENANT), []);
    const foreign = { ...(await deciding('h-name', 'p-name')), tenant: OTHER_TENANT };
    await assert.rejects(decide(options, foreign), { status: 404 });
    await assert.rejects(decide(options, await deciding('h-name', 'p-born')), { status: 400 });
  });

  it('is filed under the patient that was chosen, and the same question is not asked again', async () => {
    assert.equal(await decide(options, await deciding('h-name', 'p-name')), true);
    const [encounter] = await encounters('h-name');
    assert.equal(encounter!.subject?.reference, 'Patient/p-name');
    assert.equal((await pulsara.settled('h-name')).outcome, 'filed');
    const { body } = await client.get(`DocumentReference?encounter=Encounter/${encounter!.id!}`);
    assert.equal(body.entry[0].resource.subject.reference, 'Patient/p-name');
    assert.equal(((await client.get('Patient/p-name')).body as Patient).name?.[0]?.family, 'Lund');
    const { upstream } = pulsara;
    upstream.put({ ...upstream.read('h-name'), chief_complaint: 'Better by now' });
    await upstream.notify(upstream.event('updated', 'h-name', mrn('')));
    assert.equal((await pulsara.settled('h-name')).outcome, 'filed');
    assert.equal((await encounters('h-name'))[0]!.reasonCode?.[0]?.text, 'Better by now');
    // Another name is another question.
    upstream.put({ ...upstream.read('h-name'), last_name: 'Hale' });
    await upstream.notify(upstream.event('updated', 'h-name', mrn('')));
    assert.equal((await pulsara.settled('h-name')).outcome, 'held');
  });

  it('is filed nowhere when it was rejected, however often it comes', async () => {
    assert.equal(await decide(options, await deciding('h-born', undefined)), true);
    assert.equal((await pulsara.settled('h-born')).outcome, 'rejected');
    const { upstream } = pulsara;
    await upstream.notify(upstream.event('updated', 'h-born', mrn('')));
    assert.equal((await pulsara.settled('h-born')).outcome, 'rejected');
    assert.deepEqual(await encounters('h-born'), []);
    assert.equal(await held('h-born'), undefined);
  });

  it('is not filed by a decision about something else: the case or the patient changed since', async () => {
    const looked = await deciding('h-twins', 'p-twin-1');
    pulsara.upstream.put({ ...pulsara.upstream.read('h-twins'), first_name: 'Ida' });
    await pulsara.upstream.notify(pulsara.upstream.event('updated', 'h-twins', mrn('')));
    await pulsara.settled('h-twins');
    assert.equal(await decide(options, looked), false);
    const again = await deciding('h-twins', 'p-twin-2');
    assert.equal((await client.remove('Patient/p-twin-1')).status, 204);
    assert.equal(await decide(options, again), false, 'there is another question by now');
    await until(async () => (await held('h-twins'))?.held?.doubts[0] === 'name');
    assert.equal(await decide(options, await deciding('h-twins', 'p-twin-2')), true);
    assert.equal((await encounters('h-twins'))[0]!.subject?.reference, 'Patient/p-twin-2');
  });

  it('a case that is filed moves to another patient only when somebody says so, and then whole', async () => {
    assert.equal(await arrive('h-moved', mrn('4')), 'filed');
    await pulsara.upstream.identify('h-moved', mrn('5'));
    assert.equal((await pulsara.settled('h-moved')).outcome, 'held');
    assert.equal((await encounters('h-moved'))[0]!.subject?.reference, 'Patient/p-first');
    const { doubts, candidates } = (await held('h-moved'))!.held!;
    assert.deepEqual([doubts, [...candidates].sort()], [['moved'], ['p-first', 'p-second']]);
    assert.equal(await decide(options, await deciding('h-moved', 'p-second')), true);
    for (const type of ['Encounter', 'Observation', 'DocumentReference']) {
      const left = (await client.get(`${type}?subject=Patient/p-first&_summary=count`)).body.total as number;
      const moved = (await client.get(`${type}?subject=Patient/p-second&_summary=count`)).body.total as number;
      assert.ok(left === 0 && moved > 0, type);
    }
    const { body } = await client.get('DocumentReference?subject=Patient/p-second&status=superseded');
    const { url } = (body.entry[0].resource as { content: { attachment: { url: string } }[] }).content[0]!.attachment;
    const key = await server.portal('p-first');
    assert.equal((await key.get(url)).status, 404, 'the bytes went with it');
  });

  it('of two cases with a new record number at once there is one patient', async () => {
    const { upstream } = pulsara;
    for (const channel of ['h-a', 'h-b', 'h-c'])
      upstream.put(channelOf(channel, { identifiers: [mrn('77', channel)] }));
    await Promise.all(
      ['h-a', 'h-b', 'h-c'].map((channel) => upstream.notify(upstream.event('created', channel, mrn('', channel)))),
    );
    for (const channel of ['h-a', 'h-b', 'h-c']) assert.equal((await pulsara.settled(channel)).outcome, 'filed');
    assert.equal((await client.ids(`Patient?identifier=${MRN_SYSTEM}|77`)).length, 1);
    // What the one says of the patient now others lean on.
    const [patient] = await client.ids(`Patient?identifier=${MRN_SYSTEM}|77`);
    for (const channel of ['h-a', 'h-b', 'h-c']) {
      upstream.put({ ...upstream.read(channel), last_name: 'Hale' });
      await upstream.notify(upstream.event('updated', channel, mrn('', channel)));
      assert.equal((await pulsara.settled(channel)).outcome, 'held');
    }
    assert.equal(((await client.get(`Patient/${patient!}`)).body as Patient).name?.[0]?.family, 'Rowe');
  });
});
