import { Client as FhirClient } from 'fhir-kit-client';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requestToken } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { until } from '../support/until.js';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';

/** An EHR that knows FHIR and nothing of Portico: it subscribes, hears of a summary, fetches and files it. */
describe('conformance: an EHR that subscribes', () => {
  let server: Server;
  let ehr: FhirClient;
  const filed = new Map<string, Buffer>();
  const faults: unknown[] = [];
  const endpoint = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(200).end();
      hear(JSON.parse(Buffer.concat(chunks).toString('utf8'))).catch((error: unknown) => faults.push(error));
    });
  });

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const credential = await server.credential({ scopeCeiling: 'system/*.rs system/Subscription.cruds' });
    ehr = new FhirClient({ baseUrl: server.base });
    ehr.bearerToken = (await requestToken(server.url, credential)).body.access_token;
  });
  after(async () => {
    endpoint.closeAllConnections();
    endpoint.close();
    await server.stop();
  });

  async function hear(bundle: any): Promise<void> {
    const [status, ...entries] = bundle.entry;
    const type = status.resource.parameter.find(({ name }: any) => name === 'type').valueCode;
    if (type !== 'event-notification') return;
    for (const { fullUrl } of entries) {
      const document: any = await ehr.request(fullUrl as string);
      const binary: any = await ehr.request(document.content[0].attachment.url as string);
      filed.set(document.id as string, Buffer.from(binary.data as string, 'base64'));
    }
  }

  it('learns of a new summary by subscription and files it within two seconds', async () => {
    const { port } = endpoint.address() as AddressInfo;
    const body: any = {
      ...{ resourceType: 'Subscription', status: 'requested', reason: 'New summaries' },
      criteria: `${server.base}/SubscriptionTopic/document-reference`,
      _criteria: {
        extension: [
          {
            url: `${BACKPORT}backport-filter-criteria`,
            valueString: 'DocumentReference?type=http://loinc.org|67796-3',
          },
        ],
      },
      channel: {
        ...{ type: 'rest-hook', endpoint: `http://127.0.0.1:${String(port)}/`, payload: 'application/fhir+json' },
        _payload: { extension: [{ url: `${BACKPORT}backport-payload-content`, valueCode: 'id-only' }] },
      },
    };
    const subscription: any = await ehr.create({ resourceType: 'Subscription', body });
    const status = async () => ((await ehr.read({ resourceType: 'Subscription', id: subscription.id })) as any).status;
    await until(async () => (await status()) === 'active');
    const document = (id: string, code: string) => ({
      ...{ resourceType: 'DocumentReference', id, status: 'current', subject: { reference: 'Patient/p1' } },
      type: { coding: [{ system: 'http://loinc.org', code }] },
      content: [{ attachment: { contentType: 'application/pdf', data: Buffer.from(`%PDF-${id}`).toString('base64') } }],
    });
    const began = performance.now();
    await server.save([document('psr', '67796-3'), document('letter', '51852-2')]);
    await until(() => filed.size > 0 || faults.length > 0);
    assert.deepEqual(faults, []);
    assert.ok(performance.now() - began < 2000, `${String(performance.now() - began)} ms`);
    assert.deepEqual(
      [...filed].map(([id, bytes]) => `${id} ${bytes.toString('utf8')}`),
      ['psr %PDF-psr'],
    );
  });
});
