import assert from 'node:assert/strict';
import { enqueue } from '../../src/jobs/job.js';
import { createWebhook, webhookKey } from '../../src/webhooks/webhook.js';
import { adminPages, patientPages, type Pages } from '../support/pages.js';
import { start, TENANT, type Server } from '../support/server.js';

const PATIENTS = 10_000;
/** Of the patient whose pages are opened. */
const DOCUMENTS = 60;
const EVENTS = 12_000;
const DELIVERIES = 10_000;
const MILLISECONDS = 30;
const TIMES = 15;

const named = (number: number) => ({
  ...{ resourceType: 'Patient', id: `p${String(number)}`, birthDate: `19${String(10 + (number % 90))}-01-02` },
  name: [{ given: [`Given${String(number % 100)}`], family: `Family${String(number % 1000)}` }],
});
const measured = (number: number) => ({
  ...{ resourceType: 'Observation', id: `o${String(number)}`, status: 'final' },
  ...{ code: { text: `Measure ${String(number % 12)}` }, subject: { reference: 'Patient/p1' } },
  ...{ effectiveDateTime: new Date(Date.UTC(2026, 0, 1, number)).toISOString() },
  valueQuantity: { value: 60 + (number % 7), unit: 'mm' },
});
const summary = (number: number) => ({
  ...{ resourceType: 'DocumentReference', id: `d${String(number)}`, status: 'current', type: { text: 'Summary' } },
  ...{ subject: { reference: 'Patient/p1' }, date: new Date(Date.UTC(2026, 0, 1, number)).toISOString() },
  content: [{ attachment: { contentType: 'application/pdf', url: `https://elsewhere.example/${String(number)}` } }],
});
const said = (number: number) => ({
  ...{ resourceType: 'Communication', id: `c${String(number)}`, status: 'completed' },
  ...{ subject: { reference: 'Patient/p1' }, sent: new Date(Date.UTC(2026, 0, 1, number)).toISOString() },
  payload: [{ contentString: 'A message of the usual length, as people write them.' }],
});

describe('portal/speed', function () {
  this.timeout(180_000);
  let server: Server;
  let patient: Pages;
  let admin: Pages;
  let webhook = '';

  before(async () => {
    server = await start();
    const numbers = [...Array(PATIENTS).keys()];
    await server.save(numbers.map(named));
    await server.save([...numbers.slice(0, 400).map(measured), ...numbers.slice(0, 60).map(said)]);
    await server.save([...Array(DOCUMENTS).keys()].map(summary));
    patient = await patientPages(server, 'p1');
    admin = await adminPages(server);
    await work();
  });

  /** What a year leaves behind: an audit trail, and a webhook among others whose deliveries were mostly taken. */
  async function work(): Promise<void> {
    const { own, trail, now } = server.portico;
    for (let event = 0; event < EVENTS; event++) {
      const patients = [`p${String(event % 2 === 0 ? 1 : event)}`];
      const read = {
        interaction: 'read',
        action: 'R',
        type: 'Observation',
        status: 200,
        credentialKind: 'client',
      } as const;
      await trail.record({
        ...read,
        at: now() - event * 60_000,
        tenant: TENANT,
        requestId: `r${String(event)}`,
        patients,
      });
    }
    await trail.flush();
    const made = { tenant: TENANT, name: 'Engine', url: 'https://engine.example/', events: ['document.created'] };
    const options = { outbound: { allowLoopback: false }, now: now() };
    webhook = (await createWebhook(own, webhookKey(server.portico.secret), { ...made, scheme: 'hmac' }, options)).id;
    const jobs = await Promise.all(
      [...Array(DELIVERIES).keys()].map((number) => {
        const under = number % 10 === 0 ? webhook : `wh_${String(number % 10)}`;
        const event = { id: 'evt_1', event: 'document.created', created_at: '', sequence: number, data: {} };
        const job = { queue: 'webhook', id: String(number), tenant: TENANT, listedUnder: under };
        return enqueue(own, { ...job, payload: { webhook: under, event } }, now());
      }),
    );
    await own.commit({ statements: jobs });
    const knex = await own.knex();
    await knex('job').update({ state: 'done', due_at: null, finished_at: now() });
    await knex('job').where('sequence', '<', 500).update({ state: 'dead', reason: 'http-500' });
  }
  after(() => server.stop());

  /**
   * What half of the requests need of this process, the client's part included: processor time, which is the same on a
   * machine that has other work to do.
   */
  async function median(pages: Pages, path: string): Promise<number> {
    const times: number[] = [];
    for (let count = 0; count < TIMES; count++) {
      const before = process.cpuUsage();
      assert.equal((await pages.get(path)).status, 200, path);
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
    }
    return times.sort((one, other) => one - other)[(TIMES - 1) / 2] as number;
  }

  it('serves every page in under 30 ms with 10,000 patients', async () => {
    const lines: string[] = [];
    for (const path of ['/portal', '/portal/keys', '/portal/log', '/portal/account'])
      lines.push(`${path} ${(await median(patient, path)).toFixed(1)}`);
    for (const path of [
      'tokens',
      'tokens/new',
      'users',
      'patients?q=family7',
      'patients?q=given9+family99',
      'patients/p1',
      'audit',
      'audit?what=login',
      'audit?patient=p1',
      'audit?who=nobody',
      'webhooks',
      `webhooks/${webhook}`,
      'integrations',
      'status',
    ])
      lines.push(`/manager/${path} ${(await median(admin, `/manager/${path}`)).toFixed(1)}`);
    process.stdout.write(`    milliseconds: ${lines.join(', ')}\n`);
    assert.deepEqual(
      lines.filter((line) => Number(line.split(' ').at(-1)) >= MILLISECONDS),
      [],
    );
  });
});
