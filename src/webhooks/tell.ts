import type { Encounter, Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { asSystem } from '../access/narrow.js';
import type { ChannelIdentifier } from '../channel/channel.js';
import { enqueue } from '../jobs/job.js';
import type { Change, Teller } from '../outbox/dispatch.js';
import type { Registry } from '../registry.js';
import { parse } from '../search/parse.js';
import type { Database } from '../store/database.js';
import { readVersion } from '../store/history.js';
import type { PlannedStatement } from '../store/plan.js';
import type { Rows } from '../store/rows.js';
import { PATIENCE_MILLISECONDS, QUEUE, type Delivery } from './deliver.js';
import type { Data, Event, EventName } from './events.js';
import { Told, type Known } from './told.js';
import { listWebhooks, type Webhook } from './webhook.js';

export interface TellOptions {
  readonly own: Database;
  readonly rows: Rows;
  readonly registry: Registry;
  readonly base: string;
  readonly key: Buffer;
  readonly now: () => number;
  /** Something is to be delivered. */
  readonly wake: () => void;
}

/** Which events follow from a change, without their ids. */
type Said = Pick<Event, 'event' | 'data'>;

const KINDS: Readonly<Record<string, 'document' | 'observation'>> = {
  DocumentReference: 'document',
  Observation: 'observation',
};
/** Channels of one patient that are told of a number of theirs. */
const CHANNELS = '100';

/** Turns changes into deliveries for the webhooks of their organizations. */
export class Webhooks implements Teller {
  constructor(private readonly options: TellOptions) {}

  told(): void {
    this.options.wake();
  }

  async tell(changes: readonly Change[]): Promise<PlannedStatement[]> {
    const told = new Told(this.options.own, this.options.key);
    const webhooks = new Map<string, Webhook[]>();
    const plans: PlannedStatement[] = [];
    for (const change of changes) {
      const { tenant } = change;
      if (!webhooks.has(tenant)) webhooks.set(tenant, await listWebhooks(this.options.own, tenant));
      const all = webhooks.get(tenant) ?? [];
      if (all.length === 0) continue;
      const said = await this.#said(change, new Set(all.flatMap(({ events }) => events)), told);
      for (const [index, each] of said.entries()) plans.push(...(await this.#deliveries(change, index, each, all)));
    }
    return [...plans, ...(await told.statements())];
  }

  #deliveries(
    change: Change,
    index: number,
    { event, data }: Said,
    all: readonly Webhook[],
  ): Promise<PlannedStatement[]> {
    const { tenant, sequence, at, patient, type, id } = change;
    const name = createHash('sha256')
      .update(JSON.stringify([tenant, sequence, event, data]))
      .digest('hex');
    const whole: Event = {
      id: `evt_${name.slice(0, 32)}`,
      event,
      created_at: new Date(at).toISOString(),
      sequence: sequence * 1000 + index,
      data,
    };
    const { own, now } = this.options;
    return Promise.all(
      all
        .filter(({ events }) => events.includes(event as EventName))
        .map((webhook) => {
          const payload: Delivery = { webhook: webhook.id, event: whole };
          const ordering = `${webhook.id} ${patient ?? `${type}/${id}`}`;
          const of = { queue: QUEUE, id: `${whole.id}.${webhook.id}`, tenant, listedUnder: webhook.id };
          const job = { ...of, ordering, payload, patienceMilliseconds: PATIENCE_MILLISECONDS };
          return enqueue(own, job, now());
        }),
    );
  }

  async #said(change: Change, wanted: ReadonlySet<EventName>, told: Told): Promise<Said[]> {
    const said: Said[] = [];
    const { type, id, method } = change;
    const done = method === 'POST' ? 'created' : method === 'DELETE' ? 'deleted' : 'updated';
    const kind = KINDS[type];
    if (kind && wanted.has(`${kind}.${done}`)) {
      const channel = await this.#channelOf(change);
      const data: Data = { ...(channel !== undefined && { patient_channel: { id: channel } }), [kind]: { id } };
      said.push({ event: `${kind}.${done}`, data });
    }
    if (type === 'Encounter') said.push(...(await this.#ofChannel(change, done)));
    const numbers =
      wanted.has('patient_channel.identifier.created') || wanted.has('patient_channel.identifier.updated');
    if (numbers && method !== 'DELETE') said.push(...(await this.#ofIdentifiers(change, told)));
    return said.filter(({ event }) => wanted.has(event as EventName));
  }

  async #ofChannel(change: Change, done: 'created' | 'updated' | 'deleted'): Promise<Said[]> {
    const data = { patient_channel: { id: change.id } };
    const said: Said[] = [{ event: `patient_channel.${done}`, data }];
    if (done === 'deleted') return said;
    const [now, before] = [await this.#version<Encounter>(change, 0), await this.#version<Encounter>(change, 1)];
    if (isStopped(now) && !isStopped(before)) said.push({ event: 'patient_channel.stopped', data });
    return said;
  }

  async #ofIdentifiers(change: Change, told: Told): Promise<Said[]> {
    if (change.type === 'Encounter') {
      const encounter = await this.#read<Encounter>(change.tenant, 'Encounter', change.id);
      if (!encounter) return [];
      const patient = await this.#patientOf(change.tenant, encounter);
      const before = async (): Promise<Known> => {
        const previous = await this.#version<Encounter>(change, 1);
        return previous ? told.hashes(previous, patient) : {};
      };
      return identifierEvents(encounter, await told.changes(change.tenant, encounter, patient, before));
    }
    // A patient who is new has no channel yet, or one whose own change tells of it.
    if (change.type !== 'Patient' || change.method === 'POST') return [];
    const patient = await this.#read<Patient>(change.tenant, 'Patient', change.id);
    if (!patient) return [];
    const previous = await this.#version<Patient>(change, 1);
    const said: Said[] = [];
    for (const encounter of await this.#channelsOf(change)) {
      const before = async (): Promise<Known> => told.hashes(encounter, previous);
      said.push(...identifierEvents(encounter, await told.changes(change.tenant, encounter, patient, before)));
    }
    return said;
  }

  async #channelsOf({ tenant, id }: Change): Promise<Encounter[]> {
    const { registry, rows, base, now } = this.options;
    const encounters = registry.get('Encounter');
    if (!encounters) return [];
    const pairs = [
      ['patient', `Patient/${id}`],
      ['_count', CHANNELS],
    ] as const;
    const search = parse(encounters, pairs, { registry, base, handling: 'strict', now: now() });
    const { entries } = await rows.find(encounters, search, asSystem(tenant, 'webhooks'));
    return entries.map(({ text }) => JSON.parse(text) as Encounter);
  }

  async #channelOf({ tenant, type, id }: Change): Promise<string | undefined> {
    const resource = await this.#read<{
      encounter?: { reference?: string };
      context?: { encounter?: { reference?: string }[] };
    }>(tenant, type, id);
    const reference = resource?.encounter?.reference ?? resource?.context?.encounter?.[0]?.reference;
    return /^Encounter\/([A-Za-z0-9\-.]{1,64})$/.exec(reference ?? '')?.[1];
  }

  async #patientOf(tenant: string, { subject }: Encounter): Promise<Patient | undefined> {
    const id = /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(subject?.reference ?? '')?.[1];
    return id === undefined ? undefined : this.#read<Patient>(tenant, 'Patient', id);
  }

  async #read<T>(tenant: string, type: string, id: string): Promise<T | undefined> {
    const resource = this.options.registry.get(type);
    const entry = resource && (await this.options.rows.read(resource, id, asSystem(tenant, 'webhooks')));
    return entry && (JSON.parse(entry.text) as T);
  }

  /** The version that was written, or so many before it; a deletion says nothing. */
  async #version<T>({ tenant, type, id, version }: Change, back: number): Promise<T | undefined> {
    if (version - back < 1) return undefined;
    const found = await readVersion(this.options.own, { tenant, type, id }, version - back);
    return found?.body === undefined ? undefined : (JSON.parse(found.body) as T);
  }
}

const isStopped = (encounter: Encounter | undefined): boolean =>
  encounter?.status === 'finished' || encounter?.status === 'cancelled';

function identifierEvents(
  { id: channel = '' }: Encounter,
  { created, updated }: { created: readonly ChannelIdentifier[]; updated: readonly ChannelIdentifier[] },
): Said[] {
  const said =
    (event: 'created' | 'updated') =>
    (identifier: ChannelIdentifier): Said => {
      const { id, category, value } = identifier;
      // A name that was typed may hold the number.
      const name = identifier.name.includes(value) ? category : identifier.name;
      return {
        event: `patient_channel.identifier.${event}`,
        data: { patient_channel: { id: channel }, identifier: { id, name, category } },
      };
    };
  return [...created.map(said('created')), ...updated.map(said('updated'))];
}
