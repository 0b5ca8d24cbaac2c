import type { Job } from '../../jobs/job.js';
import { listDead, listJobs } from '../../jobs/list.js';
import type { Database } from '../../store/database.js';
import { QUEUE, type Delivery } from '../../webhooks/deliver.js';
import type { Webhook } from '../../webhooks/webhook.js';
import { Code, PostForm, Table, Time } from '../layout.js';

export interface Deliveries {
  /** The last hundred. */
  readonly latest: readonly Job[];
  /** What was given up, as far as it is not among them. */
  readonly dead: readonly Job[];
}

export async function deliveriesOf(own: Database, { tenant, id }: Pick<Webhook, 'tenant' | 'id'>): Promise<Deliveries> {
  const of = { tenant, queue: QUEUE, under: id };
  const latest = await listJobs(own, of);
  const oldest = latest.at(-1)?.sequence ?? 0;
  return { latest, dead: (await listDead(own, of)).filter(({ sequence }) => sequence < oldest) };
}

export const DeliveryLog = ({ webhook, latest, dead }: Deliveries & { webhook: string }) => (
  <>
    {dead.length > 0 && (
      <>
        <h2>Given up before</h2>
        <Rows label="Deliveries that were given up before" webhook={webhook} deliveries={dead} />
      </>
    )}
    <h2>Deliveries</h2>
    {latest.length === 0 ? (
      <p class="card empty">Nothing was to be sent yet.</p>
    ) : (
      <Rows label="Deliveries" webhook={webhook} deliveries={latest} />
    )}
  </>
);

const STATES = { waiting: 'waits', running: 'is sent', done: 'delivered', dead: 'given up' } as const;

const Rows = (props: { label: string; webhook: string; deliveries: readonly Job[] }) => (
  <Table label={props.label} heads={['When', 'Event', 'State', 'Attempts', 'Last failure', 'Next attempt', 'Again']}>
    {props.deliveries.map(({ id, payload, createdAt, state, attempts, reason, dueAt }) => (
      <tr key={id}>
        <td class="when">
          <Time at={createdAt} />
        </td>
        <td>
          <Code text={(payload as Delivery).event.event} />
        </td>
        <td>
          <span class={state === 'dead' ? 'badge off' : 'badge'}>{STATES[state]}</span>
        </td>
        <td>{String(attempts)}</td>
        <td>{reason === undefined ? '' : failureOf(reason)}</td>
        <td>{state === 'waiting' && <Time at={dueAt} />}</td>
        <td class="act">
          {state === 'dead' && (
            <PostForm to={`/manager/webhooks/${props.webhook}/again`} class="inline">
              <input type="hidden" name="delivery" value={id} />
              <button class="quiet">Send again</button>
            </PostForm>
          )}
        </td>
      </tr>
    ))}
  </Table>
);

/** A status says what the receiver answered; all else is why there was no answer. */
const failureOf = (reason: string): string =>
  /^http-\d+$/.test(reason) ? `it answered HTTP ${reason.slice('http-'.length)}` : reason.replaceAll('-', ' ');
