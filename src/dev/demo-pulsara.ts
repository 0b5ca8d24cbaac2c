import { randomBytes } from 'node:crypto';
import type { Config } from '../config.js';
import type { Portico } from '../main.js';
import { createIntegration, readIntegration } from '../pulsara/integration.js';
import { SYSTEMS } from './demo/coding.js';
import { DEMO_PATIENT } from './demo/index.js';

/** Both ends of the demo's Pulsara: what signs its webhooks, and what opens its API. */
export interface DemoPulsara {
  readonly integration: string;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
  readonly upstreamUrl: string;
  readonly upstreamToken: string;
}

const tenant = DEMO_PATIENT.organization;

/** Beside the server, on the next port. */
const urlOf = ({ port }: Config): string => `http://127.0.0.1:${String(port + 1)}`;

/** The integration of the file while it is there and its upstream is where it was; else a new one. */
export async function demoPulsara(
  { own, secret, now }: Portico,
  config: Config,
  known: DemoPulsara | undefined,
): Promise<DemoPulsara> {
  const upstream = urlOf(config);
  const there = known && (await readIntegration(own, tenant, known.integration));
  if (there?.active && there.upstream === upstream && known) return known;
  const [webhookSecret, upstreamToken] = [random(), random()];
  const integration = await createIntegration(
    own,
    secret,
    {
      ...{ tenant, name: 'Demo Pulsara', upstream, tokenHeader: 'x-api-key', token: upstreamToken },
      key: { signature: 'hmac-sha256', secret: webhookSecret },
      rules: {
        ...{ mrn: [{ category: 'MRN' }], mrnSystem: SYSTEMS.riversideRecord },
        ...{ csn: [{ category: 'CSN' }], csnSystem: SYSTEMS.riversideVisit },
      },
      ...{ entity: 'riverside', messages: true },
    },
    now(),
  );
  const webhookUrl = `${config.baseUrl}/webhooks/pulsara/${integration}`;
  return { integration, webhookUrl, webhookSecret, upstreamUrl: upstream, upstreamToken };
}

const random = (): string => randomBytes(24).toString('base64url');
