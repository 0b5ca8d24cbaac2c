import { generateKeyPairSync } from 'node:crypto';
import type { UpstreamChannel } from '../../src/dev/upstream/channel.js';
import { Upstream } from '../../src/dev/upstream/server.js';
import type { Receiver } from '../../src/dev/upstream/webhooks.js';
import { createIntegration, type NewIntegration } from '../../src/pulsara/integration.js';
import type { SigningKey } from '../../src/pulsara/signature.js';
import { listEvents, type ReceivedEvent } from '../../src/pulsara/inbox.js';
import type { Database } from '../../src/store/database.js';
import { TENANT } from './server.js';
import { until } from './until.js';

export const MRN_SYSTEM = 'urn:oid:2.25.218437709302341178412096340586247911324';
export const CSN_SYSTEM = 'urn:oid:2.25.331502874190663241987530016248895127443';
export const TOKEN = 'a token for tests, which opens nothing';
export const SECRET = 'another secret for tests';

/** Both ends of each way to sign. */
function signing(signature: SigningKey['signature']): { key: SigningKey; sender: Receiver['key'] } {
  if (signature !== 'ed25519') {
    const sender = { secret: SECRET, timestamped: signature === 'timestamped-hmac' };
    return { key: { signature, secret: SECRET }, sender };
  }
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { key: { signature, publicKey: pem }, sender: { privateKey } };
}

export interface Connected {
  readonly id: string;
  readonly upstream: Upstream;
  /** The URL of its webhook. */
  readonly url: string;
  /** The last event of a channel, once everything about it is done. */
  settled(channel: string): Promise<ReceivedEvent>;
  stop(): Promise<void>;
}

export interface Connecting {
  readonly signature?: SigningKey['signature'];
  readonly perSecond?: number;
  readonly more?: Partial<NewIntegration>;
}

/** An upstream that tells a server of ours, and is asked by it. */
export async function connect(
  { own, url: base, secret }: { own: Database; url: string; secret: string },
  { signature = 'hmac-sha256', perSecond, more = {} }: Connecting = {},
): Promise<Connected> {
  const upstream = await Upstream.start({ token: TOKEN, ...(perSecond !== undefined && { perSecond }) });
  const { key, sender } = signing(signature);
  const integration: NewIntegration = {
    ...{ tenant: TENANT, name: 'Pulsara', upstream: upstream.url, tokenHeader: 'x-api-key', token: TOKEN, key },
    rules: { mrn: [{ category: 'MRN' }], mrnSystem: MRN_SYSTEM, csn: [{ category: 'CSN' }], csnSystem: CSN_SYSTEM },
    ...{ entity: 'riverside', messages: false, ...more },
  };
  const id = await createIntegration(own, secret, integration, Date.now());
  const url = `${base}/webhooks/pulsara/${id}`;
  upstream.tell({ url, key: sender });
  return {
    ...{ id, upstream, url },
    settled: async (channel) => {
      let found: ReceivedEvent | undefined;
      await until(async () => {
        const events = (await listEvents(own, integration.tenant, id)).filter((each) => each.channel === channel);
        found = events[0];
        return events.length > 0 && events.every(({ state }) => state === 'done' || state === 'dead');
      }, 30_000);
      return found as ReceivedEvent;
    },
    stop: () => upstream.stop(),
  };
}

/** A case of nobody: as much as a channel can say. */
export const channelOf = (id: string, more: Partial<UpstreamChannel> = {}): UpstreamChannel => ({
  id,
  status: 'active',
  started_at: '2026-03-01T20:01:00Z',
  method_of_arrival: 'INBOUND_EMS',
  patient_type: 'Stroke',
  first_name: 'Ada',
  last_name: 'Rowe',
  dob: '1958-07-14',
  gender: 'female',
  height: { value: 64, unit: 'in' },
  weight: { value: 140, unit: 'lb' },
  chief_complaint: 'Sudden weakness of the left arm',
  condition: 'red',
  acuity: { label: 'Critical', nemsis: '2207001' },
  destination: 'Riverside Hospital',
  unit: 'Medic 7',
  room: 'Resus 1',
  entities: [
    { entity_id: 'valley', role: 'ems' },
    { entity_id: 'riverside', role: 'hospital' },
  ],
  identifiers: [],
  labels: [
    { name: 'Stroke alert', type: 'alert', visibility: 'public', entity_id: 'valley' },
    { name: 'Crew debrief', visibility: 'private', entity_id: 'valley' },
    { name: 'Bed 4 kept', visibility: 'private', entity_id: 'riverside' },
  ],
  timeline: [
    { event: 'First Contact', at: '2026-03-01T20:00:00Z' },
    { event: 'Last Known Well', at: '2026-03-01T19:10:00Z' },
    { event: 'Door time', at: null },
  ],
  vital_signs: [
    {
      at: '2026-03-01T20:05:00Z',
      heart_rate: 92,
      systolic: 178,
      diastolic: 96,
      oxygen_saturation: 97,
      temperature: { value: 98.6, unit: 'degF' },
    },
    { at: '2026-03-01T20:15:00Z', heart_rate: 88, systolic: 170 },
  ],
  labs: [
    { at: '2026-03-01T20:30:00Z', test: 'Glucose', value: '132', unit: 'mg/dL', reference_range: '70-99', flag: 'H' },
    { at: '2026-03-01T20:30:00Z', test: 'Troponin I', value: '<0.01', unit: 'ng/mL' },
  ],
  team_messages: [{ id: 'm1', sent_at: '2026-03-01T20:10:00Z', sender: 'Charge nurse', text: 'CT is clear' }],
  ...more,
});

export const mrn = (value: string, id = 'idf-mrn') => ({ id, name: 'Hospital MRN', category: 'MRN', value });
export const csn = (value: string, id = 'idf-csn') => ({ id, name: 'Visit', category: 'CSN', value });
