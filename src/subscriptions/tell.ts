import type { Subscription } from '@medplum/fhirtypes';
import { asSystem, type Access } from '../access/narrow.js';
import { enqueue } from '../jobs/job.js';
import type { Change, Teller } from '../outbox/dispatch.js';
import type { Database } from '../store/database.js';
import type { PlannedStatement } from '../store/plan.js';
import { PATIENCE_MILLISECONDS, QUEUE, type SubscriptionJob } from './deliver.js';
import { planEvent } from './event.js';
import { seen, type LiveAccess, type SeenOptions } from './seen.js';
import { liveStates, planCount, planForget, type State } from './state.js';
import { readable, type Terms } from './terms.js';

export interface TellOptions extends SeenOptions {
  readonly own: Database;
  readonly access: LiveAccess;
  readonly wake: () => void;
}

interface Known {
  readonly state: State;
  readonly terms: Terms;
  readonly access: Access | undefined;
  count: number;
}

/** Turns changes into events of the subscriptions that they concern. */
export class Subscriptions implements Teller {
  constructor(private readonly options: TellOptions) {}

  told(): void {
    this.options.wake();
  }

  async tell(changes: readonly Change[]): Promise<PlannedStatement[]> {
    const { own } = this.options;
    const known = new Map<string, Known[]>();
    const plans: PlannedStatement[] = [];
    for (const change of changes) {
      const { tenant, type, id, method } = change;
      if (type === 'Subscription') {
        plans.push(...(method === 'DELETE' ? await planForget(own, tenant, id) : [await this.#handshake(change)]));
        continue;
      }
      if (method === 'DELETE') continue;
      if (!known.has(tenant)) known.set(tenant, await this.#of(tenant));
      for (const each of known.get(tenant) ?? [])
        if (each.terms.resource.type === type) plans.push(...(await this.#event(change, each)));
    }
    for (const { state, count } of [...known.values()].flat())
      if (count !== state.events) plans.push(await planCount(own, state, count));
    return plans;
  }

  /** Whatever was written: whether there is anything to ask the endpoint is seen when it is done. */
  #handshake({ tenant, id, version }: Change): Promise<PlannedStatement> {
    const payload: SubscriptionJob = { kind: 'handshake', subscription: id, version };
    const job = { queue: QUEUE, id: `${tenant} ${id} handshake ${String(version)}`, tenant, payload };
    return enqueue(this.options.own, { ...job, ordering: `${tenant} ${id}` }, this.options.now());
  }

  async #event({ tenant, type, id, method, at }: Change, known: Known): Promise<PlannedStatement[]> {
    const { own, now } = this.options;
    const { state, terms, access } = known;
    if (!access || !(await seen(this.options, access, terms, id))) return [];
    const number = ++known.count;
    const event = { number, type, id, method: method === 'POST' ? 'POST' : 'PUT', at } as const;
    const payload: SubscriptionJob = { kind: 'event', subscription: state.id, number };
    const job = { queue: QUEUE, id: `${tenant} ${state.id} event ${String(number)}`, tenant, payload };
    const ordering = `${tenant} ${state.id}`;
    return [
      await planEvent(own, tenant, state.id, event),
      await enqueue(own, { ...job, ordering, patienceMilliseconds: PATIENCE_MILLISECONDS }, now()),
    ];
  }

  /** The live subscriptions of an organization, with what each may see now. */
  async #of(tenant: string): Promise<Known[]> {
    const { own, rows, registry, base, access, now } = this.options;
    const resource = registry.get('Subscription');
    const states = resource ? await liveStates(own, tenant, now()) : [];
    const found: Known[] = [];
    for (const state of states) {
      const entry = resource && (await rows.read(resource, state.id, asSystem(tenant, 'subscriptions')));
      const terms = entry && readable(JSON.parse(entry.text) as Subscription, registry, base);
      if (!terms) continue;
      const opened = await access(tenant, state.credential, state.scopes);
      found.push({ state, terms, access: opened, count: state.events });
    }
    return found;
  }
}
