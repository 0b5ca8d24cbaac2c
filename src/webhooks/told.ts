import type { Encounter, Patient } from '@medplum/fhirtypes';
import { createHmac } from 'node:crypto';
import { identifiersOf, type ChannelIdentifier } from '../channel/channel.js';
import type { Database } from '../store/database.js';
import { statement } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';

/** The identifiers of a channel by their ids, with a keyed hash of each value. */
export type Known = Readonly<Record<string, string>>;

const read = statement<{ tenant: string; channel: string }>((knex, $) =>
  knex('channel_told')
    .where({ organization_id: $('tenant'), channel_id: $('channel') })
    .select('identifiers'),
);

const insert = statement<Record<string, unknown>>((knex, $) =>
  knex('channel_told').insert({
    organization_id: $('tenant'),
    channel_id: $('channel'),
    identifiers: $('identifiers'),
  }),
);

const update = statement<Record<string, unknown>>((knex, $) =>
  knex('channel_told')
    .where({ organization_id: $('tenant'), channel_id: $('channel'), identifiers: $('before') })
    .update({ identifiers: $('identifiers') }),
);

/**
 * What was told of the identifiers of channels, for one batch of changes: an identifier that is new is told once as
 * created, and another value of it once as updated, whichever of the resources it stands in was written (PULSARA 7).
 */
export class Told {
  readonly #stored = new Map<string, string | undefined>();
  readonly #now = new Map<string, { tenant: string; channel: string; known: Known }>();

  constructor(
    private readonly db: Database,
    private readonly key: Buffer,
  ) {}

  hashes(encounter: Encounter, patient: Patient | undefined): Known {
    return Object.fromEntries(
      identifiersOf(encounter, patient).map(({ id, value }) => [
        id,
        createHmac('sha256', this.key).update(`${id} ${value}`).digest('base64url'),
      ]),
    );
  }

  /** `before` says what the channel had, where nothing was told of it yet. */
  async changes(
    tenant: string,
    encounter: Encounter,
    patient: Patient | undefined,
    before: () => Promise<Known>,
  ): Promise<{ created: ChannelIdentifier[]; updated: ChannelIdentifier[] }> {
    const channel = encounter.id ?? '';
    const key = `${tenant} ${channel}`;
    if (!this.#stored.has(key))
      this.#stored.set(key, (await read.first(this.db, { tenant, channel }))?.['identifiers'] as string | undefined);
    const stored = this.#stored.get(key);
    const known = this.#now.get(key)?.known ?? (stored === undefined ? await before() : (JSON.parse(stored) as Known));
    const now = this.hashes(encounter, patient);
    this.#now.set(key, { tenant, channel, known: now });
    const all = identifiersOf(encounter, patient);
    return {
      created: all.filter(({ id }) => known[id] === undefined),
      updated: all.filter(({ id }) => known[id] !== undefined && known[id] !== now[id]),
    };
  }

  /** Fails where another process told something of the same channel at the same time. */
  async statements(): Promise<PlannedStatement[]> {
    const plans: PlannedStatement[] = [];
    for (const [key, { tenant, channel, known }] of this.#now) {
      const before = this.#stored.get(key);
      const identifiers = JSON.stringify(known);
      if (before === identifiers) continue;
      const row = { tenant, channel, identifiers, before: before ?? null };
      plans.push(await (before === undefined ? insert : update).plan(this.db, row, 1));
    }
    return plans;
  }
}
